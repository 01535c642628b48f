//! The service as it is hosted: built, with its background tasks, and shut down.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use chatapp_bus::{Bus as _, LocalBus, subject};
use chatapp_db::{Database, DatabaseConfig, DatabaseUrl};
use chatapp_http::{MasterSecret, RevokedSession};
use chatapp_types::{Secret, SystemClock};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use super::scene::{PASSWORD, claims, config};
use crate::operator::Operator;
use crate::{Deps, build, rotate_keys};

const DEADLINE: Duration = Duration::from_secs(20);

struct Running {
    db: Database,
    bus: Arc<LocalBus>,
    secret: MasterSecret,
    router: axum::Router,
    shutdown: CancellationToken,
    tasks: TaskTracker,
    _dir: tempfile::TempDir,
}

async fn run() -> Running {
    let dir = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::sqlite(dir.path().join("chatapp.db"));
    let db = Database::open(&DatabaseConfig::new(url)).await.unwrap();
    db.migrate().await.unwrap();
    let (bus, secret) = (Arc::new(LocalBus::new()), MasterSecret::generate());
    let (shutdown, tasks) = (CancellationToken::new(), TaskTracker::new());
    let deps = Deps {
        db: db.clone(),
        bus: bus.clone(),
        clock: Arc::new(SystemClock),
        secret: secret.clone(),
        config: config(),
        shutdown: shutdown.clone(),
        tasks: tasks.clone(),
    };
    let router = build(deps).await.unwrap().router;
    Running { db, bus, secret, router, shutdown, tasks, _dir: dir }
}

impl Running {
    async fn send(&self, method: &str, path: &str, bearer: &str, body: &Value) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {bearer}"))
            .body(Body::from(body.to_string()))
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    async fn register(&self, username: &str) -> String {
        let body = json!({ "username": username, "password": PASSWORD });
        let (status, answer) = self.send("POST", "/v1/auth/register", "", &body).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        answer["access_token"].as_str().unwrap().to_owned()
    }

    /// Asks who one is until the answer has that status.
    async fn until(&self, access: &str, wanted: StatusCode) {
        let asking = async {
            while self.send("GET", "/v1/users/me", access, &json!(null)).await.0 != wanted {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(DEADLINE, asking).await.unwrap();
    }
}

#[tokio::test]
async fn what_ends_is_on_the_bus_and_refused_by_the_service_itself_at_once() {
    let running = run().await;
    let mut ended = running.bus.subscribe(subject::SESSIONS_REVOKED).await.unwrap();
    let access = running.register("alice").await;
    running.until(&access, StatusCode::OK).await;
    let (status, _) = running.send("POST", "/v1/auth/logout", &access, &json!(null)).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let (status, problem) = running.send("GET", "/v1/users/me", &access, &json!(null)).await;
    assert_eq!((status.as_u16(), problem["code"].as_str()), (401, Some("session_revoked")));
    let event = timeout(DEADLINE, ended.recv()).await.unwrap().unwrap();
    let sessions: Vec<RevokedSession> = serde_json::from_slice(&event.payload).unwrap();
    assert_eq!(sessions[0].session_id.to_string(), claims(&access)["sid"].as_str().unwrap());
}

#[tokio::test]
async fn what_an_operator_ends_beside_the_service_is_found_by_its_poll() {
    let running = run().await;
    let access = running.register("alice").await;
    running.until(&access, StatusCode::OK).await;
    let operator = Operator::new(&running.db, Arc::new(SystemClock), &config()).unwrap();
    operator.reset_password("alice", Secret::new("another-fine-day")).await.unwrap();
    running.until(&access, StatusCode::UNAUTHORIZED).await;
}

#[tokio::test]
async fn a_key_made_beside_the_service_is_published_while_it_runs() {
    let running = run().await;
    let key = rotate_keys(&running.db, &running.secret, &SystemClock, time::Duration::seconds(60)).await.unwrap();
    let asking = async {
        loop {
            let (_, set) = running.send("GET", "/.well-known/jwks.json", "", &json!(null)).await;
            if set["keys"].as_array().unwrap().iter().any(|jwk| jwk["kid"] == key.kid) {
                return set["keys"].as_array().unwrap().len();
            }
            sleep(Duration::from_millis(50)).await;
        }
    };
    assert_eq!(timeout(DEADLINE, asking).await.unwrap(), 2);
}

#[tokio::test]
async fn it_gives_its_sign_of_life_until_it_is_shut_down() {
    let running = run().await;
    let mut beats = running.bus.subscribe(&subject::beat("auth")).await.unwrap();
    timeout(DEADLINE, beats.recv()).await.unwrap().unwrap();
    running.shutdown.cancel();
    running.tasks.close();
    timeout(DEADLINE, running.tasks.wait()).await.unwrap();
}
