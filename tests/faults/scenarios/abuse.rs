//! Clients that mean harm, while others go on undisturbed.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use chatapp_testkit::User;
use futures::FutureExt as _;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::Chance;
use crate::checker::Invariant;
use crate::run::Run;
use crate::scenario::{ALONE, Scenario};

pub(crate) const ALL: &[Scenario] = &[
    Scenario {
        name: "slowloris",
        about: "hundreds of connections say a byte now and then: others are served as before",
        forms: ALONE,
        quick: ALONE,
        plan: |_| {},
        fault: |run| slowloris(run).boxed(),
    },
    Scenario {
        name: "bad-frames",
        about: "oversized frames, fragments without end, bytes that are no text, floods of pings: closed, others undisturbed",
        forms: ALONE,
        quick: ALONE,
        plan: |_| {},
        fault: |run| bad_frames(run).boxed(),
    },
    Scenario {
        name: "random-requests",
        about: "requests of the description's paths with anything in them: never an internal error",
        forms: ALONE,
        quick: ALONE,
        plan: |_| {},
        fault: |run| random_requests(run).boxed(),
    },
    Scenario {
        name: "login-flood",
        about: "far more log-ins than can be checked: senders are not slowed",
        forms: ALONE,
        quick: ALONE,
        plan: |_| {},
        fault: |run| login_flood(run).boxed(),
    },
];

fn address(run: &Run) -> String {
    run.stage.urls()[0].trim_start_matches("http://").to_owned()
}

