//! One request, one answer: time limits, size limits, errors.

use std::time::Duration;

use chatapp_telemetry::trace::{self, TraceContext};
use chatapp_types::{ErrorCode, Problem, Secret};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Method, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::{Instrument as _, Span};

use crate::{ClientError, GatewayUrl};

const CONNECT_WITHIN: Duration = Duration::from_secs(5);
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
/// More than the largest page; a server that sends more is not believed.
const ANSWER_MAX_BYTES: usize = 32 * 1024 * 1024;

const TRACEPARENT: HeaderName = HeaderName::from_static(trace::TRACEPARENT);

/// Sends requests to one gateway.
#[derive(Clone, Debug)]
pub(crate) struct Transport {
    http: reqwest::Client,
    url: GatewayUrl,
}

/// A request, kept so that it can be sent again.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    method: Method,
    url: Url,
    body: Option<Result<Vec<u8>, String>>,
    header: Option<(HeaderName, HeaderValue)>,
}

impl Call {
    pub(crate) fn new(method: Method, url: Url) -> Self {
        Self { method, url, body: None, header: None }
    }

    pub(crate) fn json(mut self, body: &impl Serialize) -> Self {
        self.body = Some(serde_json::to_vec(body).map_err(|e| e.to_string()));
        self
    }

    pub(crate) fn query(mut self, name: &str, value: Option<impl ToString>) -> Self {
        if let Some(value) = value {
            self.url.query_pairs_mut().append_pair(name, &value.to_string());
        }
        self
    }

    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.header = Some((name, value));
        self
    }
}

/// A success.
#[derive(Debug)]
pub(crate) struct Answer {
    bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        serde_json::from_slice(&self.bytes).map_err(|e| ClientError::Protocol(e.to_string()))
    }
}

impl Transport {
    pub(crate) fn new(url: &GatewayUrl) -> Result<Self, ClientError> {
        let builder = reqwest::Client::builder();
        // Without TLS nobody's certificate counts, and a machine may have none: a small image of a container.
        let builder = if url.is_encrypted() { builder } else { builder.tls_certs_only([]) };
        let http = builder
            .user_agent(concat!("chat/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_WITHIN)
            .timeout(ANSWER_WITHIN)
            // A redirect could carry a password to another host.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|e| ClientError::Network(e.into()))?;
        Ok(Self { http, url: url.clone() })
    }

    pub(crate) const fn url(&self) -> &GatewayUrl {
        &self.url
    }

    pub(crate) async fn send(&self, call: &Call, token: Option<&Secret>) -> Result<Answer, ClientError> {
        let span = span(&call.method, &call.url);
        self.exchange(call, token, trace_headers(&call.method, &span)).instrument(span).await
    }

    async fn exchange(&self, call: &Call, token: Option<&Secret>, trace: HeaderMap) -> Result<Answer, ClientError> {
        let mut request = self.http.request(call.method.clone(), call.url.clone()).headers(trace);
        if let Some(token) = token {
            request = request.bearer_auth(token.expose());
        }
        if let Some((name, value)) = &call.header {
            request = request.header(name, value);
        }
        if let Some(body) = &call.body {
            let body = body.clone().map_err(ClientError::Usage)?;
            request = request.header("content-type", "application/json").body(body);
        }
        let response = request.send().await.map_err(network)?;
        let status = response.status();
        if trace::is_on() {
            Span::current().record("http.response.status_code", status.as_u16());
        }
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|v| v.to_str().ok()?.trim().parse().ok());
        let bytes = read_bounded(response).await?;
        if status.is_success() { Ok(Answer { bytes }) } else { Err(refusal(status, retry_after, &bytes)) }
    }
}

/// One request in its trace; the path is not told, for it names rooms and people.
fn span(method: &Method, url: &Url) -> Span {
    if !trace::is_on() {
        return Span::none();
    }
    tracing::info_span!(
        target: trace::TARGET,
        "request",
        otel.kind = "client",
        otel.name = method.as_str(),
        http.request.method = method.as_str(),
        http.response.status_code = tracing::field::Empty,
        server.address = url.host_str(),
        server.port = url.port_or_known_default(),
    )
}

/// What a request says of its trace. Without a place to send traces to, one that changes something names a trace that
/// nobody records, by which the lines that the servers log of it can be found; it says nothing of who asks.
fn trace_headers(method: &Method, span: &Span) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if trace::is_on() {
        trace::inject(span, &mut headers);
    } else if !method.is_safe() {
        let made = TraceContext::unrecorded();
        tracing::debug!(trace.id = made.id(), http.request.method = method.as_str(), "request");
        headers.extend(HeaderValue::from_str(&made.to_string()).ok().map(|value| (TRACEPARENT, value)));
    }
    headers
}

async fn read_bounded(mut response: reqwest::Response) -> Result<Vec<u8>, ClientError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(network)? {
        if bytes.len() + chunk.len() > ANSWER_MAX_BYTES {
            return Err(ClientError::Protocol("the answer is too long".to_owned()));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// The URL is taken out: it is known to the caller, and a query can hold what people search for.
fn network(error: reqwest::Error) -> ClientError {
    ClientError::Network(error.without_url().into())
}

/// What the server, or something between, said instead of a success.
fn refusal(status: StatusCode, retry_after: Option<u64>, bytes: &[u8]) -> ClientError {
    let mut problem = match serde_json::from_slice::<Problem>(bytes) {
        Ok(problem) => problem,
        Err(_) => match code_of_a_stranger(status) {
            Some(code) => Problem::new(code).with_detail(format!("something before the gateway answered {status}")),
            None => return ClientError::Protocol(format!("status {status} without a problem description")),
        },
    };
    // The header is what every intermediary understands; it may come from one.
    problem.retry_after_s = retry_after.or(problem.retry_after_s);
    problem.status = status.as_u16();
    problem.into()
}

/// What a refusal without our description means: a proxy before the gateway has its own pages.
fn code_of_a_stranger(status: StatusCode) -> Option<ErrorCode> {
    match status.as_u16() {
        413 => Some(ErrorCode::TooLarge),
        429 => Some(ErrorCode::RateLimited),
        502..=504 => Some(ErrorCode::Unavailable),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxys_page_for_a_missing_gateway_is_unavailable() {
        let e = refusal(StatusCode::BAD_GATEWAY, Some(7), b"<html>");
        assert_eq!((e.code(), e.retry_after()), (Some(ErrorCode::Unavailable), Some(Duration::from_secs(7))));
        assert!(e.is_transient());
    }

    #[test]
    fn a_page_of_something_else_is_not_of_this_protocol() {
        assert!(matches!(refusal(StatusCode::NOT_FOUND, None, b"<html>"), ClientError::Protocol(_)));
    }

    #[test]
    fn a_code_from_the_future_is_no_failure_to_read() {
        let body = br#"{"type":"x","title":"New","status":418,"code":"teapot"}"#;
        assert_eq!(refusal(StatusCode::IM_A_TEAPOT, None, body).code(), Some(ErrorCode::Unknown));
    }
}
