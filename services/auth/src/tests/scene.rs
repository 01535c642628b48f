//! A service on an empty database, with a clock that tests move, and a client of it.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use chatapp_bus::LocalBus;
use chatapp_db::{Database, DatabaseConfig, DatabaseUrl};
use chatapp_http::{LayerConfig, MasterSecret, Revocations, ServiceGate, ServiceKeys, TokenVerifier, standard};
use chatapp_types::clock::ManualClock;
use chatapp_types::{SessionId, Timestamp};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use time::Duration;
use tower::ServiceExt as _;

use crate::announce::Announcement;
use crate::app::Accounts;
use crate::config::{AuthConfig, PasswordConfig};
use crate::operator::Operator;
use crate::routes::{self, AppState};
use crate::store::AuthStore;
use crate::store::sqlite::SqliteAuthStore;

/// A good password.
pub(super) const PASSWORD: &str = "tea-at-four-oclock";

pub(super) struct Scene {
    pub(super) db: Database,
    pub(super) clock: Arc<ManualClock>,
    pub(super) secret: MasterSecret,
    pub(super) config: AuthConfig,
    pub(super) accounts: Arc<Accounts>,
    pub(super) store: Arc<SqliteAuthStore>,
    pub(super) revocations: Revocations,
    pub(super) openapi: utoipa::openapi::OpenApi,
    router: Router,
    keys: Arc<ServiceKeys>,
    dir: Arc<tempfile::TempDir>,
}

/// The settings of most tests: hashing is the same, but quick.
pub(super) fn config() -> AuthConfig {
    AuthConfig {
        passwords: PasswordConfig { memory_kib: 64, passes: 1, ..PasswordConfig::default() },
        ..AuthConfig::default()
    }
}

impl Scene {
    pub(super) async fn new() -> Self {
        Self::with(config()).await
    }

    pub(super) async fn with(config: AuthConfig) -> Self {
        let dir = Arc::new(tempfile::tempdir().unwrap());
        let url = DatabaseUrl::sqlite(dir.path().join("chatapp.db"));
        let db = Database::open(&DatabaseConfig::new(url)).await.unwrap();
        db.migrate().await.unwrap();
        let clock = Arc::new(ManualClock::new("2026-11-22T12:00:00Z".parse().unwrap()));
        Self::on(db, clock, MasterSecret::generate(), config, dir).await
    }

    /// Another process on the same database, with other settings.
    pub(super) async fn beside(&self, config: AuthConfig) -> Self {
        Self::on(self.db.clone(), self.clock.clone(), self.secret.clone(), config, self.dir.clone()).await
    }

    async fn on(
        db: Database,
        clock: Arc<ManualClock>,
        secret: MasterSecret,
        config: AuthConfig,
        dir: Arc<tempfile::TempDir>,
    ) -> Self {
        let announcement = Announcement::new(Arc::new(LocalBus::new()));
        let revocations = Revocations::fixed();
        announcement.also_tell(revocations.clone());
        let Database::Sqlite(sqlite) = db.clone() else { panic!("not SQLite") };
        let store = Arc::new(SqliteAuthStore::new(sqlite, announcement.hook()));
        let shared: Arc<dyn AuthStore> = store.clone();
        let accounts = Accounts::open(shared, clock.clone(), &secret, config.clone()).await.unwrap();
        let accounts = Arc::new(accounts);
        let keys = Arc::new(ServiceKeys::new(&secret));
        let verifier = TokenVerifier::new(accounts.keys().clone(), revocations.clone(), clock.clone());
        let gate = ServiceGate::new(keys.clone(), crate::SERVICE, clock.clone());
        let state = AppState { accounts: accounts.clone(), verifier: Arc::new(verifier), gate: Arc::new(gate) };
        let (router, openapi) = routes::router(state);
        let router = standard(router, LayerConfig::new(crate::SERVICE));
        Self { db, clock, secret, config, accounts, store, revocations, openapi, router, keys, dir }
    }

    pub(super) fn operator(&self) -> Operator {
        Operator::new(&self.db, self.clock.clone(), &self.config).unwrap()
    }

    pub(super) fn wait(&self, seconds: i64) {
        self.clock.advance(Duration::seconds(seconds));
    }

    pub(super) fn now(&self) -> Timestamp {
        chatapp_types::Clock::now(&*self.clock)
    }

