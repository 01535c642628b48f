//! Where a platform under test sends its traces and reports its errors: a receiver of both.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::Uri;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;

/// A span as it was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedSpan {
    /// The program that sent it.
    pub service: String,
    /// The process that sent it.
    pub instance: String,
    /// Its name.
    pub name: String,
    /// The trace, in hexadecimal.
    pub trace_id: String,
    /// The span, in hexadecimal.
    pub span_id: String,
    /// The span that it is part of; empty for the first of a trace.
    pub parent_id: String,
    /// OpenTelemetry's number of its kind: 1 internal, 2 server, 3 client, 4 producer, 5 consumer.
    pub kind: i32,
    /// Its attributes, as texts.
    pub attributes: BTreeMap<String, String>,
}

/// A receiver of spans (OTLP over HTTP, protobuf) and of errors (Sentry's envelopes), on a port of its own.
#[derive(Debug)]
pub struct Collector {
    received: Arc<Received>,
    port: u16,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Received {
    spans: Mutex<Vec<ReceivedSpan>>,
    envelopes: Mutex<Vec<String>>,
}

impl Collector {
    /// Starts it.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let received = Arc::<Received>::default();
        let router = Router::new().fallback(receive).with_state(received.clone());
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Self { received, port, task }
    }

    /// What to set as `CHATAPP_OTLP_ENDPOINT`.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What to set as `CHATAPP_SENTRY_DSN`.
    pub fn dsn(&self) -> String {
        format!("http://0123456789abcdef@127.0.0.1:{}/1", self.port)
    }

    /// The spans received so far.
    pub fn spans(&self) -> Vec<ReceivedSpan> {
        self.received.spans.lock().expect("no test panicked here").clone()
    }

    /// The errors received so far, as they were sent.
    pub fn envelopes(&self) -> Vec<String> {
        self.received.envelopes.lock().expect("no test panicked here").clone()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn receive(State(received): State<Arc<Received>>, uri: Uri, body: Bytes) {
    if uri.path() != "/v1/traces" {
        received.envelopes.lock().expect("no test panicked here").push(String::from_utf8_lossy(&body).into_owned());
        return;
    }
    let request = ExportTraceServiceRequest::decode(body).expect("spans");
    let mut spans = received.spans.lock().expect("no test panicked here");
    for of_resource in request.resource_spans {
        let resource = of_resource.resource.unwrap_or_default();
        let scopes = of_resource.scope_spans.into_iter();
        spans.extend(scopes.flat_map(|scope| scope.spans).map(|span| read(&resource, span)));
    }
}

fn read(resource: &Resource, span: Span) -> ReceivedSpan {
    let of_resource = texts(resource.attributes.clone());
    let known = |name: &str| of_resource.get(name).cloned().unwrap_or_default();
    ReceivedSpan {
        service: known("service.name"),
        instance: known("service.instance.id"),
        name: span.name,
        trace_id: hex(&span.trace_id),
        span_id: hex(&span.span_id),
        parent_id: hex(&span.parent_span_id),
        kind: span.kind,
        attributes: texts(span.attributes),
    }
}

fn texts(pairs: Vec<KeyValue>) -> BTreeMap<String, String> {
    pairs.into_iter().map(|pair| (pair.key, pair.value.map(text).unwrap_or_default())).collect()
}

fn text(value: AnyValue) -> String {
    match value.value {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::DoubleValue(number)) => number.to_string(),
        Some(Value::BoolValue(yes)) => yes.to_string(),
        other => format!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
