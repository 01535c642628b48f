//! Frames that no client of ours would send.

use chatapp_testkit::{Platform, Socket, User, eventually};
use futures::future::join_all;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

use crate::wire;

/// Connections with a series of frames each.
const CASES: u32 = 150;

/// Something done to a frame.
#[derive(Clone, Debug)]
enum Damage {
    Flip(usize, u8),
    Cut(usize),
    Insert(usize, String),
    Repeat(usize),
    /// Replaces the value of one of its fields.
    Field(usize, Value),
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(json!("x".repeat(5_000))),
        Just(json!("00000000-0000-0000-0000-000000000000")),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z_]{0,8}", inner, 0..4).prop_map(|map| json!(map)),
        ]
    })
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        (any::<usize>(), any::<u8>()).prop_map(|(at, bit)| Damage::Flip(at, bit)),
        any::<usize>().prop_map(Damage::Cut),
        (any::<usize>(), any::<String>()).prop_map(|(at, text)| Damage::Insert(at, text)),
        any::<usize>().prop_map(Damage::Repeat),
        (any::<usize>(), any_json()).prop_map(|(at, value)| Damage::Field(at, value)),
    ]
}

/// A frame of the protocol by number.
fn frame(which: usize, room: &str) -> Value {
    let key = uuid::Uuid::now_v7();
    let all = [
        json!({"op": "auth", "access_token": "a.b.c"}),
        json!({"op": "subscribe", "id": 1, "room_id": room, "after": 0}),
        json!({"op": "unsubscribe", "id": "x", "room_id": room}),
        json!({"op": "send", "room_id": room, "key": key, "body": "hi", "reply_to": key}),
        json!({"op": "typing", "room_id": room}),
        json!({"op": "read", "room_id": room, "seq": 1}),
        json!({"op": "ping", "id": 7}),
    ];
    all[which % all.len()].clone()
}

fn damaged(mut frame: Value, damages: &[Damage]) -> Vec<u8> {
    for damage in damages {
        if let (Damage::Field(at, value), Value::Object(fields)) = (damage, &mut frame) {
            let at = at % fields.len();
            if let Some(field) = fields.values_mut().nth(at) {
                *field = value.clone();
            }
        }
    }
    let mut bytes = frame.to_string().into_bytes();
    for damage in damages {
        let place = |at: usize, len: usize| if len == 0 { 0 } else { at % len };
        match damage {
            Damage::Flip(at, bit) if !bytes.is_empty() => {
                let at = place(*at, bytes.len());
                bytes[at] ^= 1 << (bit % 8);
            }
            Damage::Cut(at) => bytes.truncate(place(*at, bytes.len())),
            Damage::Insert(at, text) => {
                let at = place(*at, bytes.len());
                bytes.splice(at..at, text.bytes());
            }
            Damage::Repeat(at) => bytes.extend_from_within(place(*at, bytes.len())..),
            Damage::Flip(..) | Damage::Field(..) => {}
        }
    }
    bytes
}

/// Sends a series of frames; every one is answered or closes the socket for a reason of the protocol.
async fn survives(platform: &Platform, user: &User, frames: &[Vec<u8>]) -> Result<(), TestCaseError> {
    let mut socket = Socket::connect(platform, user).await;
    for bytes in frames {
        let message = match String::from_utf8(bytes.clone()) {
            Ok(text) => Message::text(text),
            Err(error) => Message::binary(error.into_bytes()),
        };
        socket.send_raw(message).await;
    }
    socket.send(&json!({"op": "ping", "id": "the-end"})).await;
    loop {
        match socket.next().await {
            Ok(frame) if frame["id"] == "the-end" => return Ok(()),
            Ok(_) => {}
            Err(closed) => {
                let known = matches!(closed.code, 4500..=4504);
                prop_assert!(known, "closed by {closed:?}");
                return Ok(());
            }
        }
    }
}

