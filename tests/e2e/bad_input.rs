//! Requests that are malformed, oversized, wrongly typed or hostile: each gets its problem, none an error of ours,
//! and nothing is half-written.

mod bodies;
mod frames;
mod places;
mod version0;

use std::collections::BTreeMap;

use chatapp_testkit::{Answer, PASSWORD, Platform, User, unique_name};
use chatapp_types::ErrorCode;
use reqwest::Method;
use rusqlite::Connection;
use serde_json::json;

use crate::surface::{Call, Cast, Operation, Role, Scene, Surface, Visibility, call};

/// All but the index of words, which is brought up to date in the background.
const COUNTED_TABLES: &str = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'messages_words*' AND name <> 'messages_indexed'";

/// What is sent in place of a good request, and how it is refused.
pub(crate) struct Bad {
    pub(crate) what: String,
    pub(crate) content_type: Option<&'static str>,
    pub(crate) body: Vec<u8>,
    pub(crate) statuses: &'static [u16],
}

/// A platform with an owner in a room, to whom every call would be allowed.
struct Stage {
    platform: Platform,
    surface: Surface,
    cast: Cast,
    scene: Scene,
}

impl Stage {
    async fn new() -> Self {
        let platform = Platform::start().await;
        let cast = Cast::new(&platform).await;
        let scene = Scene::new(&cast, Visibility::Private, &[Role::Owner, Role::Member]).await;
        Self { surface: Surface::read(&platform).await, platform, cast, scene }
    }

    fn owner(&self) -> &User {
        self.cast.user(Role::Owner)
    }

    fn call(&self, operation: &Operation) -> Call {
        call(operation, "", &self.cast, &self.scene, Role::Owner)
    }

    /// How many rows each table has.
    fn rows(&self) -> BTreeMap<String, i64> {
        let database = Connection::open(self.platform.data_dir().join("chatapp.db")).unwrap();
        let mut tables = database.prepare(COUNTED_TABLES).unwrap();
        let names: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        let count =
            |name: &str| database.query_row(&format!("SELECT count(*) FROM \"{name}\""), [], |row| row.get(0)).unwrap();
        names.into_iter().map(|name| (name.clone(), count(&name))).collect()
    }

    /// The platform still answers, and nothing in it broke.
    async fn is_well(&self) {
        self.owner().get("/v1/users/me").await.expect(200);
        let output = self.platform.output();
        let broken = output.lines().find(|line| line.contains("panicked") || line.contains("\"ERROR\""));
        assert_eq!(broken, None, "the log tells of a bug");
    }
}

/// The answer is a refusal of ours in its full form.
#[track_caller]
fn assert_problem(what: &str, answer: &Answer) {
    let status = answer.status.as_u16();
    let known = ErrorCode::ALL.iter().find(|code| answer.json["code"] == code.as_str());
    let code = known.unwrap_or_else(|| panic!("{what}: {status} without a known code: {}", answer.text));
    assert_eq!(answer.headers["content-type"], "application/problem+json", "{what}");
    assert_eq!((code.status(), answer.json["status"].as_u64()), (status, Some(u64::from(status))), "{what}");
    for field in ["type", "title", "instance", "trace_id"] {
        assert!(answer.json[field].is_string(), "{what}: no {field}: {}", answer.text);
    }
}

async fn send_bad(user: &User, call: &Call, bad: Bad) -> Answer {
    let request = call.head(user);
    let request = match bad.content_type {
        Some(kind) => request.header("content-type", kind),
        None => request,
    };
    user.send(request.body(bad.body)).await
}

#[tokio::test]
async fn a_body_that_is_not_what_was_asked_for_is_refused_and_writes_nothing() {
    let stage = Stage::new().await;
    let before = stage.rows();
    let mut sent = 0;
    for operation in stage.surface.operations().values().filter(|o| o.body.is_some()) {
        let call = stage.call(operation);
        for bad in bodies::malformed(&stage.surface, operation, call.body.as_ref().unwrap()) {
            let (what, statuses) = (format!("{}: {}", operation.id, bad.what), bad.statuses);
            let answer = send_bad(stage.owner(), &call, bad).await;
            assert!(statuses.contains(&answer.status.as_u16()), "{what}: {} {}", answer.status, answer.text);
            assert_problem(&what, &answer);
            sent += 1;
        }
    }
    assert!(sent > 200, "only {sent} requests");
    assert_eq!(stage.rows(), before);
    stage.is_well().await;
}

