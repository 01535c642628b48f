//! Live delivery: order, resume, the place of a block, the end of sockets.

use std::time::Duration;

use chatapp_testkit::{Platform, Setup, Socket, User, within};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

fn seqs(entries: &[Value]) -> Vec<u64> {
    entries.iter().map(|e| e["seq"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn a_message_reaches_everyone_in_the_room_and_its_key_its_author_alone() {
    let platform = Platform::start().await;
    let (ann, bob) = (User::register(&platform, "ann").await, User::register(&platform, "bob").await);
    let room = ann.public_room("lab").await;
    bob.join(&room).await;
    let (mut a, mut b) = (Socket::connect(&platform, &ann).await, Socket::connect(&platform, &bob).await);
    a.subscribe(&room, None).await;
    b.subscribe(&room, None).await;
    let key = Uuid::now_v7();
    a.post(&room, key, "hello").await;
    let (mut ack, mut own) = (Value::Null, Value::Null);
    while ack.is_null() || own.is_null() {
        let frame = a.next().await.unwrap();
        match frame["ev"].as_str() {
            Some("ack") => ack = frame,
            Some("entry") => own = frame,
            _ => {}
        }
    }
    let seen = b.entry().await;
    assert_eq!((seen["kind"].as_str(), seen["body"].as_str()), (Some("message.posted"), Some("hello")));
    assert_eq!((&seen["seq"], &seen["message_id"]), (&ack["seq"], &ack["message_id"]));
    assert_eq!(seen["actor"]["username"], ann.name.as_str());
    assert!(seen.get("key").is_none());
    assert_eq!(own["key"], key.to_string());
    assert_eq!(ack["duplicate"], false);
    a.post(&room, key, "hello").await;
    assert_eq!(a.expect("ack").await["duplicate"], true);
}

#[tokio::test]
async fn a_resumed_room_has_no_hole_and_nothing_twice_under_fire() {
    let platform = Platform::start().await;
    let (ann, bob) = (User::register(&platform, "ann").await, User::register(&platform, "bob").await);
    let room = ann.public_room("lab").await;
    bob.join(&room).await;
    let writer = {
        let (ann, room) = (ann.clone(), room.clone());
        tokio::spawn(async move {
            for n in 0..300 {
                ann.say(&room, &format!("m{n}")).await;
            }
        })
    };
    let mut seen: Vec<Value> = Vec::new();
    let last = |seen: &[Value]| seen.last().map_or(0, |e| e["seq"].as_u64().unwrap());
    while last(&seen) < 302 {
        let mut socket = Socket::connect(&platform, &bob).await;
        seen.extend(socket.subscribe(&room, Some(last(&seen))).await);
        for _ in 0..40 {
            if last(&seen) >= 302 {
                break;
            }
            seen.push(socket.entry().await);
        }
    }
    writer.await.unwrap();
    assert_eq!(seqs(&seen), (1..=302).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_block_is_a_point_in_the_order_of_the_live_feed() {
    let platform = Platform::start().await;
    let (ann, bob) = (User::register(&platform, "ann").await, User::register(&platform, "bob").await);
    let room = ann.public_room("lab").await;
    bob.join(&room).await;
    let mut feed = Socket::connect(&platform, &bob).await;
    feed.subscribe(&room, None).await;
    let writer = {
        let (ann, room) = (ann.clone(), room.clone());
        tokio::spawn(async move {
            for n in 0..100 {
                ann.say(&room, &format!("m{n}")).await;
            }
        })
    };
    feed.expect_that("the tenth message", |e| e["body"] == "m10").await;
    let block = ann.put(&format!("/v1/rooms/{room}/blocks/{}", bob.name), &json!({})).await;
    assert!(block.status.is_success(), "{}", block.text);
    let cut = feed.expect_that("the block", |e| e["kind"] == "member.blocked").await;
    assert_eq!(feed.expect("unsubscribed").await["room_id"], room.as_str());
    writer.await.unwrap();
    ann.say(&room, "after").await;
    feed.send(&json!({"op": "ping"})).await;
    loop {
        let frame = feed.next().await.unwrap();
        assert_ne!(frame["ev"], "entry", "an entry after the block {cut}: {frame}");
        if frame["ev"] == "pong" {
            break;
        }
    }
    feed.send(&json!({"op": "subscribe", "id": "again", "room_id": room, "after": 0})).await;
    let refused = feed.expect("error").await;
    assert_eq!((refused["id"].as_str(), refused["retryable"].as_bool()), (Some("again"), Some(false)));
    feed.post(&room, Uuid::now_v7(), "let me in").await;
    assert_eq!(feed.expect("error").await["retryable"], false);
}

#[tokio::test]
async fn a_room_one_cannot_see_is_a_room_that_is_not_there() {
    let platform = Platform::start().await;
    let (ann, eve) = (User::register(&platform, "ann").await, User::register(&platform, "eve").await);
    let (room, _) = ann.private_room("den").await;
    let mut socket = Socket::connect(&platform, &eve).await;
    for id in [room, Uuid::now_v7().to_string()] {
        socket.send(&json!({"op": "subscribe", "room_id": id})).await;
        let error = socket.expect("error").await;
        assert_eq!(error["code"], "room_not_found", "{error}");
    }
}

#[tokio::test]
async fn a_cursor_too_far_behind_gets_a_gap_to_read_by_rest() {
    let platform = Platform::start().await;
    let ann = User::register(&platform, "ann").await;
    let room = ann.public_room("lab").await;
    for batch in 0..11 {
        let sends =
            (0..100).map(|n| ann.post_message(&room, Uuid::now_v7(), if n + batch == 0 { "first" } else { "m" }));
        for answer in futures::future::join_all(sends).await {
            answer.expect(201);
        }
    }
    let mut socket = Socket::connect(&platform, &ann).await;
    socket.send(&json!({"op": "subscribe", "room_id": room, "after": 0})).await;
    let (mut replayed, mut gap) = (0, None);
    loop {
        let frame = socket.next().await.unwrap();
        match frame["ev"].as_str() {
            Some("entry") => {
                assert_eq!((frame["seq"].as_u64(), &gap), (Some(replayed + 1), &None));
                replayed += 1;
            }
            Some("gap") => gap = Some((frame["from"].as_u64().unwrap(), frame["to"].as_u64().unwrap())),
            Some("caught_up") => break,
            _ => {}
        }
    }
    let (mut next, to) = gap.expect("a gap");
    assert!(replayed <= 1_000 && next == replayed + 1, "replayed {replayed}, then a gap from {next}");
    while next <= to {
        let page = ann.get(&format!("/v1/rooms/{room}/timeline?after={}&limit=200", next - 1)).await.expect(200);
        let items = page["items"].as_array().unwrap();
        assert_eq!(items[0]["seq"], next);
        next += items.len() as u64;
    }
    assert_eq!(next, 1_102, "eleven hundred messages and the room's creation");
}

#[tokio::test]
async fn typing_and_presence_reach_the_others() {
    let platform = Platform::start().await;
    let (ann, bob) = (User::register(&platform, "ann").await, User::register(&platform, "bob").await);
    let room = ann.public_room("lab").await;
    bob.join(&room).await;
    let (mut a, mut b) = (Socket::connect(&platform, &ann).await, Socket::connect(&platform, &bob).await);
    a.subscribe(&room, None).await;
    b.subscribe(&room, None).await;
    let names = |list: &Value| list.as_array().is_some_and(|l| l.iter().any(|u| u["username"] == bob.name.as_str()));
    let both = async {
        let (mut types, mut is_online) = (false, false);
        while !(types && is_online) {
            // What is kept nowhere may be lost; who goes on typing says so again.
            b.send(&json!({"op": "typing", "room_id": room})).await;
            let Ok(frame) = tokio::time::timeout(Duration::from_secs(4), a.next()).await else { continue };
            let frame = frame.expect("an open socket");
            types |= frame["ev"] == "typing" && frame["user"]["username"] == bob.name.as_str();
            is_online |= frame["ev"] == "presence" && names(&frame["online"]);
        }
    };
    within(Duration::from_secs(30), "bob is seen, and seen typing", both).await;
    drop(b);
    a.expect_that("bob offline", |f| f["ev"] == "presence" && names(&f["offline"])).await;
}

#[tokio::test]
async fn a_socket_without_a_token_has_five_seconds_and_one_with_a_bad_one_none() {
    let platform = Platform::start().await;
    let ann = User::register(&platform, "ann").await;
    let url = platform.ws_url("/v1/ws");
    let mut silent = Socket::open(&url, None).await.unwrap();
    let mut late = Socket::open(&url, None).await.unwrap();
    late.send(&json!({"op": "auth", "access_token": ann.token})).await;
    late.expect("ready").await;
    let closed = within(Duration::from_secs(10), "the silent socket closes", silent.closed()).await;
    assert_eq!(closed.code, 4504);
    let mut forged = Socket::open(&url, None).await.unwrap();
    forged.send(&json!({"op": "auth", "access_token": "eyJhbGciOiJub25lIn0.e30."})).await;
    assert_eq!(forged.closed().await.code, 4504);
    assert!(Socket::open(&url, Some("nonsense")).await.is_err(), "a bad header is refused before the upgrade");
    assert!(Socket::open(&format!("{url}?token={}", ann.token), None).await.is_ok_and(|_| true));
}

#[tokio::test]
async fn frames_that_are_not_of_the_protocol_are_refused_and_nothing_breaks() {
    let platform = Platform::start().await;
    let ann = User::register(&platform, "ann").await;
    let mut socket = Socket::connect(&platform, &ann).await;
    for text in ["", "{", "[]", "null", "{\"op\":\"dance\"}", "{\"op\":\"subscribe\",\"room_id\":7}", "\u{0}"] {
        socket.send_raw(Message::text(text)).await;
        assert_eq!(socket.expect("error").await["code"], "malformed", "{text:?}");
    }
    let mut large = Socket::connect(&platform, &ann).await;
    large.send_raw(Message::text("x".repeat(70_000))).await;
    assert_eq!(large.closed().await.code, 4503);
    let mut stubborn = Socket::connect(&platform, &ann).await;
    for _ in 0..200 {
        stubborn.send_raw(Message::text("garbage")).await;
    }
    assert_eq!(stubborn.closed().await.code, 4502);
    ann.get("/v1/users/me").await.expect(200);
}

#[tokio::test]
async fn too_many_frames_are_limited_first_and_closed_only_if_that_is_ignored() {
    let platform = Setup::default().throttled().start().await;
    let ann = User::register(&platform, "ann").await;
    let mut socket = Socket::connect(&platform, &ann).await;
    for _ in 0..70 {
        socket.send(&json!({"op": "ping"})).await;
    }
    let error = socket.expect("error").await;
    assert_eq!(error["code"], "rate_limited");
    assert!(error["retry_after_s"].as_u64().unwrap() >= 1);
    for _ in 0..500 {
        socket.send(&json!({"op": "ping"})).await;
    }
    assert_eq!(socket.closed().await.code, 4502);
}

#[tokio::test]
async fn a_client_that_stops_reading_is_closed_and_resumes_without_a_hole() {
    let platform = Platform::start().await;
    let (ann, bob) = (User::register(&platform, "ann").await, User::register(&platform, "bob").await);
    let room = ann.public_room("lab").await;
    bob.join(&room).await;
    let mut lazy = Socket::connect(&platform, &bob).await;
    lazy.subscribe(&room, None).await;
    let text = "x".repeat(4000);
    let mut head = 0;
    for _ in 0..16 {
        let sends = (0..100).map(|_| ann.post_message(&room, Uuid::now_v7(), &text));
        for answer in futures::future::join_all(sends).await {
            head = head.max(answer.expect(201)["seq"].as_u64().unwrap());
        }
    }
    let mut last = 2;
    let closed = loop {
        match lazy.next().await {
            Ok(frame) if frame["ev"] == "entry" => {
                assert_eq!(frame["seq"], last + 1);
                last += 1;
            }
            Ok(_) => {}
            Err(closed) => break closed,
        }
    };
    assert_eq!(closed.code, 4001, "{closed:?}");
    assert!(last < head, "the socket was closed before the end");
    while last < head {
        let mut again = Socket::connect(&platform, &bob).await;
        for seq in seqs(&again.subscribe(&room, Some(last)).await) {
            assert_eq!(seq, last + 1);
            last = seq;
        }
        if last + 1000 < head {
            let page = bob.get(&format!("/v1/rooms/{room}/timeline?after={last}&limit=200")).await.expect(200);
            last = page["items"].as_array().unwrap().last().unwrap()["seq"].as_u64().unwrap();
        }
    }
}

#[tokio::test]
async fn a_shutdown_tells_its_clients_to_come_back() {
    let mut platform = Platform::start().await;
    let ann = User::register(&platform, "ann").await;
    let mut socket = Socket::connect(&platform, &ann).await;
    let (code, closed) = tokio::join!(platform.terminate(), socket.closed());
    assert_eq!((code, closed.code), (0, 4000));
}

#[tokio::test]
async fn a_foreign_page_cannot_open_a_socket() {
    let platform = Platform::start().await;
    let ann = User::register(&platform, "ann").await;
    let request = ann
        .request(reqwest::Method::GET, "/v1/ws")
        .header("origin", "https://evil.example")
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    ann.send(request).await.expect_problem(403, "origin_not_allowed");
}
