//! What is shared, what is let go, and what is said when the log is away.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_slow_listener_is_closed_and_the_others_go_on() {
    let scene = Scene::new();
    let (slow, quick) = (Listening::with_limit("slow", 2_000), Listening::new("quick"));
    let _subscriptions = (scene.listen(&slow).await, scene.listen(&quick).await);
    let mut seen = Vec::new();
    for _ in 0..20 {
        scene.post("text");
        seen.extend(entries(&quick.outbox, 1).await);
    }
    assert_eq!(seen, (1..=20).collect::<Vec<_>>());
    assert!(slow.outbox.is_closing());
}

#[tokio::test(start_paused = true)]
async fn a_room_is_followed_once_for_all_and_let_go_with_the_last() {
    let scene = Scene::new();
    let (ann, bob) = (Listening::new("ann"), Listening::new("bob"));
    let first = scene.listen(&ann).await;
    let second = scene.listen(&bob).await;
    assert_eq!(scene.hub.rooms.all().len(), 1);
    drop(first);
    scene.post("text");
    assert_eq!(entries(&bob.outbox, 1).await, [1]);
    drop(second);
    assert!(scene.hub.rooms.all().is_empty());
    let again = Listening::new("again");
    let _again = scene.listen(&again).await;
    scene.post("text");
    assert_eq!(entries(&again.outbox, 1).await, [2]);
}

#[tokio::test(start_paused = true)]
async fn nothing_comes_once_one_has_left() {
    let scene = Scene::new();
    let (ann, bob) = (Listening::new("ann"), Listening::new("bob"));
    let anns = scene.listen(&ann).await;
    let _bob = scene.listen(&bob).await;
    anns.leave().await;
    frames(&ann.outbox);
    scene.post("text");
    assert_eq!(entries(&bob.outbox, 1).await, [1]);
    assert!(frames(&ann.outbox).is_empty());
}

#[tokio::test(start_paused = true)]
async fn while_the_log_is_away_nothing_passes_a_hole_and_it_is_said_once() {
    let scene = Scene::new();
    let ann = Listening::new("ann");
    let _ann = scene.listen(&ann).await;
    let mut delivery = scene.hub.delivery().watch();
    scene.log.away.store(true, Ordering::SeqCst);
    scene.commit("lost");
    scene.post("after the hole");
    tokio::time::timeout(Duration::from_secs(30), delivery.wait_for(|ok| !ok)).await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert!(seqs_of(&frames(&ann.outbox)).is_empty());
    assert!(!delivery.has_changed().unwrap(), "said once");
    scene.log.away.store(false, Ordering::SeqCst);
    assert_eq!(entries(&ann.outbox, 2).await, [1, 2]);
    assert!(*delivery.borrow());
}

#[tokio::test(start_paused = true)]
async fn without_bus_and_log_it_is_said_although_nothing_seems_missing() {
    let scene = Scene::new();
    let ann = Listening::new("ann");
    let _ann = scene.listen(&ann).await;
    let mut delivery = scene.hub.delivery().watch();
    scene.silence();
    scene.log.away.store(true, Ordering::SeqCst);
    tokio::time::timeout(Duration::from_secs(30), delivery.wait_for(|ok| !ok)).await.unwrap().unwrap();
    scene.log.away.store(false, Ordering::SeqCst);
    tokio::time::timeout(Duration::from_secs(30), delivery.wait_for(|ok| *ok)).await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_log_that_is_away_is_asked_patiently() {
    let scene = Scene::new();
    let ann = Listening::new("ann");
    let _ann = scene.listen(&ann).await;
    scene.log.away.store(true, Ordering::SeqCst);
    scene.commit("lost");
    scene.post("after the hole");
    tokio::time::sleep(Duration::from_mins(1)).await;
    let readings = scene.log.readings.load(Ordering::SeqCst);
    assert!((30..100).contains(&readings), "about one a second: {readings}");
}