#[tokio::test]
async fn a_hostile_value_in_any_field_is_taken_or_refused_and_breaks_nothing() {
    let stage = Stage::new().await;
    for operation in stage.surface.operations().values().filter(|o| o.body.is_some()) {
        // Each on its own account and room, for some of these values are good ones.
        let cast = stage.cast.recast(&stage.platform, Role::Owner).await;
        let scene = Scene::new(&cast, Visibility::Public, &[Role::Owner]).await;
        let call = call(operation, "", &cast, &scene, Role::Owner);
        for (what, body) in bodies::hostile(&stage.surface, operation, call.body.as_ref().unwrap()) {
            let what = format!("{}: {what}", operation.id);
            let answer = Call { body: Some(body), ..call.clone() }.send(cast.user(Role::Owner)).await;
            assert!(answer.status.as_u16() < 500, "{what}: {} {}", answer.status, answer.text);
            if !answer.status.is_success() {
                assert_problem(&what, &answer);
            }
        }
    }
    stage.is_well().await;
}

#[tokio::test]
async fn what_is_no_id_and_no_page_is_refused_in_every_place() {
    let stage = Stage::new().await;
    let before = stage.rows();
    for operation in stage.surface.operations().values() {
        let call = stage.call(operation);
        for (path, statuses) in places::bad(operation, &call) {
            let what = format!("{}: {path}", operation.id);
            let answer = Call { path, ..call.clone() }.send(stage.owner()).await;
            let status = answer.status.as_u16();
            assert!(statuses.contains(&status), "{what}: {status} {}", answer.text);
            if status >= 400 {
                assert_problem(&what, &answer);
            }
        }
    }
    assert_eq!(stage.rows(), before);
    stage.is_well().await;
}

#[tokio::test]
async fn a_method_that_a_path_does_not_have_is_refused() {
    let stage = Stage::new().await;
    let operations = stage.surface.operations();
    for operation in operations.values() {
        let path = stage.call(operation).path;
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::TRACE] {
            if operations.values().any(|o| o.path == operation.path && o.method == method) {
                continue;
            }
            let answer = stage.owner().send(stage.owner().request(method.clone(), &path)).await;
            answer.expect_problem(405, "method_not_allowed");
        }
    }
}

/// A body that says how long it is, and the same in pieces, without a length that could be looked at first.
fn whole_and_in_pieces(body: &str) -> [reqwest::Body; 2] {
    let pieces: Vec<_> = body.as_bytes().chunks(16_384).map(|c| Ok::<_, std::io::Error>(c.to_vec())).collect();
    [body.to_owned().into(), reqwest::Body::wrap_stream(futures::stream::iter(pieces))]
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_so_that_its_sender_reads_why() {
    let stage = Stage::new().await;
    let body = json!({"username": unique_name("big"), "password": "x".repeat(300_000)}).to_string();
    let nobody = User::anonymous(&stage.platform);
    // More than once, for it is a race between the answer and the end of the connection.
    for _ in 0..20 {
        for body in whole_and_in_pieces(&body) {
            let request = nobody.request(Method::POST, "/v1/auth/register");
            let answer = nobody.send(request.header("content-type", "application/json").body(body)).await;
            answer.expect_problem(413, "too_large");
        }
    }
}

#[tokio::test]
async fn a_password_of_five_megabytes_is_refused_before_it_is_hashed() {
    let stage = Stage::new().await;
    let before = stage.rows();
    let body = json!({"username": unique_name("big"), "password": "x".repeat(5_000_000)}).to_string();
    let nobody = User::anonymous(&stage.platform);
    for path in ["/v1/auth/register", "/v1/auth/login", "/users/register", "/users/login"] {
        for body in whole_and_in_pieces(&body) {
            let request = nobody.request(Method::POST, path).header("content-type", "application/json").body(body);
            // So much is not read to its end: its sender may see the connection go instead of the answer.
            assert_eq!(nobody.try_send(request).await.map_or(413, |answer| answer.status.as_u16()), 413, "{path}");
        }
    }
    for length in [257, 60_000] {
        let register = json!({"username": unique_name("big"), "password": "aB3-".repeat(length).get(..length)});
        nobody.post("/v1/auth/register", &register).await.expect_problem(422, "invalid");
    }
    let longest = json!({"username": unique_name("big"), "password": "aB3-xY7_".repeat(32)});
    nobody.post("/v1/auth/register", &longest).await.expect(201);
    let almost = json!({"username": longest["username"], "password": &"aB3-xY7_".repeat(32)[..255]});
    nobody.post("/v1/auth/login", &almost).await.expect_problem(401, "invalid_credentials");
    let grown: Vec<_> = stage.rows().into_iter().filter(|(name, n)| before[name] != *n).collect();
    assert!(grown.iter().all(|(name, n)| *n == before[name] + 1), "one account and its session: {grown:?}");
    let me = json!({"username": stage.owner().name, "password": PASSWORD});
    nobody.post("/v1/auth/login", &me).await.expect(200);
    stage.is_well().await;
}
