//! Logging in, going on with another token, and the end of one.

use serde_json::json;

use super::*;

#[tokio::test(start_paused = true)]
async fn the_first_frame_logs_in() {
    let scene = Scene::new();
    let mut peer = scene.connect();
    peer.say(&json!({"op": "auth", "access_token": scene.token("ann"), "id": 1}));
    let frame = peer.frame().await;
    assert_eq!(serde_json::to_value(&frame.id).unwrap(), 1);
    let ServerEvent::Ready { user, heartbeat_s, limits, .. } = frame.event else { panic!("not ready") };
    assert_eq!((user.username.as_str(), heartbeat_s, limits.frames_per_minute), ("ann", 25, 300));
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_with_the_log_in_is_done_after_it() {
    let scene = Scene::new();
    let mut peer = scene.connect();
    peer.say(&json!({"op": "auth", "access_token": scene.token("ann")}));
    peer.say(&json!({"op": "subscribe", "room_id": scene.room}));
    assert!(matches!(peer.event().await, ServerEvent::Ready { .. }));
    assert!(matches!(peer.event().await, ServerEvent::Subscribed { .. }));
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_for_five_seconds_is_closed() {
    let scene = Scene::new();
    let begun = tokio::time::Instant::now();
    assert_eq!(scene.connect().close_code().await, 4504);
    assert_eq!(begun.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn who_asks_before_logging_in_is_closed() {
    let scene = Scene::new();
    let mut peer = scene.connect();
    peer.say(&json!({"op": "subscribe", "room_id": scene.room}));
    assert_eq!(peer.error().await, ErrorCode::Unauthenticated);
    assert_eq!(peer.close_code().await, 4504);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_not_good_is_told_and_closed() {
    let scene = Scene::new();
    for (code, expected) in [
        (ErrorCode::Unauthenticated, 4504),
        (ErrorCode::TokenExpired, 4500),
        (ErrorCode::SessionRevoked, 4501),
        (ErrorCode::Unavailable, 1013),
    ] {
        scene.platform.tokens.lock().unwrap().insert("bad".to_owned(), Err(code));
        let mut peer = scene.connect();
        peer.say(&json!({"op": "auth", "access_token": "bad"}));
        // The end of a session waits for nothing, not for a word about it either.
        if code != ErrorCode::SessionRevoked {
            assert_eq!(peer.error().await, code);
        }
        assert_eq!(peer.close_code().await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn an_expired_token_has_twenty_five_seconds_of_grace() {
    let scene = Scene::new();
    let mut peer = scene.log_in("ann").await;
    let begun = tokio::time::Instant::now();
    assert_eq!(peer.error().await, ErrorCode::TokenExpired);
    assert_eq!(begun.elapsed().as_secs(), 600);
    loop {
        match peer.next().await.unwrap() {
            WsMessage::Ping(_) => peer.send(WsMessage::Pong(bytes::Bytes::new())),
            WsMessage::Close(frame) => break assert_eq!(u16::from(frame.unwrap().code), 4500),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(begun.elapsed().as_secs(), 625);
}

#[tokio::test(start_paused = true)]
async fn another_token_of_the_same_user_keeps_the_socket() {
    let scene = Scene::new();
    let mut peer = scene.log_in("ann").await;
    assert_eq!(peer.error().await, ErrorCode::TokenExpired);
    let user = scene.platform.tokens.lock().unwrap()["token-ann"].clone().unwrap().user;
    scene.clock.advance(time::Duration::seconds(600));
    let fresh = scene.caller(user, "ann");
    scene.platform.tokens.lock().unwrap().insert("fresh".to_owned(), Ok(fresh));
    peer.say(&json!({"op": "auth", "access_token": "fresh", "id": "r"}));
    assert!(matches!(peer.event().await, ServerEvent::Ready { .. }));
    let begun = tokio::time::Instant::now();
    assert_eq!(peer.error().await, ErrorCode::TokenExpired, "of the fresh one");
    assert_eq!(begun.elapsed().as_secs(), 600);
}

#[tokio::test(start_paused = true)]
async fn another_users_token_changes_nothing() {
    let scene = Scene::new();
    let mut peer = scene.log_in("ann").await;
    peer.say(&json!({"op": "auth", "access_token": scene.token("bob")}));
    assert_eq!(peer.error().await, ErrorCode::Forbidden);
    peer.say(&json!({"op": "send", "room_id": scene.room, "key": SendKey::new(), "body": "hi"}));
    assert!(matches!(peer.event().await, ServerEvent::Ack { .. }));
    assert_eq!(scene.platform.rooms.lock().unwrap()[&scene.room][0].actor.username, "ann");
}

#[tokio::test(start_paused = true)]
async fn a_log_in_beyond_the_users_sockets_is_told_to_come_back_until_one_is_closed() {
    let scene = Scene::with(GatewayConfig { sockets_per_user: 2, ..GatewayConfig::default() });
    let token = scene.token("ann");
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut peer = scene.connect();
        // Going on with a token takes no other seat.
        for _ in 0..2 {
            peer.say(&json!({"op": "auth", "access_token": token}));
            assert!(matches!(peer.event().await, ServerEvent::Ready { .. }));
        }
        open.push(peer);
    }
    let mut third = scene.connect();
    third.say(&json!({"op": "auth", "access_token": token, "id": 7}));
    let frame = third.frame().await;
    assert_eq!(serde_json::to_value(&frame.id).unwrap(), 7);
    let ServerEvent::Error { code, retry_after_s, .. } = frame.event else { panic!("no error") };
    assert_eq!((code, retry_after_s), (ErrorCode::RateLimited, Some(35)));
    assert_eq!(third.close_code().await, 1013);
    scene.log_in("bob").await;
    let Peer { wire, ended } = open.remove(0);
    drop(wire);
    ended.await.unwrap();
    let mut again = scene.connect();
    again.say(&json!({"op": "auth", "access_token": token}));
    assert!(matches!(again.event().await, ServerEvent::Ready { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_scripts_token_is_exchanged_anew_before_it_expires() {
    let scene = Scene::new();
    let user = UserId::new();
    let script = |scene: &Scene| {
        scene.platform.tokens.lock().unwrap().insert("cat_1".to_owned(), Ok(scene.caller(user, "bot")));
    };
    script(&scene);
    let mut peer = scene.connect();
    peer.say(&json!({"op": "auth", "access_token": "cat_1"}));
    assert!(matches!(peer.event().await, ServerEvent::Ready { .. }));
    let begun = tokio::time::Instant::now();
    while begun.elapsed().as_secs() < 3_000 {
        tokio::select! {
            message = peer.next() => match message.unwrap() {
                WsMessage::Ping(_) => peer.send(WsMessage::Pong(bytes::Bytes::new())),
                other => panic!("{other:?}"),
            },
            () = tokio::time::sleep(Duration::from_secs(10)) => {
                scene.clock.advance(time::Duration::seconds(10));
                script(&scene);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_that_was_ended_before_its_socket_was_known_is_closed() {
    let scene = Scene::new();
    let token = scene.token("ann");
    let peer = scene.log_in("bob").await;
    drop(peer);
    let session = scene.platform.tokens.lock().unwrap()[&token].clone().unwrap().session;
    let sockets = scene.services.sockets.clone();
    let mut peer = scene.connect();
    sockets.revocations().note(session, Timestamp::from_millis(0));
    peer.say(&json!({"op": "auth", "access_token": token}));
    assert_eq!(peer.close_code().await, 4501);
}
