//! The service, built as a host builds it, and users who call it.

use std::sync::Arc;

use async_trait::async_trait;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::Ed25519KeyPair;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use chatapp_bus::LocalBus;
use chatapp_db::Database;
use chatapp_http::claims::ISSUER;
use chatapp_http::service_token::SERVICE_TOKEN_HEADER;
use chatapp_http::{CallError, KeySource, MasterSecret, Revocations, ServiceKeys, TokenVerifier};
use chatapp_rooms::{Deps, RoomsConfig};
use chatapp_types::clock::ManualClock;
use chatapp_types::{Clock, SessionId, UserRef};
use http_body_util::BodyExt as _;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use crate::database::{TestDatabase, noon};

/// The one key of these tests' issuer.
struct Issuer(EncodingKey);

impl Issuer {
    fn new() -> Self {
        let document = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()).unwrap();
        Self(EncodingKey::from_ed_der(document.as_ref()))
    }
}

#[async_trait]
impl KeySource for Issuer {
    async fn fetch(&self) -> Result<JwkSet, CallError> {
        let mut jwk = Jwk::from_encoding_key(&self.0, Algorithm::EdDSA).unwrap();
        jwk.common.key_id = Some("test".to_owned());
        Ok(JwkSet { keys: vec![jwk] })
    }
}

/// A user with a token for everything.
pub(crate) struct User {
    pub(crate) account: UserRef,
    pub(crate) token: String,
    pub(crate) v0_token: String,
}

/// The service and what it stands on.
pub(crate) struct Service {
    pub(crate) router: Router,
    pub(crate) openapi: utoipa::openapi::OpenApi,
    pub(crate) database: TestDatabase,
    pub(crate) bus: Arc<LocalBus>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) tasks: TaskTracker,
    pub(crate) shutdown: CancellationToken,
    pub(crate) keys: ServiceKeys,
    issuer: Arc<Issuer>,
    _ended: DropGuard,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    /// Status and code, as one is told of a refusal.
    pub(crate) fn told(&self) -> (u16, &str) {
        (self.status.as_u16(), self.body["code"].as_str().unwrap_or_default())
    }

    /// The body without what differs by request.
    pub(crate) fn comparable(mut self) -> (StatusCode, String) {
        if let Some(body) = self.body.as_object_mut() {
            for own in ["instance", "trace_id"] {
                assert!(body.remove(own).is_none_or(|value| value.is_string()));
            }
        }
        (self.status, self.body.to_string())
    }

    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self.body
    }

    pub(crate) fn text(&self, field: &str) -> String {
        self.body[field].as_str().unwrap_or_else(|| panic!("no {field}: {}", self.body)).to_owned()
    }
}

impl Service {
    pub(crate) async fn start() -> Self {
        Self::on(TestDatabase::open().await, RoomsConfig::default()).await
    }

    pub(crate) async fn on(database: TestDatabase, config: RoomsConfig) -> Self {
        let (bus, clock) = (Arc::new(LocalBus::new()), Arc::new(ManualClock::new(noon())));
        let (secret, issuer) = (MasterSecret::generate(), Arc::new(Issuer::new()));
        let (shutdown, tasks) = (CancellationToken::new(), TaskTracker::new());
        let parts = chatapp_rooms::build(Deps {
            db: Database::Sqlite(database.sqlite.clone()),
            bus: bus.clone(),
            clock: clock.clone(),
            secret: secret.clone(),
            verifier: Arc::new(TokenVerifier::new(issuer.clone(), Revocations::fixed(), clock.clone())),
            config,
            shutdown: shutdown.clone(),
            tasks: tasks.clone(),
        });
        let parts = parts.await.unwrap();
        Self {
            router: parts.router,
            openapi: parts.openapi,
            database,
            bus,
            clock,
            tasks,
            keys: ServiceKeys::new(&secret),
            issuer,
            _ended: shutdown.clone().drop_guard(),
            shutdown,
        }
    }

    pub(crate) async fn user(&self, name: &str) -> User {
        let user = self.database.add_user(name).await;
        let (token, v0_token) =
            (self.token(&user, "chatapp", "read write moderate account"), self.token(&user, "v0", "read write"));
        User { account: user, token, v0_token }
    }

    pub(crate) fn token(&self, user: &UserRef, audience: &str, scope: &str) -> String {
        let now = self.clock.now().seconds();
        let claims = json!({
            "iss": ISSUER, "aud": audience, "sub": user.id, "name": user.username, "sid": SessionId::new(),
            "scope": scope, "iat": now, "exp": now + 600,
        });
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some("test".to_owned());
        encode(&header, &claims, &self.issuer.0).unwrap()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// A call of version 1; `Value::Null` sends no body.
    pub(crate) async fn call(&self, user: &User, method: Method, path: &str, body: Value) -> Answer {
        self.call_as(&user.token, method, path, body).await
    }

    pub(crate) async fn call_as(&self, token: &str, method: Method, path: &str, body: Value) -> Answer {
        let request = Request::builder().method(method).uri(path).header("authorization", format!("Bearer {token}"));
        self.send(with_body(request, body)).await
    }

    /// A call of version 0, as the gateway passes it on.
    pub(crate) async fn v0(&self, token: Option<&str>, method: Method, path: &str, body: Value) -> Answer {
        let own = self.keys.mint("rooms", &*self.clock);
        let mut request = Request::builder().method(method).uri(path).header(SERVICE_TOKEN_HEADER, own);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        self.send(with_body(request, body)).await
    }

    pub(crate) async fn get(&self, user: &User, path: &str) -> Answer {
        self.call(user, Method::GET, path, Value::Null).await
    }

    pub(crate) async fn post(&self, user: &User, path: &str, body: Value) -> Answer {
        self.call(user, Method::POST, path, body).await
    }

    pub(crate) async fn put(&self, user: &User, path: &str, body: Value) -> Answer {
        self.call(user, Method::PUT, path, body).await
    }

    pub(crate) async fn patch(&self, user: &User, path: &str, body: Value) -> Answer {
        self.call(user, Method::PATCH, path, body).await
    }

    pub(crate) async fn delete(&self, user: &User, path: &str) -> Answer {
        self.call(user, Method::DELETE, path, Value::Null).await
    }

    /// A new public room's path.
    pub(crate) async fn public_room(&self, owner: &User, name: &str) -> String {
        let made = self.post(owner, "/v1/rooms", json!({ "name": name, "visibility": "public" })).await;
        format!("/v1/rooms/{}", made.expect(201)["id"].as_str().unwrap())
    }

    /// A new private room's path and code.
    pub(crate) async fn private_room(&self, owner: &User, name: &str) -> (String, String) {
        let made = self.post(owner, "/v1/rooms", json!({ "name": name, "visibility": "private" })).await;
        let code = made.text("secret_code");
        (format!("/v1/rooms/{}", made.expect(201)["id"].as_str().unwrap()), code)
    }

    pub(crate) fn advance_seconds(&self, seconds: i64) {
        self.clock.advance(time::Duration::seconds(seconds));
    }
}

fn with_body(request: axum::http::request::Builder, body: Value) -> Request<Body> {
    match body {
        Value::Null => request.body(Body::empty()).unwrap(),
        body => request.header("content-type", "application/json").body(Body::from(body.to_string())).unwrap(),
    }
}
