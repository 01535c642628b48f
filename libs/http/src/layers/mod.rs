//! What surrounds every service's routes.
//!
//! From the outside in: `observe` (request id, span, log line, metrics, the answer's last touches), a catcher of
//! panics, `guard` (size of the body, time), then the routes.

mod body;
mod guard;
mod observe;
mod request_id;
mod tidy;

use std::any::Any;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Response};
use chatapp_types::ErrorCode;
use tower_http::catch_panic::CatchPanicLayer;

use crate::ApiError;

pub use body::body_fault;
pub(crate) use request_id::current_trace;
pub use request_id::{REQUEST_ID_HEADER, RequestId, current_request_id};

/// The limits around a service's routes.
#[derive(Clone, Copy, Debug)]
pub struct LayerConfig {
    /// The service's name, for logs and metrics.
    pub service: &'static str,
    /// Bytes of a request's body; 413 beyond.
    pub body_limit: usize,
    /// Whether requests come from anywhere: what they say of another service and of their trace is not believed.
    pub edge: bool,
    /// How long a request may take, from its head to the head of its answer; 503 `timeout` beyond.
    pub timeout: Duration,
}

impl LayerConfig {
    /// The defaults: 64 KiB, 15 seconds.
    pub const fn new(service: &'static str) -> Self {
        Self { service, body_limit: 64 * 1024, edge: false, timeout: Duration::from_secs(15) }
    }

    /// For a service that everybody can reach.
    #[must_use]
    pub const fn at_the_edge(mut self) -> Self {
        self.edge = true;
        self
    }

    /// With another limit of the body.
    #[must_use]
    pub const fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// With another limit of time.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

/// Puts the standard layers around all routes of `router`, its fallback included. Call it last, once: routes added
/// afterwards are outside.
///
/// - `X-Request-Id` is taken over when it is a short token, else made (`UUIDv7`), and echoed.
/// - One span and one log line a request: method, matched route, status, duration; never the path as it was sent,
///   its query or a header. The span continues the trace that `traceparent` names, and is sent where traces go.
/// - Every error that has no body of its own is a problem; an unknown path is `not_found`, a wrong method
///   `method_not_allowed`, a panic `internal`.
/// - Bodies are cut at the limit, and so are requests that take too long: 503 `timeout`, with `outcome: unknown` when
///   the request had come in whole and was not a read.
/// - `Cache-Control: no-store` unless the handler said otherwise, and `X-Content-Type-Options: nosniff`.
pub fn standard(router: Router, config: LayerConfig) -> Router {
    router
        .layer(from_fn_with_state(config, guard::guard))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(config, observe::observe))
}

#[expect(clippy::needless_pass_by_value, reason = "the form that the layer asks for")]
fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("unknown");
    // The panic itself has been logged, where it happened.
    tracing::debug!(panic = text, "handler panicked");
    ApiError::from(ErrorCode::Internal).into_response()
}
