//! Subscribing, sending, reading, typing.

use serde_json::json;

use super::*;

async fn subscribed(scene: &Scene, name: &str, after: Option<u64>) -> Peer {
    let mut peer = scene.log_in(name).await;
    peer.say(&json!({"op": "subscribe", "room_id": scene.room, "after": after}));
    assert!(matches!(peer.event().await, ServerEvent::Subscribed { .. }));
    peer
}

#[tokio::test(start_paused = true)]
async fn a_subscription_replays_what_was_missed_and_goes_on_live() {
    let scene = Scene::new();
    scene.commit_many(5);
    let mut peer = scene.log_in("ann").await;
    peer.say(&json!({"op": "subscribe", "room_id": scene.room, "after": 2, "id": "s"}));
    let frame = peer.frame().await;
    assert_eq!(serde_json::to_value(&frame.id).unwrap(), "s");
    assert_eq!(frame.event, ServerEvent::Subscribed { room_id: scene.room, head: 5 });
    assert_eq!([peer.seq().await, peer.seq().await, peer.seq().await], [3, 4, 5]);
    assert_eq!(peer.event().await, ServerEvent::CaughtUp { room_id: scene.room, seq: 5 });
    scene.post("live");
    assert_eq!(peer.seq().await, 6);
}

#[tokio::test(start_paused = true)]
async fn without_a_cursor_one_listens_from_the_head_on() {
    let scene = Scene::new();
    scene.commit_many(5);
    let mut peer = subscribed(&scene, "ann", None).await;
    assert_eq!(peer.event().await, ServerEvent::CaughtUp { room_id: scene.room, seq: 5 });
    scene.post("live");
    assert_eq!(peer.seq().await, 6);
}

#[tokio::test(start_paused = true)]
async fn a_cursor_beyond_the_log_is_moved_to_its_head() {
    let scene = Scene::new();
    scene.commit_many(5);
    let mut peer = subscribed(&scene, "ann", Some(500)).await;
    assert_eq!(peer.event().await, ServerEvent::CaughtUp { room_id: scene.room, seq: 5 });
}

#[tokio::test(start_paused = true)]
async fn who_is_too_far_behind_is_shown_the_gap() {
    let scene = Scene::with(GatewayConfig { replay_max: 300, ..GatewayConfig::default() });
    scene.commit_many(1_000);
    let mut peer = subscribed(&scene, "ann", Some(0)).await;
    for seq in 1..=300 {
        assert_eq!(peer.seq().await, seq);
    }
    assert_eq!(peer.event().await, ServerEvent::Gap { room_id: scene.room, from: 301, to: 1_000 });
    assert_eq!(peer.event().await, ServerEvent::CaughtUp { room_id: scene.room, seq: 1_000 });
    scene.post("live");
    assert_eq!(peer.seq().await, 1_001);
}

#[tokio::test(start_paused = true)]
async fn a_long_replay_does_not_overflow_a_small_queue() {
    let config = GatewayConfig { send_queue_bytes: 8 * 1024, ..GatewayConfig::default() };
    let scene = Scene::with(config);
    scene.commit_many(800);
    let mut peer = subscribed(&scene, "ann", Some(0)).await;
    for seq in 1..=800 {
        assert_eq!(peer.seq().await, seq);
    }
    assert_eq!(peer.event().await, ServerEvent::CaughtUp { room_id: scene.room, seq: 800 });
}

