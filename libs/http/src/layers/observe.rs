//! One span, one log line and one count for each request.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use chatapp_metrics::{ActiveRequest, HTTP};
use chatapp_telemetry::trace::{self, TraceContext};
use http::{HeaderMap, Method, StatusCode};
use tracing::{Instrument as _, Span, field};

use super::request_id::{REQUEST_ID_HEADER, RequestId, during};
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
    let inner = !config.edge && request.headers().contains_key(SERVICE_TOKEN_HEADER);
    let joined = Joined::of(&mut request, inner);
    let span = span(config.service, &id, method, route.as_ref());
    joined.join(&span, request.headers());
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
    let response = during(id.clone(), joined.passed_on(), next.run(request)).instrument(span).await;
    let response = tidy::tidy(response, &path, &id);
    record.tell(response.status().as_u16());
    response
}

/// The method's name if it is one that routes have; a client may send any word. `_OTHER` as OpenTelemetry has it.
fn known_method(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("_OTHER")
}

/// At the level of errors, so that no filter takes the ids from the lines within.
fn span(service: &'static str, id: &RequestId, method: &'static str, route: Option<&MatchedPath>) -> Span {
    let route = route.map_or(NO_ROUTE, MatchedPath::as_str);
    let name = trace::is_on().then(|| format!("{method} {route}"));
    tracing::error_span!(
        "request",
        otel.kind = "server",
        otel.name = name,
        otel.status_code = field::Empty,
        service,
        request.id = id.as_str(),
        trace.id = field::Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = field::Empty,
        user.id = field::Empty,
    )
}

/// The trace that a request says it belongs to.
#[derive(Clone, Copy)]
struct Joined(Option<TraceContext>);

impl Joined {
    /// Of several or malformed headers none is believed, and none is passed on.
    fn of(request: &mut Request, inner: bool) -> Self {
        let headers = request.headers_mut();
        let named = trace::extract(headers);
        if named.is_none() {
            headers.remove(trace::TRACEPARENT);
            headers.remove(trace::TRACESTATE);
        }
        Self(named.map(|context| if inner { context } else { trace::from_outside(context) }))
    }

    fn join(self, span: &Span, headers: &HeaderMap) {
        if trace::is_on() {
            if let Some(parent) = self.0 {
                trace::adopt(span, parent, headers.get(trace::TRACESTATE).and_then(|value| value.to_str().ok()));
            }
            if let Some(own) = trace::of(span) {
                span.record("trace.id", own.id());
            }
        } else if let Some(named) = self.0 {
            span.record("trace.id", named.id());
        }
    }

    /// What calls to other services carry where no span of ours does.
    fn passed_on(self) -> Option<TraceContext> {
        self.0.filter(|_| !trace::is_on())
    }
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
        if trace::is_on() {
            self.span.record("http.response.status_code", status);
            if status >= StatusCode::INTERNAL_SERVER_ERROR.as_u16() {
                self.span.record("otel.status_code", "error");
            }
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