    pub(super) fn get(&self, path: &str) -> Call<'_> {
        self.call(Method::GET, path)
    }

    pub(super) fn post(&self, path: &str, body: Value) -> Call<'_> {
        self.call(Method::POST, path).json(&body)
    }

    pub(super) fn put(&self, path: &str, body: Value) -> Call<'_> {
        self.call(Method::PUT, path).json(&body)
    }

    pub(super) fn delete(&self, path: &str) -> Call<'_> {
        self.call(Method::DELETE, path)
    }

    pub(super) fn call(&self, method: Method, path: &str) -> Call<'_> {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        Call { scene: self, request }.from("192.0.2.1")
    }

    pub(super) fn login(&self, username: &str, password: &str) -> Call<'_> {
        self.post("/v1/auth/login", json!({ "username": username, "password": password }))
    }

    pub(super) async fn refresh(&self, token: &str) -> Answer {
        self.post("/v1/auth/refresh", json!({ "refresh_token": token })).send().await
    }

    /// Makes an account with [`PASSWORD`].
    pub(super) async fn register(&self, username: &str) -> LoggedIn {
        let body = json!({ "username": username, "password": PASSWORD });
        self.post("/v1/auth/register", body).send().await.expect(StatusCode::CREATED).logged_in()
    }

    /// Logs in with [`PASSWORD`].
    pub(super) async fn enter(&self, username: &str) -> LoggedIn {
        self.login(username, PASSWORD).send().await.expect(StatusCode::OK).logged_in()
    }

    /// Whether the token is let in.
    pub(super) async fn admits(&self, access: &str) -> bool {
        self.get("/v1/users/me").bearer(access).send().await.status == StatusCode::OK
    }
}

pub(super) struct Call<'a> {
    scene: &'a Scene,
    request: Request<Body>,
}

impl Call<'_> {
    pub(super) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(super) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.request.headers_mut().insert(name, value.parse().unwrap());
        self
    }

    pub(super) fn json(self, body: &Value) -> Self {
        let mut call = self.header("content-type", "application/json");
        *call.request.body_mut() = Body::from(body.to_string());
        call
    }

    pub(super) fn body(mut self, body: impl Into<Body>) -> Self {
        *self.request.body_mut() = body.into();
        self
    }

    /// Over a connection from that address.
    pub(super) fn from(mut self, address: &str) -> Self {
        let peer = SocketAddr::new(address.parse().unwrap(), 4711);
        self.request.extensions_mut().insert(ConnectInfo(peer));
        self
    }

    /// As another service.
    pub(super) fn by_service(self) -> Self {
        let token = self.scene.keys.mint(crate::SERVICE, &*self.scene.clock);
        self.header("x-service-token", &token)
    }

    pub(super) async fn send(self) -> Answer {
        let response = self.scene.router.clone().oneshot(self.request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status: parts.status, headers: parts.headers, json }
    }
}

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) json: Value,
}

impl Answer {
    #[track_caller]
    pub(super) fn expect(self, status: StatusCode) -> Self {
        assert_eq!(self.status, status, "{}", self.json);
        self
    }

    /// Checks that it is the problem of that code.
    #[track_caller]
    pub(super) fn refused(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status.as_u16(), self.json["code"].as_str()), (status, Some(code)), "{}", self.json);
        self
    }

    /// The fields that it says are wrong, and how.
    pub(super) fn errors(&self) -> Vec<(String, String)> {
        let word = |error: &Value, name: &str| error[name].as_str().unwrap().to_owned();
        let errors = self.json["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| (word(error, "field"), word(error, "code"))).collect()
    }

    pub(super) fn retry_after(&self) -> Option<u64> {
        self.headers.get(header::RETRY_AFTER)?.to_str().unwrap().parse().ok()
    }

    #[track_caller]
    pub(super) fn logged_in(&self) -> LoggedIn {
        let text = |name: &str| self.json[name].as_str().unwrap().to_owned();
        LoggedIn { access: text("access_token"), refresh: text("refresh_token") }
    }
}

#[derive(Clone, Debug)]
pub(super) struct LoggedIn {
    pub(super) access: String,
    pub(super) refresh: String,
}

impl LoggedIn {
    pub(super) fn session(&self) -> SessionId {
        claims(&self.access)["sid"].as_str().unwrap().parse().unwrap()
    }
}

/// What a token says, unverified.
pub(super) fn claims(token: &str) -> Value {
    part(token, 1)
}

/// The header (0) or the claims (1) of a token.
pub(super) fn part(token: &str, index: usize) -> Value {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let encoded = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(encoded).unwrap()).unwrap()
}
