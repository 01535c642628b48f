//! Two gateways, a bus and a log in one process whose time is paused: days of bad luck in seconds.
//!
//! Everything that the gateways are made of is here (sockets, conversations, replays, the hub); what they depend on is
//! played by [`world`] and [`bus`], which lose, repeat, delay and refuse as a seed decides. Clients resume, repeat their
//! sends under the same key, hang up and stop reading. After the storm everyone must have everything, once and in order,
//! and nobody anything from a time in which they were out.
//!
//! The clock is tokio's, paused: it jumps to the next moment at which anything happens, on one thread. A simulated network
//! under the real HTTP and NATS clients (turmoil) would replace their sockets, and the crates that own them do not let it;
//! here the seams are the traits that the gateway depends on anyway. A seed decides everything but the order in which
//! `select!` looks at what is ready at the same moment, which tokio draws itself; so a seed that has found something is
//! played some times over.
//!
//! `SIMULATION_SEEDS=100000 cargo test -p chatapp-gateway --lib storm -- --nocapture` plays for hours;
//! `SIMULATION_FIRST=4711` begins at a seed.
#![allow(clippy::unwrap_used)]

mod bus;
mod chance;
mod client;
mod gateways;
mod world;

use std::sync::Arc;
use std::time::Duration;

use chance::Chance;
use client::Client;
use gateways::Gateways;
use world::World;

/// Seeds that are played for every change.
const SEEDS: u64 = 60;
/// The storm.
const STORM: Duration = Duration::from_secs(25);
/// Traffic goes on so long after it.
const AFTERMATH: Duration = Duration::from_secs(4);
/// Everything is whole so long after it: heads are compared every 5 s, clients come back within 2 s.
const CALM: Duration = Duration::from_secs(12);

/// What a run came to.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    entries: u64,
    acks: usize,
    unknown: usize,
    restarts: u64,
    blocks: u64,
}

async fn play(seed: u64) -> Tally {
    let mut chance = Chance::new(seed);
    let world = Arc::new(World::new(chance.fork()));
    let gateways = Arc::new(Gateways::start(&world, &mut chance));
    let clients: Vec<_> = world
        .users()
        .into_iter()
        .map(|user| Client::new(user, world.clone(), gateways.clone(), chance.fork()))
        .collect();
    let views: Vec<_> = clients.iter().map(Client::seen).collect();
    let playing: Vec<_> = clients.into_iter().map(|client| tokio::spawn(client.run())).collect();
    let (restarts, blocks) = storm(&world, &gateways, &mut chance).await;
    world.heal();
    tokio::time::sleep(AFTERMATH).await;
    world.hush();
    tokio::time::sleep(CALM).await;
    for task in &playing {
        assert!(!task.is_finished(), "seed {seed}: a client has objected");
    }
    let mut tally = Tally { restarts, blocks, ..Tally::default() };
    for view in views {
        let view = view.lock().unwrap();
        tally.acks += view.acks.len();
        tally.unknown += view.unknown;
        world.check(&view, seed);
    }
    tally.entries = world.count();
    playing.iter().for_each(tokio::task::JoinHandle::abort);
    gateways.end();
    tally
}

/// Breaks things at random until the time is over.
async fn storm(world: &Arc<World>, gateways: &Arc<Gateways>, chance: &mut Chance) -> (u64, u64) {
    let end = tokio::time::Instant::now() + STORM;
    let (mut restarts, mut blocks) = (0, 0);
    while tokio::time::Instant::now() < end {
        tokio::time::sleep(chance.millis(50..1_500)).await;
        match chance.below(6) {
            0 => {
                restarts += 1;
                gateways.restart(chance.below(2) == 0);
            }
            1 | 2 => {
                blocks += 1;
                world.put_out_for(chance.millis(20..2_000));
            }
            3 => world.bus().trouble(chance),
            4 => world.log_away_for(chance.millis(100..6_000)),
            _ => world.slow_for(chance.millis(100..2_000)),
        }
    }
    (restarts, blocks)
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
#[allow(clippy::print_stdout)]
fn after_any_storm_everyone_has_everything_once_and_nobody_what_was_not_theirs() {
    let first = number("SIMULATION_FIRST").unwrap_or(1);
    let mut sum = Tally::default();
    for seed in first..first + number("SIMULATION_SEEDS").unwrap_or(SEEDS) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let played = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| runtime.block_on(play(seed))));
        let Ok(tally) = played else { panic!("SIMULATION_FIRST={seed} SIMULATION_SEEDS=1 plays it again") };
        sum.entries += tally.entries;
        sum.acks += tally.acks;
        sum.unknown += tally.unknown;
        sum.restarts += tally.restarts;
        sum.blocks += tally.blocks;
    }
    println!("{sum:?}");
    assert!(sum.acks > 0 && sum.blocks > 0 && sum.restarts > 0, "{sum:?}: nothing happened");
}
