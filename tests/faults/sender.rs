//! A client's writing side: sends, repeats what was lost under the same key or gives it up, edits now and then.

use std::ops::Range;
use std::sync::Arc;

use chatapp_testkit::User;
use reqwest::Method;
use serde_json::json;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::Chance;
use crate::checker::{Change, Outcome};
use crate::gateways::Gateways;
use crate::journal::Journal;
use crate::listener::Post;
use crate::outcome::{PATIENCE, ask, is_passing, post};

/// Tries of one message before it is left to be settled at the end.
const TRIES: usize = 3;
/// One message in so many is edited by its author.
const EDITED: u64 = 12;

/// What a sender owns.
pub(crate) struct Sender {
    pub(crate) user: User,
    pub(crate) rooms: Vec<String>,
    pub(crate) gateways: Arc<Gateways>,
    pub(crate) journal: Journal,
    /// To the same user's live connection.
    pub(crate) live: mpsc::Sender<Post>,
    pub(crate) place: usize,
    pub(crate) chance: Chance,
    /// Milliseconds between two messages.
    pub(crate) pause: Range<u64>,
    pub(crate) stop: CancellationToken,
}

impl Sender {
    /// Runs until it is told to stop, and leaves no try without its outcome.
    pub(crate) async fn run(mut self) {
        let mut n = 0;
        while !self.stop.is_cancelled() {
            let pause = self.chance.millis(self.pause.clone());
            if self.stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                return;
            }
            n += 1;
            self.say(n).await;
        }
    }

    async fn say(&mut self, n: u64) {
        let (room, key) = (self.chance.pick(&self.rooms).clone(), Uuid::now_v7());
        let body = format!("{} says {n}", self.user.name);
        let sending = self.journal.begin(&room, &self.user.name, key, &body);
        for _ in 0..TRIES {
            let asked = self.journal.now();
            let outcome = self.attempt(&room, key, &body).await;
            self.journal.attempt(sending, asked, outcome.clone());
            if let Outcome::Acked { message, .. } = &outcome
                && self.chance.one_in(EDITED)
            {
                self.edit(&room, message).await;
            }
            if !is_passing(&outcome) || self.chance.one_in(2) {
                return;
            }
            self.place += 1;
            tokio::time::sleep(self.chance.millis(50..400)).await;
        }
    }

    async fn attempt(&mut self, room: &str, key: Uuid, body: &str) -> Outcome {
        if self.chance.one_in(2) {
            let (reply, answer) = oneshot::channel();
            let frame = Post { room: room.to_owned(), key, body: body.to_owned(), reply };
            if self.live.try_send(frame).is_ok() {
                return match tokio::time::timeout(PATIENCE, answer).await {
                    Ok(Ok(outcome)) => outcome,
                    Ok(Err(_)) => Outcome::Unknown { why: "the connection broke".to_owned() },
                    Err(_) => Outcome::Unknown { why: "no answer on the connection".to_owned() },
                };
            }
        }
        post(&self.user.at(&self.gateways.url(self.place)), room, key, body).await
    }

    async fn edit(&self, room: &str, message: &str) {
        let user = self.user.at(&self.gateways.url(self.place));
        let request = user.request(Method::PATCH, &format!("/v1/rooms/{room}/messages/{message}"));
        let answer = ask(&user, request.json(&json!({"body": format!("{} means {message}", user.name)}))).await;
        let done = answer.and_then(|answer| match answer.status.as_u16() {
            200..=299 => Some(true),
            _ if answer.json["outcome"] == "unknown" || answer.json["code"].is_null() => None,
            _ => Some(false),
        });
        let change = Change { room: room.to_owned(), kind: "message.edited", who: user.name.clone(), done };
        self.journal.write().changes.push(change);
    }
}
