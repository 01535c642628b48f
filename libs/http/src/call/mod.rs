//! Calls from one service to another, in one process or over HTTP: callers do not see which.

mod json;
mod remote;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, Response};
use chatapp_telemetry::trace;
use chatapp_types::{Clock, ErrorCode, Problem};
use http::{HeaderMap, HeaderValue};
use tower::ServiceExt as _;
use tracing::{Instrument as _, Span};

use crate::layers::{REQUEST_ID_HEADER, current_request_id, current_trace};
use crate::service_token::{SERVICE_TOKEN_HEADER, ServiceKeys};
use crate::{ApiError, BoxError};

/// How long a call may take, the body of its answer included.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(15);

/// Why a call has no answer that one could use.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CallError {
    /// The service answered, with an error.
    #[error("{0}")]
    Problem(Problem),
    /// The service did not answer (in time).
    #[error("the service does not answer")]
    Unavailable {
        /// Whether a write may have happened: the request had left, and was not a mere read.
        sent: bool,
    },
}

impl From<CallError> for Problem {
    fn from(err: CallError) -> Self {
        match err {
            CallError::Problem(problem) => problem,
            CallError::Unavailable { sent: false } => Self::new(ErrorCode::Unavailable).with_retry_after(1),
            CallError::Unavailable { sent: true } => {
                Self::new(ErrorCode::Unavailable).with_retry_after(1).with_unknown_outcome()
            }
        }
    }
}

impl From<CallError> for ApiError {
    fn from(err: CallError) -> Self {
        Problem::from(err).into()
    }
}

/// The base URL of a service, or the machine's TLS, cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the service {name} cannot be called at {base_url}")]
pub struct ClientSetupError {
    name: &'static str,
    base_url: String,
    source: BoxError,
}

/// A client of one service. Clones share its connections.
#[derive(Clone)]
pub struct ServiceClient(Arc<Inner>);

struct Inner {
    name: &'static str,
    keys: Arc<ServiceKeys>,
    clock: Arc<dyn Clock>,
    reach: Reach,
}

enum Reach {
    Local(Router),
    Remote(remote::Remote),
}

impl ServiceClient {
    /// Calls the router of a service that lives in this process.
    pub fn local(name: &'static str, router: Router, keys: Arc<ServiceKeys>, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner { name, keys, clock, reach: Reach::Local(router) }))
    }

    /// Calls a service at `base_url` (`http://auth:8001`), over connections that are kept.
    pub fn remote(
        name: &'static str,
        base_url: &str,
        keys: Arc<ServiceKeys>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ClientSetupError> {
        let remote = remote::Remote::new(base_url).map_err(|source| ClientSetupError {
            name,
            base_url: base_url.to_owned(),
            source,
        })?;
        Ok(Self(Arc::new(Inner { name, keys, clock, reach: Reach::Remote(remote) })))
    }

    /// The name of the service that is called.
    pub fn name(&self) -> &'static str {
        self.0.name
    }

    /// Passes a request on and its answer back, both streamed; whatever status the answer has. Only path and query
    /// of the URI count. A service token of ours replaces any that the request brought.
    ///
    /// [`CallError::Unavailable`] after [`CALL_TIMEOUT`] or when the service cannot be reached. Cancelling abandons
    /// the answer, not the call: a write may have happened.
    pub async fn send(&self, mut request: Request<Body>) -> Result<Response<Body>, CallError> {
        let span = self.span(request.method());
        self.stamp(request.headers_mut(), &span);
        let answer = self.hand_over(request).instrument(span.clone()).await;
        if !span.is_none() {
            tell(&span, &answer);
        }
        answer
    }

    async fn hand_over(&self, request: Request<Body>) -> Result<Response<Body>, CallError> {
        match &self.0.reach {
            Reach::Local(router) => {
                let read = request.method().is_safe();
                match tokio::time::timeout(CALL_TIMEOUT, router.clone().oneshot(request)).await {
                    Ok(Ok(response)) => Ok(response),
                    Ok(Err(never)) => match never {},
                    Err(_) => Err(CallError::Unavailable { sent: !read }),
                }
            }
            Reach::Remote(remote) => remote.send(request).await,
        }
    }

    fn span(&self, method: &Method) -> Span {
        if !trace::is_on() {
            return Span::none();
        }
        tracing::info_span!(
            target: trace::TARGET,
            "call",
            otel.kind = "client",
            otel.name = format!("{method} {}", self.0.name),
            otel.status_code = tracing::field::Empty,
            http.request.method = method.as_str(),
            http.response.status_code = tracing::field::Empty,
            server.address = self.0.name,
        )
    }

    /// Says who calls, for which request from outside, and within which trace.
    fn stamp(&self, headers: &mut HeaderMap, span: &Span) {
        if trace::is_on() {
            trace::inject(span, headers);
        } else if let Some(value) = current_trace().and_then(|context| HeaderValue::from_str(&context.to_string()).ok())
        {
            headers.insert(trace::TRACEPARENT, value);
        }
        headers.remove(SERVICE_TOKEN_HEADER);
        if let Ok(mut token) = HeaderValue::from_str(&self.0.keys.mint(self.0.name, &*self.0.clock)) {
            token.set_sensitive(true);
            headers.insert(SERVICE_TOKEN_HEADER, token);
        }
        if !headers.contains_key(REQUEST_ID_HEADER)
            && let Some(id) = current_request_id()
        {
            headers.insert(REQUEST_ID_HEADER, id);
        }
    }
}

/// How a call ended, for its span. What the caller did wrong is an error of the call, not of the service.
fn tell(span: &Span, answer: &Result<Response<Body>, CallError>) {
    let failed = match answer {
        Ok(response) => {
            span.record("http.response.status_code", response.status().as_u16());
            response.status().is_client_error() || response.status().is_server_error()
        }
        Err(_) => true,
    };
    if failed {
        span.record("otel.status_code", "error");
    }
}
