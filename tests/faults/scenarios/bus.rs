//! The event bus: away, frozen, cut off from some, forgetful, or saying things twice.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use chatapp_bus::{Bus, NatsBus, NatsConfig, NatsUser, subject};
use chatapp_testkit::{Cluster, Flow};
use futures::FutureExt as _;

use crate::Chance;
use crate::checker::Invariant;
use crate::connection::Connection;
use crate::run::Run;
use crate::scenario::{NEVER, REPLICAS, SERVERS, Scenario};
use crate::wire::LosesEvents;

/// Until the log is asked instead of a bus that is silent: promised are 2 s; then heads are compared twice a second.
const BY_THE_LOG: Duration = Duration::from_secs(2);
/// Until the loss of a last event is noticed.
const LAST_NOTICED: Duration = Duration::from_secs(10);

pub(crate) const ALL: &[Scenario] = &[
    Scenario {
        name: "bus-restart",
        about: "the bus is killed and comes back empty",
        forms: SERVERS,
        quick: REPLICAS,
        plan: |_| {},
        fault: |run| restart(run).boxed(),
    },
    Scenario {
        name: "bus-frozen",
        about: "the bus stands still: sends go on, and delivery goes on by the log, blocks included",
        forms: SERVERS,
        quick: REPLICAS,
        plan: |_| {},
        fault: |run| frozen(run).boxed(),
    },
    Scenario {
        name: "bus-cut",
        about: "a gateway or a publisher is cut off from the bus, both ways or one way",
        forms: SERVERS,
        quick: REPLICAS,
        plan: |plan| plan.linked = true,
        fault: |run| cut(run).boxed(),
    },
    Scenario {
        name: "two-relays",
        about: "both publishers are cut off from the bus, then both publish what was left",
        forms: SERVERS,
        quick: NEVER,
        plan: |plan| plan.linked = true,
        fault: |run| two_relays(run).boxed(),
    },
    Scenario {
        name: "bus-lossy",
        about: "events of rooms are lost on the way to the bus, some of all",
        forms: SERVERS,
        quick: REPLICAS,
        plan: |plan| plan.linked = true,
        fault: |run| lossy(run).boxed(),
    },
    Scenario {
        name: "last-event-lost",
        about: "a room's last event is lost and nothing follows: noticed all the same",
        forms: SERVERS,
        quick: REPLICAS,
        plan: |plan| plan.linked = true,
        fault: |run| last_lost(run).boxed(),
    },
    Scenario {
        name: "bus-repeats",
        about: "events come again, late and in another order",
        forms: SERVERS,
        quick: REPLICAS,
        plan: |_| {},
        fault: |run| repeats(run).boxed(),
    },
];

async fn restart(run: &mut Run) {
    for _ in 0..run.times(2, 8) {
        run.pause(200..800).await;
        run.stage.cluster().bus.kill();
        run.tally.kills += 1;
        run.pause(300..3_500).await;
        run.stage.cluster().bus.run().await;
    }
}

async fn frozen(run: &mut Run) {
    run.stage.cluster().bus.freeze();
    run.tally.others += 1;
    let from = run.journal.now();
    tokio::time::sleep(run.seconds(6, 30)).await;
    let to = run.journal.now();
    run.stage.cluster().bus.thaw();
    tokio::time::sleep(BY_THE_LOG).await;
    // What was sent after the silence was noticed, before it ended.
    run.expect_delivery(from + BY_THE_LOG, to, BY_THE_LOG);
}

async fn cut(run: &mut Run) {
    for _ in 0..run.times(4, 16) {
        run.pause(100..500).await;
        let (service, number) = (*run.chance.pick(&["gateway", "messages", "rooms", "auth"]), run.chance.index(2));
        let flows = [(Flow::Hold, Flow::Hold), (Flow::Hold, Flow::Pass), (Flow::Pass, Flow::Hold)];
        let (up, down) = *run.chance.pick(&flows);
        run.stage.cluster().link(service, number, "bus").flow(up, down);
        run.tally.partitions += 1;
        run.pause(500..4_000).await;
        let cut = run.chance.one_in(2);
        let link = run.stage.cluster().link(service, number, "bus");
        link.heal();
        if cut {
            link.cut();
        }
    }
}

async fn two_relays(run: &mut Run) {
    for _ in 0..run.times(1, 4) {
        for (service, number) in [("messages", 0), ("messages", 1), ("rooms", 0), ("rooms", 1)] {
            run.stage.cluster().link(service, number, "bus").refuse();
        }
        run.tally.partitions += 4;
        run.pause(5_000..8_000).await;
        for (service, number) in [("messages", 0), ("messages", 1), ("rooms", 0), ("rooms", 1)] {
            run.stage.cluster().link(service, number, "bus").heal();
        }
        run.pause(1_000..2_000).await;
    }
}