async fn slowloris(run: &mut Run) {
    let (address, from) = (address(run), run.journal.now());
    let mut streams = Vec::new();
    for _ in 0..run.times(200, 800) {
        if let Ok(mut stream) = TcpStream::connect(&address).await {
            let _ = stream.write_all(b"POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nX-A: ").await;
            streams.push(stream);
        }
    }
    run.tally.others += streams.len();
    let begun = Instant::now();
    while begun.elapsed() < run.seconds(5, 40) {
        for stream in &mut streams {
            let _ = stream.write_all(b"a").await;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    run.expect_pace(from);
}

/// The bytes of a client's frame: masked with zeros, as the protocol allows.
fn frame(first: u8, payload: &[u8], claimed: u64) -> Vec<u8> {
    let mut bytes = vec![first, 0x80 | 127];
    bytes.extend(claimed.to_be_bytes());
    bytes.extend([0; 4]);
    bytes.extend(payload);
    bytes
}

/// Sends during an attack, from which its effect is judged.
const SENDS_TO_JUDGE_BY: usize = 20;

async fn bad_frames(run: &mut Run) {
    let (address, token, from) = (address(run), run.crowd.members[2].token.clone(), run.journal.now());
    let half = vec![b'a'; 40_000];
    let attacks: [(&str, Vec<u8>, bool); 6] = [
        ("a frame of a gigabyte", frame(0x81, &half, 1 << 30), true),
        ("a frame of more than there is", frame(0x81, &half, u64::MAX >> 1), true),
        ("bytes that are no text", frame(0x81, b"\xff\xfe\xfd", 3), true),
        ("a reserved opcode", frame(0x83, b"", 0), true),
        ("fragments without end", [frame(0x01, &half, 40_000), frame(0x00, &half, 40_000).repeat(40)].concat(), true),
        ("a flood of pings", frame(0x89, b"x", 1).repeat(3_000), false),
    ];
    let (rounds, mut round) = (run.times(4, 40), 0);
    // A fast server has ended them all before anybody else has said a word: then there would be no pace to look at.
    while round < rounds || (run.tried_since(from) < SENDS_TO_JUDGE_BY && round < 50 * rounds) {
        round += 1;
        for (what, bytes, ends) in &attacks {
            let Some(mut stream) = upgraded(&address, &token).await else {
                run.object(Invariant::Recovers, format!("no connection for {what}, round {round}"));
                continue;
            };
            run.tally.others += 1;
            let _ = stream.write_all(bytes).await;
            let mut sink = [0; 4096];
            let ended = async { while matches!(stream.read(&mut sink).await, Ok(n) if n > 0) {} };
            if *ends && tokio::time::timeout(Duration::from_secs(5), ended).await.is_err() {
                run.object(Invariant::Bounded, format!("{what} did not end the connection"));
            }
        }
    }
    run.expect_pace(from);
}

async fn upgraded(address: &str, token: &str) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    let request = format!(
        "GET /v1/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut read = [0; 512];
    let n = tokio::time::timeout(Duration::from_secs(5), stream.read(&mut read)).await.ok()?.ok()?;
    read[..n].starts_with(b"HTTP/1.1 101").then_some(stream)
}

async fn random_requests(run: &mut Run) {
    let nobody = User::nobody_at(&run.stage.urls()[0]);
    let description = nobody.get("/openapi.json").await.expect(200);
    let paths: Vec<(String, String)> = description["paths"]
        .as_object()
        .into_iter()
        .flatten()
        .flat_map(|(path, methods)| {
            methods.as_object().into_iter().flatten().map(move |(m, _)| (m.clone(), path.clone()))
        })
        .filter(|(_, path)| !path.contains("/users/me") && !path.contains("logout") && !path.contains("password"))
        .collect();
    let (victim, rooms) = (User::register_at(&run.stage.urls()[0], "fuzzer").await, run.crowd.rooms.clone());
    for _ in 0..run.times(600, 10_000) {
        let (method, path) = run.chance.pick(&paths).clone();
        let path = filled(&path, &rooms, &mut run.chance);
        let Ok(method) = Method::from_bytes(method.to_uppercase().as_bytes()) else { continue };
        let user = if run.chance.one_in(8) { nobody.clone() } else { victim.clone() };
        let mut request = user.request(method.clone(), &path);
        if method != Method::GET {
            request = request.json(&anything(&mut run.chance, 3));
        }
        if run.chance.one_in(2) {
            request = request.header("Idempotency-Key", uuid::Uuid::now_v7().to_string());
        }
        run.tally.others += 1;
        let Some(answer) = crate::outcome::ask(&user, request).await else {
            run.object(Invariant::Bounded, format!("{method} {path} was not answered"));
            continue;
        };
        if answer.status == 500 {
            run.object(Invariant::Bounded, format!("{method} {path} was answered with {}", answer.text));
        }
    }
}

/// The path with something in its places.
fn filled(path: &str, rooms: &[String], chance: &mut Chance) -> String {
    let mut filled = String::new();
    for (n, part) in path.split(['{', '}']).enumerate() {
        if n % 2 == 0 {
            filled.push_str(part);
            continue;
        }
        match chance.index(5) {
            0 => filled.push_str(&rooms[chance.index(rooms.len())]),
            1 => filled.push_str(&uuid::Uuid::now_v7().to_string()),
            2 => filled.push_str("%00%ff'\"--"),
            3 => filled.push_str(&chance.draw().to_string()),
            _ => filled.push_str("..%2f..%2f"),
        }
    }
    if chance.one_in(3) {
        let name = *chance.pick(&["after", "before", "around", "limit", "cursor", "q", "scope", "room_id"]);
        let value = *chance.pick(&["-1", "18446744073709551616", "%F0%9F%92%A9", "'; DROP TABLE x; --", "", "NaN"]);
        let _ = write!(filled, "?{name}={value}");
    }
    filled
}

/// Any JSON, often with names that the platform knows.
fn anything(chance: &mut Chance, depth: usize) -> Value {
    const NAMES: [&str; 10] =
        ["body", "name", "visibility", "username", "password", "secret_code", "role", "until", "seq", "reply_to"];
    const TEXTS: [&str; 7] =
        ["", "a", "private", "\u{0}", "\u{202e}evil", "0193a5b0-0000-7000-8000-000000000001", "9999-12-31T00:00:00Z"];
    match chance.index(if depth == 0 { 4 } else { 7 }) {
        0 => Value::Null,
        1 => json!(chance.draw()),
        2 => json!(*chance.pick(&TEXTS)),
        3 => json!(-1.5e300),
        4 => (0..chance.index(4)).map(|_| anything(chance, depth - 1)).collect(),
        _ => Value::Object(
            (0..chance.index(5)).map(|_| ((*chance.pick(&NAMES)).to_owned(), anything(chance, depth - 1))).collect(),
        ),
    }
}

async fn login_flood(run: &mut Run) {
    let (user, from, begun) = (run.crowd.members[2].clone(), run.journal.now(), Instant::now());
    let nobody = user.with_token("");
    let mut flood = tokio::task::JoinSet::new();
    while begun.elapsed() < run.seconds(4, 30) {
        for _ in 0..25 {
            let request = nobody.request(Method::POST, "/v1/auth/login");
            let request = request.json(&json!({"username": user.name, "password": "wrong-but-long-enough"}));
            let nobody = nobody.clone();
            flood
                .spawn(async move { crate::outcome::ask(&nobody, request).await.map(|answer| answer.status.as_u16()) });
            run.tally.others += 1;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    run.expect_pace(from);
    flood.shutdown().await;
}
