//! A platform in containers, by its single URL: what must hold while they are killed.
//!
//! Run by `deploy/docker/prove.sh`, which gives the URL and the means to kill.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chatapp_testkit::{Platform, Socket, User, kill_given};
use serde_json::{Value, json};
use uuid::Uuid;

/// A container is started again, and its service ready, well before.
const RECOVERS_WITHIN: Duration = Duration::from_mins(1);
/// Sends that are acknowledged before the next kill, and after it.
const SENDS: usize = 60;
/// The services, and the bus, by their names in the compose files.
const CONTAINERS: [&str; 5] = ["messages", "rooms", "auth", "nats", "server"];

/// What was acknowledged: seq → text.
type Acknowledged = Arc<Mutex<BTreeMap<u64, String>>>;

/// Sends until it is told to stop; each message under its key again and again until it is acknowledged.
async fn write(user: User, room: String, writer: usize, sent: Acknowledged, stop: Arc<AtomicBool>) {
    let mut n = 0;
    while !stop.load(Ordering::Relaxed) {
        let (key, body) = (Uuid::now_v7(), format!("w{writer} m{n}"));
        let seq = loop {
            let request = user
                .request(reqwest::Method::POST, &format!("/v1/rooms/{room}/messages"))
                .header("Idempotency-Key", key.to_string())
                .timeout(Duration::from_secs(10))
                .json(&json!({"body": body}));
            match user.try_send(request).await {
                Ok(answer) if answer.status.is_success() => break answer.json["seq"].as_u64().unwrap(),
                Ok(answer) => assert!(answer.status.is_server_error(), "{}: {}", answer.status, answer.text),
                Err(_) => {}
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        let former = sent.lock().unwrap().insert(seq, body);
        assert_eq!(former, None, "two messages at {seq}");
        n += 1;
    }
}

/// Follows the room over one socket after the other, each from the last entry seen; every entry must come once.
async fn follow(platform: Arc<Platform>, user: User, room: String, seen: Arc<Mutex<Vec<Value>>>) {
    loop {
        let Ok(mut socket) = Socket::open(&platform.ws_url("/v1/ws"), Some(&user.token)).await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let last = seen.lock().unwrap().last().map_or(0, |entry| entry["seq"].as_u64().unwrap());
        let subscribe = json!({"op": "subscribe", "room_id": room, "after": last});
        socket.send(&subscribe).await;
        while let Ok(frame) = socket.next().await {
            match frame["ev"].as_str() {
                Some("entry") => seen.lock().unwrap().push(frame),
                // The service that has the log is away: the socket is good, and is told again what is wanted.
                Some("error") => break,
                _ => {}
            }
        }
    }
}

async fn until(what: &str, check: impl Fn() -> bool) {
    let begun = Instant::now();
    while !check() {
        assert!(begun.elapsed() < RECOVERS_WITHIN, "still waiting after {RECOVERS_WITHIN:?}: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn whole_history(user: &User, room: &str) -> Vec<Value> {
    let (mut all, mut after) = (Vec::new(), 0);
    loop {
        let page = user.get(&format!("/v1/rooms/{room}/timeline?after={after}&limit=200")).await.expect(200);
        let items = page["items"].as_array().unwrap().clone();
        let Some(last) = items.last() else { return all };
        after = last["seq"].as_u64().unwrap();
        all.extend(items);
    }
}

fn numbers(entries: &[Value]) -> Vec<u64> {
    entries.iter().map(|entry| entry["seq"].as_u64().unwrap()).collect()
}

#[tokio::test]
#[ignore = "needs a platform in containers: run deploy/docker/prove.sh"]
async fn every_container_may_be_killed_under_load_and_nothing_is_lost_or_doubled() {
    let platform = Arc::new(Platform::start().await);
    let (ann, bob) = (User::register(&platform, "ann").await, User::register(&platform, "bob").await);
    let room = ann.public_room("lab").await;
    bob.join(&room).await;
    let (sent, seen, stop) = (Acknowledged::default(), Arc::default(), Arc::<AtomicBool>::default());
    let reader = tokio::spawn(follow(platform.clone(), bob.clone(), room.clone(), Arc::clone(&seen)));
    let writers: Vec<_> = (0..4)
        .map(|writer| tokio::spawn(write(ann.clone(), room.clone(), writer, sent.clone(), stop.clone())))
        .collect();
    let acknowledged = || sent.lock().unwrap().len();
    for container in CONTAINERS {
        let goal = acknowledged() + SENDS;
        until("messages before a kill", || acknowledged() >= goal).await;
        kill_given(container);
        let goal = acknowledged() + SENDS;
        until(&format!("messages after {container} was killed"), || acknowledged() >= goal).await;
    }
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
    let history = whole_history(&ann, &room).await;
    let all: Vec<u64> = (1..=history.len() as u64).collect();
    assert_eq!(numbers(&history), all, "contiguous from 1");
    let posted: BTreeMap<u64, String> = history
        .iter()
        .filter(|entry| entry["kind"] == "message.posted")
        .map(|entry| (entry["seq"].as_u64().unwrap(), entry["body"].as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(posted, *sent.lock().unwrap(), "what is in the log is what was acknowledged");
    until("the reader has everything", || seen.lock().unwrap().len() >= all.len()).await;
    reader.abort();
    assert_eq!(numbers(&seen.lock().unwrap()), all, "every entry came once and in order");
}
