//! Any story of losses, doublings and disorder ends with every entry, once and in order.

use proptest::prelude::*;

use super::*;

/// What may happen to the next committed entry, and what happens besides.
#[derive(Clone, Debug)]
enum Mishap {
    Published,
    Lost,
    Doubled,
    /// Published after so many others.
    Late(usize),
    /// The log is away, or back.
    Log(bool),
    /// Time passes.
    Pause(u64),
    /// Somebody else comes and reads from the beginning.
    Newcomer,
}

fn mishap() -> impl Strategy<Value = Mishap> {
    prop_oneof![
        6 => Just(Mishap::Published),
        2 => Just(Mishap::Lost),
        2 => Just(Mishap::Doubled),
        2 => (1_usize..6).prop_map(Mishap::Late),
        1 => any::<bool>().prop_map(Mishap::Log),
        2 => (0_u64..200).prop_map(Mishap::Pause),
        1 => Just(Mishap::Newcomer),
    ]
}

async fn tell(story: Vec<Mishap>) -> Vec<(u64, Vec<u64>)> {
    let scene = Scene::new();
    let mut ears = vec![(0, Listening::new("first"))];
    let mut subscriptions = vec![scene.listen(&ears[0].1).await];
    let mut late: Vec<(usize, Entry)> = Vec::new();
    for mishap in story {
        match mishap {
            Mishap::Published => scene.post("text"),
            Mishap::Lost => drop(scene.commit("lost")),
            Mishap::Doubled => {
                let entry = scene.commit("doubled");
                scene.publish(&entry);
                scene.publish(&entry);
            }
            Mishap::Late(by) => {
                let entry = scene.commit("late");
                late.push((by, entry));
            }
            Mishap::Log(away) => scene.log.away.store(away, Ordering::SeqCst),
            Mishap::Pause(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
            Mishap::Newcomer => {
                let (head, newcomer) = (scene.log.head(scene.room), Listening::new("newcomer"));
                if let JoinResult::Live(subscription) = scene.follow().await.join(&ear(&newcomer), head).await {
                    subscriptions.push(subscription);
                    ears.push((head, newcomer));
                }
            }
        }
        for (by, entry) in &mut late {
            *by = by.saturating_sub(1);
            if *by == 0 {
                scene.publish(entry);
            }
        }
        late.retain(|(by, _)| *by > 0);
    }
    scene.log.away.store(false, Ordering::SeqCst);
    let head = scene.log.head(scene.room);
    let mut seen = Vec::new();
    for (from, ear) in &ears {
        let missing = usize::try_from(head - from).unwrap();
        seen.push((*from, if missing == 0 { Vec::new() } else { entries(&ear.outbox, missing).await }));
    }
    seen.push((0, (1..=head).collect()));
    seen
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_listener_gets_every_entry_after_its_cursor_once_and_in_order(story in proptest::collection::vec(mishap(), 0..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let mut seen = runtime.block_on(tell(story));
        let (_, whole) = seen.pop().unwrap();
        let head = whole.len() as u64;
        for (from, got) in seen {
            prop_assert_eq!(got, (from + 1..=head).collect::<Vec<u64>>());
        }
    }
}
