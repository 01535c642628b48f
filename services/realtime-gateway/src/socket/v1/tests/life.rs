//! Limits, bad frames, heartbeats and ends.

use serde_json::json;

use super::*;
use crate::socket::LiveSocket;

#[tokio::test(start_paused = true)]
async fn what_is_no_frame_is_refused_and_the_tenth_time_closed() {
    let scene = Scene::new();
    let mut peer = scene.log_in("ann").await;
    let bad = [
        "",
        "{",
        "[]",
        "null",
        "\u{1F600}",
        r#"{"op":"fly"}"#,
        r#"{"op":"subscribe","room_id":"x"}"#,
        r#"{"op":"subscribe"}"#,
        r#"{"op":"ping","id":{}}"#,
    ];
    for text in bad {
        peer.send(WsMessage::Text(text.into()));
        assert_eq!(peer.error().await, ErrorCode::Malformed, "{text}");
    }
    peer.send(WsMessage::Binary(bytes::Bytes::from_static(b"x")));
    assert_eq!(peer.error().await, ErrorCode::Malformed);
    assert_eq!(peer.close_code().await, 4502);
}

#[tokio::test(start_paused = true)]
async fn a_frames_name_is_short() {
    let scene = Scene::new();
    let mut peer = scene.log_in("ann").await;
    peer.say(&json!({"op": "ping", "id": "x".repeat(65)}));
    let frame = peer.frame().await;
    let ServerEvent::Error { code, message, .. } = frame.event else { panic!("no error") };
    assert_eq!((frame.id, code), (None, ErrorCode::Malformed));
    assert!(message.contains("64 bytes"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_is_refused_is_told_by_its_name_and_why() {
    let scene = Scene::new();
    let mut peer = scene.log_in("ann").await;
    let key = SendKey::new();
    peer.say(&json!({"op": "send", "room_id": scene.room, "key": key, "id": "mine"}));
    let frame = peer.frame().await;
    assert_eq!(serde_json::to_value(&frame.id).unwrap(), "mine");
    let ServerEvent::Error { code, message, retryable, key: k, room_id, .. } = frame.event else { panic!("no error") };
    assert_eq!((code, retryable, k, room_id), (ErrorCode::Malformed, false, Some(key), Some(scene.room)));
    assert!(message.contains("missing field `body`"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_frame_beyond_the_limit_closes() {
    let scene = Scene::new();
    let mut peer = scene.log_in("ann").await;
    peer.send(WsMessage::Text("x".repeat(64 * 1024 + 1).into()));
    assert_eq!(peer.close_code().await, 4503);
}

#[tokio::test(start_paused = true)]
async fn too_many_frames_are_refused_with_the_time_to_wait_and_then_closed() {
    let scene = Scene::new();
    let mut peer = scene.log_in("ann").await;
    for _ in 0..60 {
        peer.say(&json!({"op": "ping"}));
        assert_eq!(peer.event().await, ServerEvent::Pong);
    }
    let key = SendKey::new();
    peer.say(&json!({"op": "send", "room_id": scene.room, "key": key, "body": "hi", "id": 4}));
    let frame = peer.frame().await;
    let ServerEvent::Error { code, retryable, retry_after_s, key: k, .. } = frame.event else { panic!("no error") };
    assert_eq!((code, retryable, retry_after_s, k), (ErrorCode::RateLimited, true, Some(1), Some(key)));
    tokio::time::sleep(Duration::from_secs(1)).await;
    peer.say(&json!({"op": "ping"}));
    assert_eq!(peer.event().await, ServerEvent::Pong, "who waits goes on");
    for _ in 0..80 {
        peer.say(&json!({"op": "ping"}));
    }
    assert_eq!(peer.close_code().await, 4502, "who does not is closed");
}

#[tokio::test(start_paused = true)]
async fn what_sockets_ask_of_the_services_is_taken_from_their_users_allowance() {
    let config = GatewayConfig { user_requests_per_minute: 1, user_request_burst: 3, ..GatewayConfig::default() };
    let scene = Scene::with(config);
    let mut peer = scene.log_in("ann").await;
    let key = SendKey::new();
    let asked = [
        json!({"op": "send", "room_id": scene.room, "key": key, "body": "hi", "id": 1}),
        json!({"op": "read", "room_id": scene.room, "seq": 0, "id": 2}),
        json!({"op": "subscribe", "room_id": scene.room, "id": 3}),
    ];
    for frame in &asked {
        peer.say(frame);
    }
    assert!(matches!(peer.event().await, ServerEvent::Ack { .. }));
    assert!(matches!(peer.event().await, ServerEvent::Subscribed { .. }));
    assert!(matches!(peer.event().await, ServerEvent::CaughtUp { .. }));
    for (n, frame) in asked.iter().enumerate() {
        peer.say(frame);
        let refused = peer.frame().await;
        assert_eq!(serde_json::to_value(&refused.id).unwrap(), n + 1);
        let ServerEvent::Error { code, retryable, retry_after_s, key: k, room_id, .. } = refused.event else {
            panic!("no error")
        };
        assert_eq!((code, retryable, room_id), (ErrorCode::RateLimited, true, Some(scene.room)));
        assert!(retry_after_s.is_some_and(|s| (1..=60).contains(&s)), "{retry_after_s:?}");
        assert_eq!(k, (n == 0).then_some(key));
    }
    peer.say(&json!({"op": "ping"}));
    assert_eq!(peer.event().await, ServerEvent::Pong, "what no service is asked for goes on");
    scene.post("live");
    assert_eq!(peer.seq().await, 2, "a subscription stands although another was refused");
    let token = scene.platform.tokens.lock().unwrap()["token-ann"].clone().unwrap();
    let mut second = scene.connect();
    scene.platform.tokens.lock().unwrap().insert("second".to_owned(), Ok(token));
    second.say(&json!({"op": "auth", "access_token": "second"}));
    assert!(matches!(second.event().await, ServerEvent::Ready { .. }));
    second.say(&asked[2]);
    assert_eq!(second.error().await, ErrorCode::RateLimited, "another socket brings no other allowance");
}

#[tokio::test(start_paused = true)]
async fn a_silent_client_is_pinged_and_then_closed() {
    let scene = Scene::new();
    let mut peer = scene.log_in("ann").await;
    let begun = tokio::time::Instant::now();
    assert!(matches!(peer.next().await, Some(WsMessage::Ping(_))));
    assert_eq!(begun.elapsed().as_secs(), 25);
    assert_eq!(peer.close_code().await, 4003);
    assert_eq!(begun.elapsed().as_secs(), 35);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_answers_pings_stays() {
    let scene = Scene::new();
    let mut peer = scene.log_in("ann").await;
    for _ in 0..10 {
        assert!(matches!(peer.next().await, Some(WsMessage::Ping(_))));
        peer.send(WsMessage::Pong(bytes::Bytes::new()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_nothing_is_cut_and_the_others_get_everything() {
    let scene = Scene::with(GatewayConfig { send_queue_bytes: 16 * 1024, ..GatewayConfig::default() });
    let mut quick = scene.log_in("quick").await;
    let mut slow = scene.log_in("slow").await;
    for peer in [&mut quick, &mut slow] {
        peer.say(&json!({"op": "subscribe", "room_id": scene.room}));
        assert!(matches!(peer.event().await, ServerEvent::Subscribed { .. }));
        assert!(matches!(peer.event().await, ServerEvent::CaughtUp { .. }));
    }
    slow.stop_reading();
    for seq in 1..=200 {
        scene.post("text");
        assert_eq!(quick.seq().await, seq);
    }
    let ended = tokio::time::timeout(Duration::from_secs(30), slow.ended).await.unwrap().unwrap();
    assert_eq!(ended.message(), Closing::from(chatapp_types::frame::CloseReason::Slow).message());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_little_but_steadily_stays_and_one_that_stops_is_cut() {
    let scene = Scene::new();
    let mut slow = scene.log_in("slow").await;
    slow.say(&json!({"op": "subscribe", "room_id": scene.room}));
    assert!(matches!(slow.event().await, ServerEvent::Subscribed { .. }));
    assert!(matches!(slow.event().await, ServerEvent::CaughtUp { .. }));
    slow.stop_reading();
    for _ in 0..20 {
        scene.post("text");
    }
    for seq in 1..=10 {
        tokio::time::sleep(Duration::from_secs(20)).await;
        slow.read_only(1);
        assert_eq!(slow.seq().await, seq);
    }
    let stopped = tokio::time::Instant::now();
    let closing = slow.ended.await.unwrap();
    assert_eq!(closing.message(), Closing::from(chatapp_types::frame::CloseReason::Slow).message());
    assert!(stopped.elapsed().as_secs() < 60, "{:?}", stopped.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_lane_that_is_full_pauses_reading_and_loses_nothing() {
    let scene = Scene::with(GatewayConfig { rate_limits: crate::Switch::Off, ..GatewayConfig::default() });
    let gate = Arc::new(Notify::new());
    *scene.platform.gate.lock().unwrap() = Some(gate.clone());
    let mut peer = scene.log_in("ann").await;
    for _ in 0..100 {
        peer.say(&json!({"op": "send", "room_id": scene.room, "key": SendKey::new(), "body": "hi"}));
    }
    tokio::time::sleep(Duration::from_mins(2)).await;
    *scene.platform.gate.lock().unwrap() = None;
    gate.notify_one();
    let mut acked = 0;
    while acked < 100 {
        match peer.next().await.unwrap() {
            WsMessage::Text(text) if text.contains("\"ack\"") => acked += 1,
            WsMessage::Ping(_) => peer.send(WsMessage::Pong(bytes::Bytes::new())),
            WsMessage::Text(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(scene.platform.rooms.lock().unwrap()[&scene.room].len(), 100);
}

#[tokio::test(start_paused = true)]
async fn at_shutdown_what_waits_is_written_and_the_client_told_to_come_back() {
    let scene = Scene::new();
    let mut peer = scene.log_in("ann").await;
    peer.say(&json!({"op": "ping"}));
    let closing = tokio::spawn(scene.services.sockets.clone().close_all(Duration::from_secs(2)));
    assert_eq!(peer.close_code().await, 4000);
    drop(peer);
    closing.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_interruption_of_delivery_is_told_to_who_comes_and_who_is_there() {
    let scene = Scene::new();
    let services = scene.services.clone();
    tokio::spawn(services.sockets.clone().follow_delivery(services.hub.delivery().clone()));
    let mut peer = scene.log_in("ann").await;
    tokio::task::yield_now().await;
    services.hub.delivery().note::<()>(&Err(LogError::Unavailable("away".into())));
    assert_eq!(peer.event().await, ServerEvent::Delivery { ok: false });
    let mut late = scene.log_in("bob").await;
    assert_eq!(late.event().await, ServerEvent::Delivery { ok: false });
    services.hub.delivery().note(&Ok(()));
    assert_eq!(peer.event().await, ServerEvent::Delivery { ok: true });
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_breaks_the_socket_is_told_so_in_the_sockets_words() {
    let scene = Scene::new();
    for (fault, code) in [(Closing::Protocol, 1002), (Closing::NotText, 1007)] {
        let mut peer = scene.log_in("ann").await;
        peer.break_off(fault);
        assert_eq!(peer.close_code().await, code);
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_socket_is_small() {
    let scene = Scene::new();
    let services = scene.services.clone();
    let outbox = services.outbox();
    let mut conversation = V1::begin(services.clone(), here(), outbox.clone(), None);
    let (socket, _peer) = socket(&outbox);
    let own = size_of_val(&pump::run(socket, &outbox, services.budget(), &mut conversation));
    let whole = own + size_of::<V1>() + size_of::<LiveSocket>();
    assert!(whole < 4 * 1024, "{own} + {} + {}", size_of::<V1>(), size_of::<LiveSocket>());
}