#[tokio::test(start_paused = true)]
async fn a_room_that_one_cannot_see_is_not_found() {
    let scene = Scene::new();
    let mut peer = scene.log_in("ann").await;
    for room in [RoomId::new(), scene.room] {
        scene.platform.kept_out.lock().unwrap().insert(room);
        peer.say(&json!({"op": "subscribe", "room_id": room, "id": 3}));
        let frame = peer.frame().await;
        let ServerEvent::Error { code, retryable, room_id, .. } = frame.event else { panic!("no error") };
        assert_eq!((code, retryable, room_id), (ErrorCode::RoomNotFound, false, Some(room)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_subscription_takes_the_place_of_the_first() {
    let scene = Scene::new();
    scene.commit_many(3);
    let mut peer = subscribed(&scene, "ann", None).await;
    assert!(matches!(peer.event().await, ServerEvent::CaughtUp { .. }));
    peer.say(&json!({"op": "subscribe", "room_id": scene.room, "after": 1}));
    assert!(matches!(peer.event().await, ServerEvent::Subscribed { .. }));
    assert_eq!([peer.seq().await, peer.seq().await], [2, 3]);
    assert!(matches!(peer.event().await, ServerEvent::CaughtUp { .. }));
    scene.post("live, once");
    scene.post("and the next");
    assert_eq!([peer.seq().await, peer.seq().await], [4, 5]);
}

#[tokio::test(start_paused = true)]
async fn after_unsubscribing_nothing_comes() {
    let scene = Scene::new();
    let mut peer = subscribed(&scene, "ann", None).await;
    assert!(matches!(peer.event().await, ServerEvent::CaughtUp { .. }));
    peer.say(&json!({"op": "unsubscribe", "room_id": scene.room}));
    assert_eq!(peer.event().await, ServerEvent::Unsubscribed { room_id: scene.room });
    scene.post("not for ann");
    peer.say(&json!({"op": "ping"}));
    assert_eq!(peer.event().await, ServerEvent::Pong);
}

#[tokio::test(start_paused = true)]
async fn a_socket_follows_so_many_rooms_and_no_more() {
    let scene = Scene::with(GatewayConfig { max_subscriptions: 1, ..GatewayConfig::default() });
    let mut peer = subscribed(&scene, "ann", None).await;
    assert!(matches!(peer.event().await, ServerEvent::CaughtUp { .. }));
    peer.say(&json!({"op": "subscribe", "room_id": RoomId::new()}));
    assert_eq!(peer.error().await, ErrorCode::Invalid);
    peer.say(&json!({"op": "subscribe", "room_id": scene.room}));
    assert!(matches!(peer.event().await, ServerEvent::Subscribed { .. }), "its own room again");
}

#[tokio::test(start_paused = true)]
async fn a_send_is_acknowledged_and_a_repeat_is_known() {
    let scene = Scene::new();
    let mut peer = scene.log_in("ann").await;
    let key = SendKey::new();
    for duplicate in [false, true] {
        peer.say(&json!({"op": "send", "room_id": scene.room, "key": key, "body": "hi", "id": 9}));
        let frame = peer.frame().await;
        assert_eq!(serde_json::to_value(&frame.id).unwrap(), 9);
        let ServerEvent::Ack { key: k, seq, duplicate: d, .. } = frame.event else { panic!("no ack") };
        assert_eq!((k, seq, d), (key, 1, duplicate));
    }
}

#[tokio::test(start_paused = true)]
async fn a_send_whose_fate_is_not_known_says_so() {
    let scene = Scene::new();
    let mut peer = scene.log_in("ann").await;
    let key = SendKey::new();
    peer.say(&json!({"op": "send", "room_id": scene.room, "key": key, "body": "unknown outcome"}));
    let ServerEvent::Error { code, retryable, key: k, outcome, retry_after_s, .. } = peer.event().await else {
        panic!("no error")
    };
    assert_eq!((code, retryable, k), (ErrorCode::Unavailable, true, Some(key)));
    assert_eq!((outcome.is_some(), retry_after_s), (true, Some(3)));
}

#[tokio::test(start_paused = true)]
async fn sends_take_effect_in_their_order_and_a_ping_does_not_wait_for_them() {
    let scene = Scene::new();
    let gate = Arc::new(Notify::new());
    *scene.platform.gate.lock().unwrap() = Some(gate.clone());
    let mut peer = scene.log_in("ann").await;
    for body in ["one", "two", "three"] {
        peer.say(&json!({"op": "send", "room_id": scene.room, "key": SendKey::new(), "body": body}));
    }
    peer.say(&json!({"op": "ping", "id": "p"}));
    assert_eq!(peer.event().await, ServerEvent::Pong);
    for seq in 1..=3 {
        gate.notify_one();
        let ServerEvent::Ack { seq: acked, .. } = peer.event().await else { panic!("no ack") };
        assert_eq!(acked, seq);
    }
    let bodies: Vec<String> = scene.platform.rooms.lock().unwrap()[&scene.room]
        .iter()
        .map(|entry| match &entry.body {
            EntryBody::MessagePosted { body, .. } => body.clone(),
            _ => String::new(),
        })
        .collect();
    assert_eq!(bodies, ["one", "two", "three"]);
}

#[tokio::test(start_paused = true)]
async fn a_send_is_finished_although_its_client_hangs_up() {
    let scene = Scene::new();
    let gate = Arc::new(Notify::new());
    *scene.platform.gate.lock().unwrap() = Some(gate.clone());
    let mut peer = scene.log_in("ann").await;
    peer.say(&json!({"op": "send", "room_id": scene.room, "key": SendKey::new(), "body": "hi"}));
    peer.say(&json!({"op": "ping"}));
    assert_eq!(peer.event().await, ServerEvent::Pong);
    let Peer { wire, ended } = peer;
    drop(wire);
    ended.await.unwrap();
    gate.notify_one();
    let committed = async {
        while scene.platform.rooms.lock().unwrap()[&scene.room].is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), committed).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn of_read_markers_that_wait_the_last_one_is_written() {
    let scene = Scene::new();
    let gate = Arc::new(Notify::new());
    *scene.platform.gate.lock().unwrap() = Some(gate.clone());
    let mut peer = scene.log_in("ann").await;
    peer.say(&json!({"op": "send", "room_id": scene.room, "key": SendKey::new(), "body": "hi"}));
    for seq in [1, 3, 2] {
        peer.say(&json!({"op": "read", "room_id": scene.room, "seq": seq}));
    }
    peer.say(&json!({"op": "ping"}));
    assert_eq!(peer.event().await, ServerEvent::Pong);
    gate.notify_one();
    assert!(matches!(peer.event().await, ServerEvent::Ack { .. }));
    peer.say(&json!({"op": "unsubscribe", "room_id": scene.room}));
    assert!(matches!(peer.event().await, ServerEvent::Unsubscribed { .. }));
    assert_eq!(*scene.platform.read.lock().unwrap(), [(scene.room, 3)]);
}

#[tokio::test(start_paused = true)]
async fn typing_is_for_rooms_that_one_follows() {
    let scene = Scene::new();
    let mut ann = scene.log_in("ann").await;
    ann.say(&json!({"op": "typing", "room_id": scene.room}));
    assert_eq!(ann.error().await, ErrorCode::RoomNotFound);
    let mut bob = subscribed(&scene, "bob", None).await;
    assert!(matches!(bob.event().await, ServerEvent::CaughtUp { .. }));
    ann.say(&json!({"op": "subscribe", "room_id": scene.room}));
    ann.event().await;
    ann.event().await;
    ann.say(&json!({"op": "typing", "room_id": scene.room}));
    let ServerEvent::Typing { user, .. } = bob.event().await else { panic!("not typing") };
    assert_eq!(user.username, "ann");
}

#[tokio::test(start_paused = true)]
async fn who_is_blocked_gets_the_block_then_nothing_and_may_not_type() {
    let scene = Scene::new();
    let mut bob = subscribed(&scene, "bob", None).await;
    assert!(matches!(bob.event().await, ServerEvent::CaughtUp { .. }));
    let user = scene.platform.tokens.lock().unwrap()["token-bob"].clone().unwrap().user_ref();
    let body = EntryBody::MemberBlocked { subject: user, until: None };
    let entry = scene.platform.commit(scene.room, &scene.author, body);
    scene.platform.publish(entry);
    scene.post("after the block");
    assert_eq!(bob.seq().await, 1);
    assert_eq!(bob.event().await, ServerEvent::Unsubscribed { room_id: scene.room });
    bob.say(&json!({"op": "typing", "room_id": scene.room}));
    assert_eq!(bob.error().await, ErrorCode::RoomNotFound);
}

#[tokio::test(start_paused = true)]
async fn an_edit_of_what_was_posted_before_ones_time_comes_without_its_text() {
    let scene = Scene::new();
    scene.commit_many(3);
    let mut ann = subscribed(&scene, "ann", None).await;
    *scene.platform.floor.lock().unwrap() = 2;
    let mut bob = subscribed(&scene, "bob", Some(0)).await;
    assert_eq!(bob.seq().await, 3);
    for peer in [&mut ann, &mut bob] {
        assert!(matches!(peer.event().await, ServerEvent::CaughtUp { .. }));
    }
    for (target, bobs) in [(2, ("", true)), (3, ("edited", false))] {
        let entry = scene.platform.commit(scene.room, &scene.author, testing::edit(target, "edited"));
        scene.platform.publish(entry);
        for (peer, expected) in [(&mut ann, ("edited", false)), (&mut bob, bobs)] {
            let ServerEvent::Entry(entry) = peer.event().await else { panic!("no entry") };
            let EntryBody::MessageEdited { target_seq, body, deleted, .. } = entry.body else { panic!("no edit") };
            assert_eq!((target_seq, body.as_str(), deleted), (target, expected.0, expected.1));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn heads_are_told_of_rooms_that_moved_and_of_no_others() {
    let scene = Scene::new();
    let mut peer = subscribed(&scene, "ann", None).await;
    assert!(matches!(peer.event().await, ServerEvent::CaughtUp { .. }));
    scene.post("one");
    scene.post("two");
    assert_eq!([peer.seq().await, peer.seq().await], [1, 2]);
    let ServerEvent::Heads { rooms } = peer.event().await else { panic!("no heads") };
    assert_eq!(rooms.into_iter().collect::<Vec<_>>(), [(scene.room, 2)]);
    let begun = tokio::time::Instant::now();
    while begun.elapsed() < Duration::from_mins(1) {
        match peer.next().await.unwrap() {
            WsMessage::Ping(_) => peer.send(WsMessage::Pong(bytes::Bytes::new())),
            WsMessage::Text(text) => assert!(!text.contains("heads"), "{text:?}"),
            other => panic!("{other:?}"),
        }
    }
}
