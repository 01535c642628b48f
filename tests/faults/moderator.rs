//! The owner of the rooms, who puts a member out again and again, and lets them in again.

use std::sync::Arc;

use chatapp_testkit::User;
use reqwest::Method;
use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::Chance;
use crate::checker::{Bar, Change};
use crate::gateways::Gateways;
use crate::journal::Journal;
use crate::outcome::insist;

/// What the moderator owns.
pub(crate) struct Moderator {
    pub(crate) owner: User,
    pub(crate) victim: User,
    /// The room, public: it is joined again without a code.
    pub(crate) room: String,
    pub(crate) gateways: Arc<Gateways>,
    pub(crate) journal: Journal,
    /// Tells the victim's listener to subscribe again.
    pub(crate) again: mpsc::UnboundedSender<String>,
    pub(crate) chance: Chance,
    pub(crate) stop: CancellationToken,
}

impl Moderator {
    /// Runs until it is told to stop; the victim is a member then.
    pub(crate) async fn run(mut self) {
        while !self.stop.is_cancelled() {
            let pause = self.chance.millis(300..1_500);
            self.stop.run_until_cancelled(tokio::time::sleep(pause)).await;
            let blocks = self.chance.one_in(2);
            self.put_out(blocks).await;
            tokio::time::sleep(self.chance.millis(100..900)).await;
            self.let_in(blocks).await;
        }
    }

    async fn put_out(&self, blocks: bool) {
        let (room, name) = (&self.room, &self.victim.name);
        let (method, path, kind) = if blocks {
            (Method::PUT, format!("/v1/rooms/{room}/blocks/{name}"), "member.blocked")
        } else {
            (Method::DELETE, format!("/v1/rooms/{room}/members/{name}"), "member.removed")
        };
        self.change(&self.owner, method, &path, kind).await;
        let told = self.journal.now();
        let bar = Bar { room: room.clone(), user: name.clone(), seq: None, told, lifted: None };
        self.journal.write().bars.push(bar);
    }

    async fn let_in(&self, was_blocked: bool) {
        let (room, name) = (&self.room, &self.victim.name);
        if was_blocked {
            let path = format!("/v1/rooms/{room}/blocks/{name}");
            self.change(&self.owner, Method::DELETE, &path, "member.unblocked").await;
        }
        let lifted = self.journal.now();
        if let Some(bar) = self.journal.write().bars.iter_mut().rfind(|bar| bar.room == *room && bar.user == *name) {
            bar.lifted = Some(lifted);
        }
        self.change(&self.victim, Method::POST, &format!("/v1/rooms/{room}/join"), "member.joined").await;
        let _ = self.again.send(room.clone());
    }

    async fn change(&self, user: &User, method: Method, path: &str, kind: &'static str) {
        let mut place = self.chance.clone().index(self.gateways.len());
        let at = move || {
            place += 1;
            user.at(&self.gateways.url(place))
        };
        let insisted = insist(at, method, path, &json!({})).await;
        let sure = insisted.refused.is_none() && !insisted.lost;
        // A refusal after a try that was lost says that the lost one was done.
        let done = if sure { Some(true) } else { (!insisted.lost).then_some(false) };
        let change = Change { room: self.room.clone(), kind, who: self.victim.name.clone(), done };
        self.journal.write().changes.push(change);
    }
}
