//! One span, one log line and one count for each request.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use chatapp_metrics::{ActiveRequest, HTTP};
use http::{Method, StatusCode};
use tracing::{Instrument as _, Span, field};

use super::request_id::{REQUEST_ID_HEADER, RequestId};
use super::{LayerConfig, tidy};
use crate::service_token::SERVICE_TOKEN_HEADER;

/// What stands in logs and metrics for a path that is no route: the path itself is the client's text.
const NO_ROUTE: &str = "none";
/// What stands there for an answer that the client did not wait for.
const CLIENT_GONE: u16 = 499;

pub(super) async fn observe(State(config): State<LayerConfig>, mut request: Request, next: Next) -> Response {
    let id = RequestId::of(request.headers());
    request.headers_mut().insert(REQUEST_ID_HEADER, id.header());
    request.extensions_mut().insert(id.clone());
    let path = request.uri().path().to_owned();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = known_method(request.method());
    let inner = request.headers().contains_key(SERVICE_TOKEN_HEADER);
    let span = tracing::info_span!(
        "request",
        service = config.service,
        request.id = id.as_str(),
        http.method = method,
        http.route = route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str),
        user.id = field::Empty,
    );
    let mut record = Record {
        service: config.service,
        method,
        route,
        inner,
        span: span.clone(),
        _active: HTTP.begin(config.service, method),
        begun: Instant::now(),
        told: false,
    };
    let response = id.clone().during(next.run(request)).instrument(span).await;
    let response = tidy::tidy(response, &path, &id);
    record.tell(response.status().as_u16());
    response
}

/// The method's name if it is one that routes have; a client may send any word. `_OTHER` as OpenTelemetry has it.
fn known_method(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("_OTHER")
}

/// Writes the log line: at the answer, or when the request is dropped because its client went away.
struct Record {
    service: &'static str,
    method: &'static str,
    route: Option<MatchedPath>,
    /// Passed on by another service, whose own line says the same to whoever reads at the level of every day.
    inner: bool,
    span: Span,
    _active: ActiveRequest,
    begun: Instant,
    told: bool,
}

impl Record {
    fn tell(&mut self, status: u16) {
        self.told = true;
        let took = self.begun.elapsed();
        let route = self.route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
        HTTP.answered(self.service, self.method, route, status, took);
        let duration_ms = took.as_secs_f64() * 1_000.0;
        let _entered = self.span.enter();
        if status >= StatusCode::INTERNAL_SERVER_ERROR.as_u16() {
            tracing::warn!(http.status = status, duration_ms, "request failed");
        } else if self.inner {
            tracing::debug!(http.status = status, duration_ms, "request answered");
        } else {
            tracing::info!(http.status = status, duration_ms, "request answered");
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        if !self.told {
            self.tell(CLIENT_GONE);
        }
    }
}
