//! Who may do what: every operation of the description × every relation to a room, against a table.
//!
//! `matrix/expectations.txt` has a row for each operation (and for some of their variants) and each kind of room. An
//! operation without a row fails, and so does a row without an operation.

mod table;
mod version0;

use std::collections::{BTreeMap, BTreeSet};

use chatapp_testkit::{Answer, Platform, Setup};
use futures::{StreamExt as _, stream};
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::surface::{Call, Cast, Operation, ROLES, Role, Scene, Surface, Visibility, call};
use table::{Expected, Row};

/// Rows that are tried at once.
const AT_ONCE: usize = 8;
/// Operations after which a session or an account is not what it was: each is called by users of its own.
const ENDS_SESSIONS: [&str; 5] = [
    "POST /v1/auth/refresh",
    "POST /v1/auth/logout",
    "PUT /v1/auth/password",
    "DELETE /v1/auth/sessions/",
    "DELETE /v1/users/me",
];

async fn platform() -> Platform {
    Setup::default().env("CHATAPP_ROOMS_PER_OWNER", "100000").start().await
}

#[tokio::test]
async fn every_operation_has_a_row_and_every_row_an_operation() {
    let platform = Platform::start().await;
    let described: BTreeSet<String> = Surface::read(&platform).await.operations().into_keys().collect();
    let listed: BTreeSet<String> = table::rows().into_iter().map(|row| row.operation).collect();
    let without_row: Vec<_> = described.difference(&listed).collect();
    let without_operation: Vec<_> = listed.difference(&described).collect();
    assert!(without_row.is_empty(), "operations that the matrix does not list: {without_row:?}");
    assert!(without_operation.is_empty(), "rows of operations that are not there: {without_operation:?}");
}

#[tokio::test]
async fn each_may_do_what_the_table_says_and_a_hidden_room_is_an_absent_one() {
    let platform = platform().await;
    let operations = Surface::read(&platform).await.operations();
    let trial = Trial { cast: Cast::new(&platform).await, platform, operations };
    let rows = table::rows();
    let wrong: Vec<Vec<String>> =
        stream::iter(&rows).map(|row| trial.row(row)).buffer_unordered(AT_ONCE).collect().await;
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{} of {} cells:\n{}", wrong.len(), rows.len() * ROLES.len(), wrong.join("\n"));
}

struct Trial {
    platform: Platform,
    cast: Cast,
    operations: BTreeMap<String, Operation>,
}

impl Trial {
    /// Tries all roles of a row, and says what was otherwise than expected.
    async fn row(&self, row: &Row) -> Vec<String> {
        // An operation that is not there is told by the other test.
        let Some(operation) = self.operations.get(&row.operation) else { return vec![] };
        let shared = match operation.method {
            Method::GET => Some(Scene::new(&self.cast, row.room, &ROLES).await),
            _ => None,
        };
        let mut wrong = Vec::new();
        for (role, expected) in ROLES.into_iter().zip(&row.cells) {
            let (cast, scene) = match &shared {
                Some(scene) => (self.cast.clone(), scene.clone()),
                None => self.own_scene(operation, row, role).await,
            };
            let at = format!("{row} {role:?}");
            let call = call(operation, &row.variant, &cast, &scene, role);
            // Whoever holds the code may come in, and then the room is there.
            let outside = operation.method == Method::GET || *expected != Expected::Ok;
            let hidden = row.room == Visibility::Private && role.is_outside() && outside;
            let absent = hidden.then(|| self::call(operation, &row.variant, &cast, &scene.absent(), role));
            let answer = call.send(cast.user(role)).await;
            if let Some(difference) = expected.difference(&answer) {
                wrong.push(format!("{at}: {difference}"));
            }
            if let Some(absent) = absent.filter(|absent| tells_of_a_room(&call, absent)) {
                let other = absent.send(cast.user(role)).await;
                wrong.extend(told_apart(&answer, &other).map(|difference| format!("{at}: {difference}")));
            }
        }
        wrong
    }

    /// A room for one call that changes it, and a user for one who ends sessions.
    async fn own_scene(&self, operation: &Operation, row: &Row, role: Role) -> (Cast, Scene) {
        let route = format!("{} {}", operation.method, operation.path);
        let ends = |start: &&str| if start.ends_with('/') { route.starts_with(*start) } else { route == **start };
        let cast = if ENDS_SESSIONS.iter().any(ends) {
            self.cast.recast(&self.platform, role).await
        } else {
            self.cast.clone()
        };
        let scene = Scene::new(&cast, row.room, &[role]).await;
        (cast, scene)
    }
}

/// Whether two calls differ in the room they name, and not in things that are new in each call.
fn tells_of_a_room(call: &Call, absent: &Call) -> bool {
    let code = |call: &Call| call.body.as_ref().map(|body| body["secret_code"].clone());
    call.path != absent.path || code(call) != code(absent)
}

/// How the answer for a hidden room differs from that for one that is not there.
fn told_apart(hidden: &Answer, absent: &Answer) -> Option<String> {
    let seen = |answer: &Answer| {
        let mut body = answer.json.clone();
        if let Value::Object(fields) = &mut body {
            fields.remove("trace_id");
            fields.remove("instance");
        }
        let mut headers: Vec<String> =
            answer.headers.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
        headers.retain(|line| {
            !line.starts_with("x-request-id") && !line.starts_with("date") && !line.starts_with("content-length")
        });
        (answer.status, body, headers)
    };
    let (hidden, absent) = (seen(hidden), seen(absent));
    (hidden != absent).then(|| format!("a hidden room answers {hidden:?}, an absent one {absent:?}"))
}

impl Expected {
    /// How an answer differs from what was expected.
    fn difference(&self, answer: &Answer) -> Option<String> {
        let got = (answer.status.as_u16(), answer.json["code"].as_str());
        let as_expected = match self {
            Self::Ok => answer.status.is_success() || answer.status == StatusCode::SWITCHING_PROTOCOLS,
            Self::Problem(status, code) => got == (*status, Some(*code)),
        };
        (!as_expected).then(|| format!("expected {self:?}, got {got:?} {}", answer.text))
    }
}
