//! Typing and presence.

use std::time::Duration;

use super::*;

fn online(events: &[ServerEvent]) -> Vec<(Vec<String>, Vec<String>, bool)> {
    let names = |users: &[UserRef]| users.iter().map(|u| u.username.clone()).collect();
    let presence = |event: &ServerEvent| match event {
        ServerEvent::Presence { online, offline, full, .. } => Some((names(online), names(offline), *full)),
        _ => None,
    };
    events.iter().filter_map(presence).collect()
}

#[tokio::test(start_paused = true)]
async fn others_see_that_one_types() {
    let scene = Scene::new();
    let (ann, bob) = (Listening::new("ann"), Listening::new("bob"));
    let anns = scene.listen(&ann).await;
    let _bob = scene.listen(&bob).await;
    anns.say_typing();
    let typing = |events: &[ServerEvent]| {
        events.iter().any(|e| matches!(e, ServerEvent::Typing { user, .. } if user.username == "ann"))
    };
    events_until(&bob.outbox, typing).await;
    assert!(!typing(&frames(&ann.outbox)), "one's own typing is no news");
}

#[tokio::test(start_paused = true)]
async fn those_who_come_and_go_are_told_together() {
    let scene = Scene::new();
    let ann = Listening::new("ann");
    let _ann = scene.listen(&ann).await;
    let told = online(&events_until(&ann.outbox, |e| !online(e).is_empty()).await);
    assert_eq!(told, [(vec!["ann".to_owned()], vec![], true)]);
    let others: Vec<Listening> = ["bob", "eve", "dan"].into_iter().map(Listening::new).collect();
    let mut subscriptions = Vec::new();
    for other in &others {
        subscriptions.push(scene.listen(other).await);
    }
    let told = online(&events_until(&ann.outbox, |e| !online(e).is_empty()).await);
    assert_eq!((told.len(), told[0].0.len(), told[0].2), (1, 3, false), "{told:?}");
    drop(subscriptions);
    let told = online(&events_until(&ann.outbox, |e| !online(e).is_empty()).await);
    assert_eq!((told.len(), told[0].1.len()), (1, 3), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn a_newcomer_is_told_everyone_at_once() {
    let scene = Scene::new();
    let (ann, bob) = (Listening::new("ann"), Listening::new("bob"));
    let _ann = scene.listen(&ann).await;
    events_until(&ann.outbox, |e| !online(e).is_empty()).await;
    let _bob = scene.listen(&bob).await;
    let events = frames(&bob.outbox);
    assert!(matches!(events[0], ServerEvent::CaughtUp { .. }), "{events:?}");
    assert_eq!(online(&events), [(vec!["ann".to_owned()], vec![], true)]);
}

#[tokio::test(start_paused = true)]
async fn two_gateways_tell_each_other_who_listens() {
    let scene = Scene::new();
    let ann = Listening::new("ann");
    let _ann = scene.listen(&ann).await;
    let shutdown = CancellationToken::new();
    let other = Hub::start(scene.bus.clone(), scene.log.clone(), shutdown, TaskTracker::new());
    let bob = Listening::new("bob");
    let followed = other.follow(scene.room).await;
    let JoinResult::Live(subscription) = followed.join(&ear(&bob), 0).await else { panic!("not live") };
    let sees = |name: &'static str| move |e: &[ServerEvent]| online(e).iter().any(|p| p.0.iter().any(|n| n == name));
    events_until(&ann.outbox, sees("bob")).await;
    events_until(&bob.outbox, sees("ann")).await;
    drop((subscription, followed));
    let gone = |e: &[ServerEvent]| online(e).iter().any(|p| p.1.iter().any(|n| n == "bob"));
    let begun = tokio::time::Instant::now();
    let waiting = async {
        while !gone(&frames(&ann.outbox)) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(3), waiting).await.unwrap();
    assert!(begun.elapsed() < Duration::from_mins(2));
}
