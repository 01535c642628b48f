//! Those who look where they may not: a member who is put out now and then, and somebody who never was in.

use std::sync::Arc;
use std::time::Duration;

use chatapp_testkit::{Answer, User};
use reqwest::Method;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::Chance;
use crate::checker::{Glimpse, Probe};
use crate::gateways::Gateways;
use crate::journal::Journal;
use crate::outcome::ask;

/// Reads a room on every path there is, over and over, whether in or out.
pub(crate) async fn read_on(
    user: User,
    room: String,
    gateways: Arc<Gateways>,
    journal: Journal,
    mut chance: Chance,
    stop: CancellationToken,
) {
    let paths = [
        ("timeline", format!("/v1/rooms/{room}/timeline?after=0&limit=200")),
        ("history", format!("/v1/rooms/{room}/messages?limit=20")),
        ("search", format!("/v1/search?q=says&room_id={room}")),
        ("counts", "/v1/unread".to_owned()),
    ];
    while !stop.is_cancelled() {
        let (path, url) = chance.pick(&paths);
        let user = user.at(&gateways.url(chance.index(gateways.len())));
        let asked = journal.now();
        let answer = ask(&user, user.request(Method::GET, url)).await;
        if let Some(answer) = answer.filter(|answer| !answer.status.is_server_error()) {
            let (answered, showed) = (journal.now(), showed(&answer, &room));
            let (user, room) = (user.name.clone(), room.clone());
            journal.write().glimpses.push(Glimpse { user, room, path, asked, answered, showed });
        }
        tokio::time::sleep(chance.millis(20..150)).await;
    }
}

/// The highest number that an answer shows of the room; `None` when it shows nothing of it.
fn showed(answer: &Answer, room: &str) -> Option<u64> {
    if !answer.status.is_success() {
        return None;
    }
    let page = &answer.json;
    let number = |value: &Value| value["seq"].as_u64().or(value["message"]["seq"].as_u64()).or(value["head"].as_u64());
    match page["items"].as_array() {
        // A list over all rooms shows the room by its rows alone.
        Some(items) if page["head"].is_null() => items
            .iter()
            .filter(|item| item["room_id"] == room || item["message"]["room_id"] == room)
            .filter_map(number)
            .max(),
        _ => Some(page["head"].as_u64().unwrap_or_default()),
    }
}

/// Asks the same of a hidden room and of one that never was.
pub(crate) async fn compare(
    outsider: User,
    room: String,
    gateways: Arc<Gateways>,
    journal: Journal,
    mut chance: Chance,
    stop: CancellationToken,
) {
    while !stop.is_cancelled() {
        let user = outsider.at(&gateways.url(chance.index(gateways.len())));
        let question = chance.index(QUESTIONS.len());
        let (hidden, absent) =
            (put(&user, question, &room).await, put(&user, question, &Uuid::now_v7().to_string()).await);
        if let (Some(hidden), Some(absent)) = (hidden, absent) {
            let question = QUESTIONS[question].1.to_owned();
            journal.write().probes.push(Probe { question, hidden, absent });
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

const QUESTIONS: [(Method, &str); 8] = [
    (Method::GET, "/v1/rooms/{room}"),
    (Method::GET, "/v1/rooms/{room}/messages"),
    (Method::GET, "/v1/rooms/{room}/timeline?after=0"),
    (Method::GET, "/v1/rooms/{room}/members"),
    (Method::POST, "/v1/rooms/{room}/join"),
    (Method::POST, "/v1/rooms/{room}/leave"),
    (Method::GET, "/v1/search?q=says&room_id={room}"),
    (Method::PUT, "/v1/rooms/{room}/read"),
];

/// The answer's status and what it says, but for what names the request; `None` where it says nothing of the room.
async fn put(user: &User, question: usize, room: &str) -> Option<String> {
    let (method, path) = &QUESTIONS[question];
    let request = user.request(method.clone(), &path.replace("{room}", room));
    let request = if *method == Method::GET { request } else { request.json(&json!({"seq": 1})) };
    let request = if path.ends_with("join") { request.json(&json!({})) } else { request };
    // Of a token that ran out between two questions nothing is to be learnt.
    let said = |status: u16| status < 500 && status != 401;
    let answer = ask(user, request).await.filter(|answer| said(answer.status.as_u16()))?;
    let mut json = answer.json;
    if let Some(fields) = json.as_object_mut() {
        fields.retain(|name, _| !matches!(name.as_str(), "trace_id" | "instance"));
    }
    Some(format!("{} {json}", answer.status.as_u16()))
}