/// Makes every publisher lose events of rooms while `losing` is set, one in `one_in`.
fn lose_events(run: &mut Run, losing: &Arc<AtomicBool>, one_in: u64) {
    for (service, number) in [("messages", 0), ("messages", 1), ("rooms", 0), ("rooms", 1)] {
        let (losing, seed) = (losing.clone(), run.chance.draw());
        let link = run.stage.cluster().link(service, number, "bus");
        link.filter(move || {
            let mut events = LosesEvents::new(losing.clone(), Chance::new(seed), one_in);
            Box::new(move |piece| events.pass(piece))
        });
        link.cut();
    }
}

async fn lossy(run: &mut Run) {
    let losing = Arc::new(AtomicBool::new(true));
    lose_events(run, &losing, 5);
    run.tally.partitions += 4;
    tokio::time::sleep(run.seconds(5, 60)).await;
    losing.store(false, Ordering::SeqCst);
}

async fn last_lost(run: &mut Run) {
    let losing = Arc::new(AtomicBool::new(false));
    lose_events(run, &losing, 1);
    // Until the publishers have connected again.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (owner, member) = (run.crowd.owner.clone(), run.crowd.members[2].clone());
    for _ in 0..run.times(1, 5) {
        let room = owner.public_room("quiet").await;
        member.join(&room).await;
        let url = run.stage.cluster().url(1);
        let mut live = Connection::open(&url, &member.token).await.expect("a connection");
        live.send(&serde_json::json!({"op": "subscribe", "room_id": room, "after": 0})).await;
        wait_for(&mut live, |frame| frame["ev"] == "caught_up").await;
        losing.store(true, Ordering::SeqCst);
        let posted = crate::outcome::post(&owner, &room, uuid::Uuid::now_v7(), "the last one").await;
        let begun = Instant::now();
        let heard = tokio::time::timeout(LAST_NOTICED * 2, wait_for(&mut live, |frame| frame["seq"] == 3)).await;
        losing.store(false, Ordering::SeqCst);
        run.tally.partitions += 1;
        if !matches!(heard, Ok(true)) || begun.elapsed() > LAST_NOTICED {
            let what = format!("the last message ({posted:?}) came after {:.1?}, if at all", begun.elapsed());
            run.object(Invariant::WholeView, what);
        }
    }
}

/// Reads frames until one is `it`; false when the connection ends before.
async fn wait_for(live: &mut Connection, it: impl Fn(&serde_json::Value) -> bool) -> bool {
    while let Some(frame) = live.next().await {
        if it(&frame) {
            return true;
        }
    }
    false
}

/// The bus with a service's rights.
async fn bus_of(run: &mut Run, service: &str) -> NatsBus {
    let servers = run.stage.cluster().bus.url().parse().expect("a URL");
    let mut password_file = tempfile::NamedTempFile::new().expect("a file");
    password_file.write_all(Cluster::password(service).as_bytes()).expect("a password file");
    let user = NatsUser { name: service.to_owned(), password_file: password_file.path().to_owned() };
    let config = NatsConfig { servers, user: Some(user), ca_file: None, name: "faults".to_owned() };
    NatsBus::connect(&config).await.expect("a bus")
}

/// Says every event of the rooms again, late, some twice, none in order, with a publisher's rights.
async fn repeats(run: &mut Run) {
    let (ear, mouth) = (bus_of(run, "gateway").await, Arc::new(bus_of(run, "messages").await));
    let mut repeating = Vec::new();
    for room in run.crowd.rooms.clone() {
        let subject = subject::room(&room);
        let mut heard = ear.subscribe(&subject).await.expect("a subscription");
        let (mouth, mut chance) = (mouth.clone(), run.chance.fork());
        repeating.push(tokio::spawn(async move {
            let mut known: Vec<Bytes> = Vec::new();
            while let Some(event) = heard.recv().await {
                // What it says itself it hears too: only what is new is kept, and one in three is said again.
                if !known.contains(&event.payload) {
                    known.push(event.payload);
                }
                if chance.one_in(3) {
                    tokio::time::sleep(chance.millis(0..200)).await;
                    mouth.publish(&subject, chance.pick(&known).clone());
                }
            }
        }));
    }
    run.tally.others += 1;
    tokio::time::sleep(run.seconds(5, 60)).await;
    repeating.iter().for_each(tokio::task::JoinHandle::abort);
}
