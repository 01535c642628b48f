//! Whatever the bus does, entries come once and in order.

use std::sync::atomic::Ordering;
use std::time::Duration;

use chatapp_bus::{Bus as _, SUBSCRIPTION_BUFFER, subject};
use chatapp_types::frame::ServerEvent;
use chatapp_types::{Entry, EntryBody, SendKey};

use super::*;
use crate::hub::testing::{entry, user};

#[tokio::test(start_paused = true)]
async fn what_is_published_comes_once_and_in_order() {
    let scene = Scene::new();
    let ann = Listening::new("ann");
    let _subscription = scene.listen(&ann).await;
    for _ in 0..5 {
        scene.post("text");
    }
    assert_eq!(entries(&ann.outbox, 5).await, [1, 2, 3, 4, 5]);
    assert_eq!(scene.log.readings.load(Ordering::SeqCst), 0, "the log was not needed");
}

#[tokio::test(start_paused = true)]
async fn a_doubled_event_comes_once() {
    let scene = Scene::new();
    let ann = Listening::new("ann");
    let _subscription = scene.listen(&ann).await;
    let first = scene.commit("first");
    scene.publish(&first);
    scene.publish(&first);
    scene.post("second");
    scene.publish(&first);
    scene.post("third");
    assert_eq!(entries(&ann.outbox, 3).await, [1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn events_in_the_wrong_order_come_in_the_right_one_without_the_log() {
    let scene = Scene::new();
    let ann = Listening::new("ann");
    let _subscription = scene.listen(&ann).await;
    let committed = scene.commit_many(3);
    for entry in committed.iter().rev() {
        scene.publish(entry);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(entries(&ann.outbox, 3).await, [1, 2, 3]);
    assert_eq!(scene.log.readings.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn a_lost_event_is_read_from_the_log_before_what_follows_it() {
    let scene = Scene::new();
    let ann = Listening::new("ann");
    let _subscription = scene.listen(&ann).await;
    scene.commit("lost");
    scene.post("arrives");
    assert_eq!(entries(&ann.outbox, 2).await, [1, 2]);
    assert!(scene.log.readings.load(Ordering::SeqCst) > 0);
}

#[tokio::test(start_paused = true)]
async fn a_lag_of_the_bus_is_made_good_from_the_log() {
    let scene = Scene::new();
    let ann = Listening::with_limit("ann", 16 * 1024 * 1024);
    let _subscription = scene.listen(&ann).await;
    let many = SUBSCRIPTION_BUFFER + 500;
    // All at once, before the room's task runs: what is beyond the buffer is dropped by the bus.
    for entry in scene.commit_many(many as u64) {
        scene.publish(&entry);
    }
    let expected: Vec<u64> = (1..=many as u64).collect();
    let mut seen = Vec::new();
    while seen.len() < many {
        seen.extend(entries(&ann.outbox, 1).await);
    }
    assert_eq!(seen, expected);
}

#[tokio::test(start_paused = true)]
async fn the_loss_of_a_last_event_is_noticed_by_its_head() {
    let scene = Scene::new();
    let ann = Listening::new("ann");
    let _subscription = scene.listen(&ann).await;
    scene.commit("lost, and nothing follows");
    let begun = tokio::time::Instant::now();
    assert_eq!(entries(&ann.outbox, 1).await, [1]);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn without_the_bus_delivery_goes_on_by_reading_the_log() {
    let scene = Scene::new();
    let ann = Listening::new("ann");
    let _subscription = scene.listen(&ann).await;
    scene.silence();
    tokio::time::sleep(Duration::from_secs(3)).await;
    for n in 1..=5 {
        scene.commit("not published");
        let begun = tokio::time::Instant::now();
        assert_eq!(entries(&ann.outbox, 1).await, [n]);
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_committed_between_the_following_and_the_joining_is_not_missed() {
    let scene = Scene::new();
    let ann = Listening::new("ann");
    let followed = scene.follow().await;
    scene.post("before the reading");
    let read = scene.log.head(scene.room);
    scene.post("after the reading");
    scene.commit("after the reading, and lost");
    let JoinResult::Live(_subscription) = followed.join(&ear(&ann), read).await else { panic!("not live") };
    scene.post("live");
    assert_eq!(entries(&ann.outbox, 3).await, [2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn a_second_listener_who_has_read_further_gets_nothing_twice() {
    let scene = Scene::new();
    let (ann, bob) = (Listening::new("ann"), Listening::new("bob"));
    let _ann = scene.listen(&ann).await;
    scene.commit("the bus is late with this one");
    let _bob = scene.listen(&bob).await;
    scene.post("live");
    assert_eq!(entries(&ann.outbox, 2).await, [1, 2]);
    assert_eq!(entries(&bob.outbox, 1).await, [2]);
}

#[tokio::test(start_paused = true)]
async fn who_comes_with_an_old_reading_must_read_on() {
    let scene = Scene::new();
    let (ann, late) = (Listening::new("ann"), Listening::new("late"));
    let _ann = scene.listen(&ann).await;
    for _ in 0..600 {
        scene.post("text");
        tokio::task::yield_now().await;
    }
    while scene.follow().await.handle.shared.last.load(Ordering::SeqCst) < 600 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let followed = scene.follow().await;
    assert!(matches!(followed.join(&ear(&late), 3).await, JoinResult::Behind));
    assert!(matches!(followed.join(&ear(&late), 590).await, JoinResult::Live(_)));
    assert_eq!(entries(&late.outbox, 10).await, (591..=600).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn only_the_author_sees_the_key() {
    let scene = Scene::new();
    let (ann, bob) = (Listening::new("ann"), Listening::new("bob"));
    let _subscriptions = (scene.listen(&ann).await, scene.listen(&bob).await);
    let key = SendKey::new();
    let own = message(scene.room, 1, &ann.user, "hi", Some(key));
    scene.log.append(own.clone());
    scene.publish(&own);
    let key_seen = |events: &[ServerEvent]| {
        events.iter().find_map(|event| match event {
            ServerEvent::Entry(entry) => match &entry.body {
                EntryBody::MessagePosted { key, .. } => Some(*key),
                _ => None,
            },
            _ => None,
        })
    };
    let anns = events_until(&ann.outbox, |e| key_seen(e).is_some()).await;
    let bobs = events_until(&bob.outbox, |e| key_seen(e).is_some()).await;
    assert_eq!((key_seen(&anns), key_seen(&bobs)), (Some(Some(key)), Some(None)));
}

fn block(scene: &Scene, who: &Listening) -> Entry {
    let body = EntryBody::MemberBlocked { subject: who.user.clone(), until: None };
    let entry = entry(scene.room, scene.log.head(scene.room) + 1, &user("admin"), body);
    scene.log.append(entry.clone());
    entry
}

#[tokio::test(start_paused = true)]
async fn a_blocked_listener_gets_the_block_and_nothing_after_it() {
    let scene = Scene::new();
    let (ann, bob) = (Listening::new("ann"), Listening::new("bob"));
    let _ann = scene.listen(&ann).await;
    let bobs = scene.listen(&bob).await;
    let entry = block(&scene, &bob);
    scene.publish(&entry);
    scene.post("after");
    assert_eq!(entries(&ann.outbox, 2).await, [1, 2]);
    let events = frames(&bob.outbox);
    assert_eq!(seqs_of(&events), [1]);
    assert!(matches!(events.last(), Some(ServerEvent::Unsubscribed { .. })));
    assert!(!bobs.is_live());
}

#[tokio::test(start_paused = true)]
async fn a_block_that_the_bus_lost_cuts_off_before_what_followed_it_is_shown() {
    let scene = Scene::new();
    let bob = Listening::new("bob");
    let _bob = scene.listen(&bob).await;
    block(&scene, &bob);
    scene.post("after the block");
    let events = events_until(&bob.outbox, |e| matches!(e.last(), Some(ServerEvent::Unsubscribed { .. }))).await;
    assert_eq!(seqs_of(&events), [1]);
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(frames(&bob.outbox).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_block_between_the_reading_and_the_joining_cuts_off() {
    let scene = Scene::new();
    let (ann, bob) = (Listening::new("ann"), Listening::new("bob"));
    let _ann = scene.listen(&ann).await;
    let followed = scene.follow().await;
    let read = scene.log.head(scene.room);
    let entry = block(&scene, &bob);
    scene.publish(&entry);
    scene.post("after");
    assert_eq!(entries(&ann.outbox, 2).await, [1, 2]);
    assert!(matches!(followed.join(&ear(&bob), read).await, JoinResult::CutOff));
    assert_eq!(seqs_of(&frames(&bob.outbox)), [1]);
}

#[tokio::test(start_paused = true)]
async fn a_room_that_the_log_does_not_know_any_more_ends_for_everyone() {
    let scene = Scene::new();
    scene.commit("first");
    let ann = Listening::new("ann");
    let subscription = scene.listen(&ann).await;
    scene.log.forget(scene.room);
    events_until(&ann.outbox, |e| matches!(e.last(), Some(ServerEvent::Unsubscribed { .. }))).await;
    assert!(!subscription.is_live());
}

#[tokio::test(start_paused = true)]
async fn what_is_no_event_is_stepped_over() {
    let scene = Scene::new();
    let ann = Listening::new("ann");
    let _ann = scene.listen(&ann).await;
    scene.bus.publish(&subject::room(scene.room), bytes::Bytes::from_static(b"\0\0\0\x02{}"));
    scene.bus.publish(&subject::live(scene.room), bytes::Bytes::from_static(b"[]"));
    let foreign = message(RoomId::new(), 1, &scene.author, "another room's", None);
    scene.publish(&foreign);
    scene.post("ours");
    assert_eq!(entries(&ann.outbox, 1).await, [1]);
}
