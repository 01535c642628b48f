//! Somebody who logs out again and again, and tries what the ended session still opens.

use std::sync::Arc;
use std::time::Duration;

use chatapp_testkit::{PASSWORD, User};
use reqwest::Method;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::Chance;
use crate::checker::Revocation;
use crate::gateways::Gateways;
use crate::journal::Journal;
use crate::outcome::{ask, insist, read};

/// For so long an ended session is tried.
const TRIED_FOR: Duration = Duration::from_secs(4);
/// One path a service.
const PATHS: [&str; 3] = ["/v1/users/me", "/v1/rooms", "/v1/unread"];

/// Runs until it is told to stop.
pub(crate) async fn run(
    user: User,
    gateways: Arc<Gateways>,
    journal: Journal,
    mut chance: Chance,
    stop: CancellationToken,
) {
    while !stop.is_cancelled() {
        if let Some(session) = log_in(&user, &gateways, &mut chance).await {
            let at = || session.at(&gateways.url(0));
            insist(at, Method::POST, "/v1/auth/logout", &json!({})).await;
            let (name, told) = (user.name.clone(), journal.now());
            let worked = used_after(&session, &gateways, &journal, &mut chance, &stop).await;
            journal.write().revocations.push(Revocation { user: name, told, uses: worked });
        }
        stop.run_until_cancelled(tokio::time::sleep(Duration::from_millis(500))).await;
    }
}

async fn log_in(user: &User, gateways: &Gateways, chance: &mut Chance) -> Option<User> {
    let user = user.at(&gateways.url(chance.index(gateways.len()))).with_token("");
    let request =
        user.request(Method::POST, "/v1/auth/login").json(&json!({"username": user.name, "password": PASSWORD}));
    let answer = ask(&user, request).await.filter(|answer| answer.status.is_success())?;
    Some(user.with_session(&answer.json))
}

/// When a use was asked that succeeded.
async fn used_after(
    session: &User,
    gateways: &Gateways,
    journal: &Journal,
    chance: &mut Chance,
    stop: &CancellationToken,
) -> Vec<Duration> {
    let (begun, mut uses) = (journal.now(), Vec::new());
    while journal.now() < begun + TRIED_FOR && !stop.is_cancelled() {
        let there = session.at(&gateways.url(chance.index(gateways.len())));
        let asked = journal.now();
        if read(&there, PATHS[chance.index(PATHS.len())]).await.is_some() {
            uses.push(asked);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    uses
}
