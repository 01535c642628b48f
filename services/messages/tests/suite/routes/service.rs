//! The service on a database of its own, called without a socket.

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chatapp_http::claims::ISSUER;
use chatapp_http::{
    Audience, CallError, Claims, KeySource, MasterSecret, Revocations, ServiceKeys, ServiceParts, TokenVerifier,
};
use chatapp_messages::{Deps, MessagesConfig, build};
use chatapp_types::{Clock as _, SendKey, SessionId, UserRef};
use http_body_util::BodyExt as _;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use crate::world::Backend as _;
use crate::world::World;
use crate::world::sqlite::SqliteBackend;

/// Every scope of a person.
pub(super) const ALL: &str = "read write moderate account";

pub(super) struct Service {
    pub(super) world: World<SqliteBackend>,
    pub(super) openapi: utoipa::openapi::OpenApi,
    router: Router,
    signer: EncodingKey,
    services: ServiceKeys,
    shutdown: CancellationToken,
}

impl Drop for Service {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// An answer, read to its end.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) json: Value,
}

impl Answer {
    /// Status and problem code.
    pub(super) fn problem(&self) -> (u16, &str) {
        (self.status.as_u16(), self.json["code"].as_str().unwrap_or("no code"))
    }
}

struct PublicKey(JwkSet);

#[async_trait]
impl KeySource for PublicKey {
    async fn fetch(&self) -> Result<JwkSet, CallError> {
        Ok(self.0.clone())
    }
}

fn key_pair() -> (EncodingKey, PublicKey) {
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
    let pair = Ed25519KeyPair::generate().unwrap();
    let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
    let set = json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "test", "alg": "EdDSA", "x": x }] });
    let private = pair.to_pkcs8v1().unwrap();
    (EncodingKey::from_ed_der(private.as_ref()), PublicKey(serde_json::from_value(set).unwrap()))
}

impl Service {
    pub(super) async fn start() -> Self {
        Self::on(World::new().await).await
    }

    /// On a database that has a past.
    pub(super) async fn on(world: World<SqliteBackend>) -> Self {
        let (signer, source) = key_pair();
        let secret = MasterSecret::generate();
        let shutdown = CancellationToken::new();
        let ServiceParts { router, openapi } = build(Deps {
            db: world.backend.database(),
            bus: world.bus.clone(),
            clock: world.clock.clone(),
            secret: secret.clone(),
            config: MessagesConfig::default(),
            verifier: Arc::new(TokenVerifier::new(Arc::new(source), Revocations::fixed(), world.clock.clone())),
            shutdown: shutdown.clone(),
            tasks: TaskTracker::new(),
        })
        .await
        .unwrap();
        Self { world, openapi, router, signer, services: ServiceKeys::new(&secret), shutdown }
    }

    pub(super) fn token(&self, user: &UserRef, aud: Audience, scope: &str) -> String {
        let now = self.world.clock.now().seconds();
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud,
            sub: user.id,
            name: user.username.clone(),
            sid: SessionId::new(),
            scope: scope.to_owned(),
            iat: now,
            exp: now + 600,
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some("test".to_owned());
        encode(&header, &claims, &self.signer).unwrap()
    }

    /// A call by a user with every scope.
    pub(super) fn call(&self, user: &UserRef, method: Method, path: &str) -> Call<'_> {
        self.anonymous(method, path).bearer(&self.token(user, Audience::App, ALL))
    }

    pub(super) fn anonymous(&self, method: Method, path: &str) -> Call<'_> {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        Call { service: self, request }
    }

    /// A call by another service, for a user of version 0.
    pub(super) fn v0(&self, user: &UserRef, method: Method, path: &str) -> Call<'_> {
        self.anonymous(method, path).service_token().bearer(&self.token(user, Audience::V0, ALL))
    }
}

pub(super) struct Call<'s> {
    service: &'s Service,
    request: Request<Body>,
}

impl Call<'_> {
    pub(super) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.request.headers_mut().append(name, value.parse().unwrap());
        self
    }

    pub(super) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(super) fn service_token(self) -> Self {
        let token = self.service.services.mint("messages", &*self.service.world.clock);
        self.header("x-service-token", &token)
    }

    pub(super) fn key(self, key: SendKey) -> Self {
        self.header("idempotency-key", &key.to_string())
    }

    pub(super) fn json(self, body: &Value) -> Self {
        self.bytes("application/json", body.to_string().into_bytes())
    }

    pub(super) fn bytes(mut self, content_type: &str, body: Vec<u8>) -> Self {
        self.request.headers_mut().insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        *self.request.body_mut() = Body::from(body);
        self
    }

    pub(super) async fn send(self) -> Answer {
        let response = self.service.router.clone().oneshot(self.request).await.unwrap();
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let json = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
        Answer { status: head.status, headers: head.headers, json }
    }
}
