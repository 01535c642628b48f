//! What a crash leaves behind: everything that was acknowledged, and nothing half-written.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use chatapp_testkit::{Platform, User};
use serde_json::{Value, json};
use uuid::Uuid;

type Journal = Arc<Mutex<BTreeMap<Uuid, (String, Option<u64>)>>>;

async fn write_until_it_breaks(user: User, room: String, journal: Journal, writer: usize) {
    for n in 0.. {
        let (key, body) = (Uuid::now_v7(), format!("w{writer} m{n}"));
        journal.lock().unwrap().insert(key, (body.clone(), None));
        let request = user
            .request(reqwest::Method::POST, &format!("/v1/rooms/{room}/messages"))
            .header("Idempotency-Key", key.to_string())
            .json(&json!({"body": body}));
        match user.try_send(request).await {
            Ok(answer) if answer.status == 201 => {
                journal.lock().unwrap().insert(key, (body, answer.json["seq"].as_u64()));
            }
            _ => return,
        }
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

#[tokio::test]
async fn a_kill_at_any_moment_loses_no_acknowledged_message_and_the_key_settles_the_rest() {
    let mut platform = Platform::start().await;
    let ann = User::register(&platform, "ann").await;
    let room = ann.public_room("lab").await;
    let journal = Journal::default();
    for round in 0..3 {
        let writers: Vec<_> = (0..8)
            .map(|w| {
                tokio::spawn(write_until_it_breaks(ann.clone(), room.clone(), Arc::clone(&journal), round * 8 + w))
            })
            .collect();
        let goal = journal.lock().unwrap().len() + 200;
        chatapp_testkit::eventually("two hundred sends", || {
            let enough = journal.lock().unwrap().len() >= goal;
            async move { enough.then_some(()) }
        })
        .await;
        platform.kill();
        for writer in writers {
            writer.await.unwrap();
        }
        platform.restart().await;
    }
    let sends = journal.lock().unwrap().clone();
    let unknown = sends.values().filter(|(_, seq)| seq.is_none()).count();
    assert!(unknown > 0, "some sends were cut off");
    let mut settled = BTreeMap::new();
    for (key, (body, seq)) in &sends {
        let answer = ann.post_message(&room, *key, body).await;
        assert!(answer.status.is_success(), "{}", answer.text);
        let now = answer.json["seq"].as_u64().unwrap();
        assert!(seq.is_none_or(|seq| seq == now), "{body} was acknowledged at {seq:?} and is at {now}");
        assert!(settled.insert(now, body.clone()).is_none(), "two messages at {now}");
    }
    let history = whole_history(&ann, &room).await;
    let seqs: Vec<u64> = history.iter().map(|e| e["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>(), "contiguous from 1");
    let posted: BTreeMap<u64, String> = history
        .iter()
        .filter(|e| e["kind"] == "message.posted")
        .map(|e| (e["seq"].as_u64().unwrap(), e["body"].as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(posted, settled);
}

#[tokio::test]
async fn a_block_survives_a_kill() {
    let mut platform = Platform::start().await;
    let (ann, bob) = (User::register(&platform, "ann").await, User::register(&platform, "bob").await);
    let (room, code) = ann.private_room("den").await;
    bob.post("/v1/join", &json!({"secret_code": code})).await.expect(200);
    assert!(ann.put(&format!("/v1/rooms/{room}/blocks/{}", bob.name), &json!({})).await.status.is_success());
    platform.restart().await;
    bob.post("/v1/join", &json!({"secret_code": code})).await.expect_problem(404, "invalid_code");
    bob.get(&format!("/v1/rooms/{room}/messages")).await.expect_problem(404, "room_not_found");
}

#[tokio::test]
async fn a_backup_taken_while_writing_restores_to_a_whole_state() {
    let mut platform = Platform::start().await;
    let ann = User::register(&platform, "ann").await;
    let (room, code) = ann.private_room("den").await;
    ann.say(&room, "kept").await;
    let journal = Journal::default();
    let writer = tokio::spawn(write_until_it_breaks(ann.clone(), room.clone(), Arc::clone(&journal), 0));
    let file = platform.data_dir().with_file_name("copy.backup");
    let backup = platform.operate(&["backup", file.to_str().unwrap()]);
    assert!(backup.status.success(), "{}", String::from_utf8_lossy(&backup.stderr));
    let refused = platform.operate(&["restore", file.to_str().unwrap()]);
    assert!(!refused.status.success(), "a restore under a running server is refused");
    platform.kill();
    writer.await.unwrap();
    let restored = platform.operate(&["restore", file.to_str().unwrap()]);
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    platform.restart().await;
    let ann = ann.login_again().await;
    let history = whole_history(&ann, &room).await;
    let seqs: Vec<u64> = history.iter().map(|e| e["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>());
    assert!(history.iter().any(|e| e["body"] == "kept"));
    let bob = User::register(&platform, "bob").await;
    bob.post("/v1/join", &json!({"secret_code": code})).await.expect(200);
}