#[test]
fn no_series_of_damaged_frames_breaks_the_server() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (platform, user, room) = runtime.block_on(async {
        let platform = Platform::start().await;
        let user = User::register(&platform, "fuzz").await;
        let room = user.public_room("fuzz").await;
        (platform, user, room)
    });
    let series = prop::collection::vec((any::<usize>(), prop::collection::vec(damage(), 0..4)), 1..12);
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&series, |series| {
        let frames: Vec<_> = series.iter().map(|(which, damages)| damaged(frame(*which, &room), damages)).collect();
        runtime.block_on(survives(&platform, &user, &frames))
    });
    assert_eq!(outcome.map_err(|error| error.to_string()), Ok(()));
    runtime.block_on(user.get("/v1/users/me")).expect(200);
    assert!(!platform.output().contains("panicked"));
}

/// A WebSocket frame of a client: masked by zeros, so that its bytes are what they are.
fn raw_frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match u16::try_from(payload.len()) {
        Ok(length) if length < 126 => frame.push(0x80 | length.to_be_bytes()[1]),
        Ok(length) => {
            frame.push(0xfe);
            frame.extend(length.to_be_bytes());
        }
        Err(_) => {
            frame.push(0xff);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

/// A socket by hand, past its handshake.
async fn by_hand(platform: &Platform, user: &User) -> TcpStream {
    let mut stream = wire::connect(platform).await;
    let handshake = format!(
        "GET /v1/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer {}\r\n\r\n",
        user.token
    );
    stream.write_all(handshake.as_bytes()).await.unwrap();
    let answer = wire::read_answer(&mut stream).await;
    assert_eq!(answer.status, 101, "{}", answer.text);
    stream
}

#[tokio::test]
async fn bytes_that_are_no_websocket_frames_end_their_own_socket_alone() {
    let platform = Platform::start().await;
    let user = User::register(&platform, "raw").await;
    let mut bystander = Socket::connect(&platform, &user).await;
    let series: Vec<(&str, Vec<u8>)> = vec![
        ("not masked", vec![0x81, 0x02, b'{', b'}']),
        ("a reserved opcode", raw_frame(0x83, b"{}")),
        ("reserved bits", raw_frame(0xf1, b"{}")),
        ("compressed without agreement", raw_frame(0xc1, b"{}")),
        ("no UTF-8", raw_frame(0x81, b"\xff\xfe")),
        ("a surrogate", raw_frame(0x81, b"\xed\xa0\x80")),
        ("a continuation of nothing", raw_frame(0x80, b"{}")),
        ("a long control frame", raw_frame(0x89, &[b'x'; 200])),
        ("a fragmented control frame", raw_frame(0x09, b"x")),
        ("a close code that is none", raw_frame(0x88, &[0, 1])),
        ("a close frame of one byte", raw_frame(0x88, &[3])),
        ("a length beyond all memory", vec![0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]),
        ("a length with its highest bit", vec![0x81, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]),
        ("a frame of a mebibyte", raw_frame(0x81, &vec![b'x'; 1 << 20])),
        ("fragments without end", (0..10_000).flat_map(|n| raw_frame(u8::from(n == 0), &[b'x'; 100])).collect()),
        ("HTTP again", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec()),
    ];
    for (what, bytes) in series {
        let mut stream = by_hand(&platform, &user).await;
        let _ = stream.write_all(&bytes).await;
        let mut rest = Vec::new();
        let ended = chatapp_testkit::within(chatapp_testkit::DEADLINE, what, stream.read_to_end(&mut rest));
        // An end is an end, also one by a reset.
        let _ = ended.await;
    }
    bystander.send(&json!({"op": "ping", "id": "still"})).await;
    bystander.expect("pong").await;
    assert!(!platform.output().contains("panicked"));
}

#[tokio::test]
async fn a_flood_of_pings_and_of_empty_fragments_is_the_sockets_own_problem() {
    let platform = Platform::start().await;
    let user = User::register(&platform, "flood").await;
    let floods = [raw_frame(0x89, b"ping").repeat(20_000), raw_frame(0x81, b"").repeat(20_000)];
    let flooding = floods.into_iter().map(|bytes| {
        let (platform, user) = (&platform, &user);
        async move {
            let mut stream = by_hand(platform, user).await;
            let _ = stream.write_all(&bytes).await;
        }
    });
    join_all(flooding).await;
    eventually("another socket answers", || async {
        let mut socket = Socket::connect(&platform, &user).await;
        socket.send(&json!({"op": "ping"})).await;
        (socket.expect("pong").await["ev"] == "pong").then_some(())
    })
    .await;
}
