//! What an answer, or none, means for a write.

use std::time::Duration;

use chatapp_testkit::{Answer, User};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::checker::Outcome;

/// Without an answer for so long a request is given up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(4);

/// The outcome in an `ack` frame, or in the answer to a post.
pub(crate) fn of_ack(ack: &Value) -> Outcome {
    let message = ack["message_id"].as_str().or(ack["id"].as_str()).unwrap_or_default().to_owned();
    Outcome::Acked { seq: ack["seq"].as_u64().unwrap_or_default(), message }
}

/// The outcome in an `error` frame or a problem: refused, unless it says that nobody knows.
pub(crate) fn of_error(error: &Value) -> Outcome {
    let code = error["code"].as_str().unwrap_or("none").to_owned();
    if error["outcome"] == "unknown" { Outcome::Unknown { why: code } } else { Outcome::Refused { code } }
}

/// Whether a refusal says that the same may succeed later.
pub(crate) fn is_passing(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Acked { .. } => false,
        Outcome::Unknown { .. } => true,
        Outcome::Refused { code } => {
            matches!(code.as_str(), "unavailable" | "timeout" | "rate_limited" | "internal")
        }
    }
}

/// Asks, for as long as one's patience lasts; `None` without an answer.
pub(crate) async fn ask(user: &User, request: RequestBuilder) -> Option<Answer> {
    user.try_send(request.timeout(PATIENCE)).await.ok()
}

/// Reads a resource; `None` when it is refused or there is no answer.
pub(crate) async fn read(user: &User, path: &str) -> Option<Value> {
    let answer = ask(user, user.request(Method::GET, path)).await?;
    answer.status.is_success().then_some(answer.json)
}

/// Posts a message.
pub(crate) async fn post(user: &User, room: &str, key: Uuid, body: &str) -> Outcome {
    let request = user
        .request(Method::POST, &format!("/v1/rooms/{room}/messages"))
        .header("Idempotency-Key", key.to_string())
        .json(&json!({"body": body}));
    match user.try_send(request.timeout(PATIENCE)).await {
        Ok(answer) if answer.status.is_success() => of_ack(&answer.json),
        // Without a problem in it, the answer is none of the platform's.
        Ok(answer) if answer.json["code"].is_string() => of_error(&answer.json),
        Ok(answer) => Outcome::Unknown { why: format!("{} {}", answer.status, answer.text) },
        Err(error) => Outcome::Unknown { why: error.to_string() },
    }
}

/// Does what has no key until an answer says that it is done; whether one was lost on the way.
///
/// Every such call gives the same state when it is made twice.
pub(crate) async fn insist(mut user: impl FnMut() -> User, method: Method, path: &str, body: &Value) -> Insisted {
    let mut insisted = Insisted::default();
    loop {
        let user = user();
        match ask(&user, user.request(method.clone(), path).json(body)).await {
            Some(answer) if answer.status.is_success() => return insisted,
            // A token that the clock has made old is good again when the clock is; a session that has ended is not.
            Some(answer) if answer.status == 401 && answer.json["code"] != "session_revoked" => {}
            Some(answer) if answer.status.is_client_error() => {
                insisted.refused = answer.json["code"].as_str().map(str::to_owned);
                return insisted;
            }
            Some(answer) => insisted.lost |= answer.json["outcome"] == "unknown" || answer.json["code"].is_null(),
            None => insisted.lost = true,
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// How it went.
#[derive(Debug, Default)]
pub(crate) struct Insisted {
    /// A try whose outcome is not known came before.
    pub(crate) lost: bool,
    /// The code of the refusal that ended it.
    pub(crate) refused: Option<String>,
}
