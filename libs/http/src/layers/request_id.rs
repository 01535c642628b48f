//! The name of one request, in the logs of every service that it passes and in the problem it may end with.

use chatapp_telemetry::trace::TraceContext;
use http::{HeaderMap, HeaderName, HeaderValue};

/// The header that carries it.
pub const REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// A longer one is not taken over.
const MAX_CHARS: usize = 64;

tokio::task_local! {
    static CURRENT: Current;
}

/// What the calls that a request causes have in common with it.
struct Current {
    id: RequestId,
    trace: Option<TraceContext>,
}

/// A request's id: 1–64 letters, digits, `-`, `_` and `.`. In a request's extensions behind [`super::standard`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The id that the request brought, if it is one that cannot forge a log line, or else a new one.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(REQUEST_ID_HEADER).iter();
        match (values.next(), values.next()) {
            (Some(value), None) if is_token(value.as_bytes()) => Self(value.clone()),
            _ => Self::new(),
        }
    }

    fn new() -> Self {
        let text = uuid::Uuid::now_v7().to_string();
        Self(HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("-")))
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or("-")
    }

    pub(super) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

/// Makes them the current ones of what is awaited. `trace` is the trace to name where no span of ours does.
pub(super) async fn during<F: Future>(id: RequestId, trace: Option<TraceContext>, work: F) -> F::Output {
    CURRENT.scope(Current { id, trace }, work).await
}

/// The id of the request that this task serves, for the calls it makes to other services.
pub fn current_request_id() -> Option<HeaderValue> {
    CURRENT.try_with(|current| current.id.header()).ok()
}

/// The trace that the request of this task named, for the calls it makes; `None` when spans of ours carry it.
pub(crate) fn current_trace() -> Option<TraceContext> {
    CURRENT.try_with(|current| current.trace).ok().flatten()
}

fn is_token(bytes: &[u8]) -> bool {
    (1..=MAX_CHARS).contains(&bytes.len())
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id_for(value: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID_HEADER, HeaderValue::from_bytes(value.as_bytes()).expect("a header's value"));
        RequestId::of(&headers).as_str().to_owned()
    }

    #[test]
    fn a_short_token_is_taken_over() {
        assert_eq!(id_for("req-1.a_B"), "req-1.a_B");
    }

    #[test]
    fn anything_else_is_replaced() {
        for forged in ["", "a b", "a\tb", "{\"level\":\"error\"}", "éé"] {
            let id = id_for(forged);
            assert_ne!(id, forged);
            assert_eq!(id.len(), 36);
        }
    }

    #[test]
    fn of_two_ids_neither_is_believed() {
        let mut headers = HeaderMap::new();
        headers.append(REQUEST_ID_HEADER, HeaderValue::from_static("one"));
        headers.append(REQUEST_ID_HEADER, HeaderValue::from_static("two"));
        assert_eq!(RequestId::of(&headers).as_str().len(), 36);
    }
}
