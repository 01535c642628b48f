//! Replays to readers that are slow, or many: what is read of the log for them. The queues here have no writer.

use chatapp_types::UserId;

use super::super::ops::Worker;
use super::super::subscribe::subscribe;
use super::*;
use crate::hub::testing::seqs;
use crate::socket::{Outbox, text_of};

/// Replays the room from its beginning into that queue.
fn replay(scene: &Scene, user: UserId, outbox: &Arc<Outbox>) {
    let identity = Identity { caller: scene.caller(user, "ann"), token: "t".into(), script: None };
    let worker = Worker { services: scene.services.clone(), outbox: outbox.clone(), id: None };
    let room = scene.room;
    tokio::spawn(async move { subscribe(&worker, &identity, room, Some(0)).await });
}

/// The cursors that the log was read from, once all that can be done has been done: the time is paused.
async fn asked(scene: &Scene) -> Vec<u64> {
    tokio::time::sleep(Duration::from_secs(10)).await;
    scene.platform.asked_after.lock().unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn a_page_is_small_and_the_next_is_read_when_there_is_room_for_it() {
    let scene = Scene::new();
    scene.commit_many(120);
    let size = |event| text_of(event).as_str().len() + 64;
    let first_page: usize = scene.platform.rooms.lock().unwrap()[&scene.room][..50]
        .iter()
        .map(|entry| size(ServerEvent::Entry(Box::new(entry.clone()))))
        .sum();
    let subscribed = size(ServerEvent::Subscribed { room_id: scene.room, head: 120 });
    // Half of it is one byte too small for the whole page.
    let outbox = Arc::new(Outbox::new(2 * (subscribed + first_page - 1)));
    replay(&scene, UserId::new(), &outbox);
    assert_eq!(asked(&scene).await, [0]);
    assert_eq!(seqs(&outbox), (1..=50).collect::<Vec<_>>());
    assert_eq!(asked(&scene).await[..2], [0, 50]);
    let mut rest = seqs(&outbox);
    while rest.last() != Some(&120) {
        asked(&scene).await;
        rest.extend(seqs(&outbox));
    }
    assert_eq!(rest, (51..=120).collect::<Vec<_>>());
    assert_eq!(asked(&scene).await, [0, 50, 100]);
}

#[tokio::test(start_paused = true)]
async fn of_a_users_replays_four_are_under_way_and_the_others_wait() {
    let scene = Scene::new();
    scene.commit_many(20);
    let ann = UserId::new();
    let slow: Vec<Arc<Outbox>> = (0..6).map(|_| Arc::new(Outbox::new(2_000))).collect();
    for outbox in &slow {
        replay(&scene, ann, outbox);
    }
    assert_eq!(asked(&scene).await.len(), 4);
    let bobs = Arc::new(Outbox::new(100_000));
    replay(&scene, UserId::new(), &bobs);
    assert_eq!(asked(&scene).await.len(), 5, "another user does not wait for them");
    slow[0].close(Closing::Gone);
    assert_eq!(asked(&scene).await.len(), 6, "the next one's turn");
}
