//! The whole gateway, before services that answer what a test tells them to.

#![allow(clippy::unwrap_used)]

mod edge;
mod live;
mod passing_on;
mod tokens;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::response::{IntoResponse as _, Response};
use chatapp_bus::LocalBus;
use chatapp_http::{MasterSecret, Revocations, ServiceClient, ServiceKeys, TokenVerifier};
use chatapp_types::{Clock, SystemClock};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use crate::{Deps, GatewayConfig, build};
pub(crate) use tokens::Issuer;

/// One request as a service saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) service: &'static str,
    pub(crate) line: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// A gateway before scripted services.
pub(crate) struct Scene {
    pub(crate) router: Router,
    pub(crate) issuer: Arc<Issuer>,
    pub(crate) revocations: Revocations,
    pub(crate) shutdown: CancellationToken,
    pub(crate) tasks: TaskTracker,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// An answer as a test looks at it.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

impl Scene {
    /// What the services saw, and forgets it.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }

    /// Sends a request, as from `192.0.2.1` unless it says otherwise.
    pub(crate) async fn send(&self, mut request: Request<Body>) -> Answer {
        if request.extensions().get::<ConnectInfo<SocketAddr>>().is_none() {
            request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 5))));
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status, headers: parts.headers, body: String::from_utf8_lossy(&body).into_owned() }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn get_as(&self, path: &str, token: &str) -> Answer {
        let request = Request::get(path).header("authorization", format!("Bearer {token}"));
        self.send(request.body(Body::empty()).unwrap()).await
    }
}

type Script = fn(&'static str, &str) -> Response;

/// A gateway whose services answer by the name of the service and the request's line.
pub(crate) async fn gateway_with(config: GatewayConfig, script: Script) -> Scene {
    let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let keys = Arc::new(ServiceKeys::new(&MasterSecret::generate()));
    let service = |name: &'static str| {
        let seen = seen.clone();
        let router = Router::new().fallback(async move |request: Request<Body>| {
            let (parts, body) = request.into_parts();
            let line = format!("{} {}", parts.method, parts.uri);
            let body = body.collect().await.unwrap().to_bytes();
            let body = String::from_utf8_lossy(&body).into_owned();
            seen.lock().unwrap().push(Seen { service: name, line: line.clone(), headers: parts.headers, body });
            script(name, &line)
        });
        ServiceClient::local(name, router, keys.clone(), clock.clone())
    };
    let (issuer, revocations) = (Arc::new(Issuer::new()), Revocations::fixed());
    let (shutdown, tasks) = (CancellationToken::new(), TaskTracker::new());
    let parts = build(Deps {
        auth: service("auth"),
        rooms: service("rooms"),
        messages: service("messages"),
        verifier: Arc::new(TokenVerifier::new(issuer.clone(), revocations.clone(), clock.clone())),
        revocations: revocations.clone(),
        bus: Arc::new(LocalBus::new()),
        clock: clock.clone(),
        config,
        shutdown: shutdown.clone(),
        tasks: tasks.clone(),
    })
    .await
    .unwrap();
    Scene { router: parts.router, issuer, revocations, shutdown, tasks, seen }
}

/// A gateway with default settings, whose services answer 200 to everything.
pub(crate) async fn gateway() -> Scene {
    gateway_with(GatewayConfig::default(), |_, _| "ok".into_response()).await
}
