//! What the tests of routes are made of: the whole gateway, before services that answer what a test tells them to.

#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use chatapp_bus::LocalBus;
use chatapp_http::{
    CallError, KeySource, MasterSecret, Revocations, ServiceClient, ServiceKeys, ServiceParts, TokenVerifier,
};
use chatapp_types::{Clock, SystemClock};
use http::HeaderMap;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::{Deps, GatewayConfig, build};

/// No keys: nobody is logged in.
struct NoKeys;

#[async_trait]
impl KeySource for NoKeys {
    async fn fetch(&self) -> Result<jsonwebtoken::jwk::JwkSet, CallError> {
        Ok(jsonwebtoken::jwk::JwkSet { keys: Vec::new() })
    }
}

/// One request as a service saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) service: &'static str,
    pub(crate) line: String,
    pub(crate) headers: HeaderMap,
}

/// A gateway before scripted services.
pub(crate) struct Scene {
    pub(crate) router: Router,
    pub(crate) seen: Arc<Mutex<Vec<Seen>>>,
}

impl Scene {
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

type Answer = fn(&'static str, &str) -> Response;

/// A gateway whose services answer by the name of the service and the request's line.
pub(crate) async fn gateway_with(config: GatewayConfig, answer: Answer) -> Scene {
    let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let keys = Arc::new(ServiceKeys::new(&MasterSecret::generate()));
    let service = |name: &'static str| {
        let seen = seen.clone();
        let router = Router::new().fallback(async move |request: Request<Body>| {
            let line = format!("{} {}", request.method(), request.uri());
            let headers = request.headers().clone();
            seen.lock().unwrap().push(Seen { service: name, line: line.clone(), headers });
            answer(name, &line)
        });
        ServiceClient::local(name, router, keys.clone(), clock.clone())
    };
    let revocations = Revocations::fixed();
    let parts: ServiceParts = build(Deps {
        auth: service("auth"),
        rooms: service("rooms"),
        messages: service("messages"),
        verifier: Arc::new(TokenVerifier::new(Arc::new(NoKeys), revocations.clone(), clock.clone())),
        revocations,
        bus: Arc::new(LocalBus::new()),
        clock: clock.clone(),
        config,
        shutdown: CancellationToken::new(),
        tasks: TaskTracker::new(),
    })
    .await
    .unwrap();
    Scene { router: parts.router, seen }
}

/// A gateway with default settings, whose services answer 200 to everything.
pub(crate) async fn gateway() -> Scene {
    gateway_with(GatewayConfig::default(), |_, _| "ok".into_response()).await
}
