//! Spans on their way to a collector.

use std::env;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{
    ExporterBuildError, Protocol, RetryPolicy, SpanExporter, WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider, SpanData, SpanExporter as Export,
};
use tokio::runtime::Handle;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, filter_fn};

use super::{OtlpEndpoint, Ratio};
use crate::courier::Courier;
use crate::init::Part;

/// One sending may take so long.
const SEND_WITHIN: Duration = Duration::from_secs(5);
/// An answer of a collector is no longer than this.
const ANSWER_MAX: usize = 64 * 1024;
/// Spans leave together, this long after the first of them.
const BATCH_EVERY: Duration = Duration::from_secs(1);

/// What sends spans, until it is shut down.
#[derive(Debug)]
pub(crate) struct Exporter(SdkTracerProvider);

impl Exporter {
    /// Sends what waits, and nothing after it. Blocks for `limit` at most.
    pub(crate) fn shut_down(&self, limit: Duration) {
        let _ = self.0.shutdown_with_timeout(limit);
    }
}

/// Starts sending the spans of `service` to `endpoint`, and gives the part of the subscriber that takes them. At most 2,048
/// spans wait (`OTEL_BSP_MAX_QUEUE_SIZE`); what comes beyond is dropped.
pub(crate) fn start(
    courier: &Courier,
    endpoint: &OtlpEndpoint,
    sample: Ratio,
    service: &str,
) -> Result<(Exporter, Part), ExporterBuildError> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Post { http: courier.http(), runtime: courier.handle() })
        .with_endpoint(endpoint.traces())
        .with_protocol(Protocol::HttpBinary)
        .with_timeout(SEND_WITHIN)
        // A batch that is not taken is lost: the next one is waiting.
        .with_retry_policy(RetryPolicy::disabled())
        .build()?;
    let mut batches = BatchConfigBuilder::default();
    if env::var_os("OTEL_BSP_SCHEDULE_DELAY").is_none() {
        batches = batches.with_scheduled_delay(BATCH_EVERY);
    }
    let exporter =
        Calm { exporter, collector: endpoint.shown(), away: AtomicBool::new(false), lost: AtomicU64::new(0) };
    let provider = SdkTracerProvider::builder()
        .with_span_processor(BatchSpanProcessor::builder(exporter).with_batch_config(batches.build()).build())
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(sample.get()))))
        .with_resource(resource(service))
        .build();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("chatapp"))
        .with_context_activation(false)
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        .with_filter(
            // No events: what is logged is in the log. No spans of libraries, the one that sends these among them.
            filter_fn(|meta| meta.is_span() && meta.fields().field("otel.kind").is_some())
                .with_max_level_hint(LevelFilter::INFO),
        );
    super::turn_on(sample.get());
    Ok((Exporter(provider), layer.boxed()))
}

/// What all spans have in common. `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` count before what is known here.
fn resource(service: &str) -> Resource {
    let known = [
        KeyValue::new("service.name", service.to_owned()),
        KeyValue::new("service.namespace", "chatapp"),
        KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        KeyValue::new("service.instance.id", uuid::Uuid::new_v4().to_string()),
    ];
    let said = Resource::builder().build();
    let is_named = env::var_os("OTEL_SERVICE_NAME").is_some_and(|name| !name.is_empty());
    let known = known.into_iter().filter(|pair| match pair.key.as_str() {
        "service.name" => {
            !is_named && said.get(&pair.key).is_none_or(|name| name.as_str().starts_with("unknown_service"))
        }
        _ => said.get(&pair.key).is_none(),
    });
    Resource::builder().with_attributes(known.collect::<Vec<_>>()).build()
}

/// Posts on the courier's thread, whoever waits for it.
struct Post {
    http: reqwest::Client,
    runtime: Handle,
}

impl fmt::Debug for Post {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Post")
    }
}

#[async_trait]
impl HttpClient for Post {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let http = self.http.clone();
        self.runtime.spawn(async move { post(&http, request).await }).await?
    }
}

async fn post(http: &reqwest::Client, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let (parts, body) = request.into_parts();
    let request = http.post(parts.uri.to_string()).headers(parts.headers).timeout(SEND_WITHIN).body(body);
    let mut answer = request.send().await.map_err(reqwest::Error::without_url)?;
    let mut made = Response::builder().status(answer.status());
    if let Some(headers) = made.headers_mut() {
        headers.clone_from(answer.headers());
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(reqwest::Error::without_url)? {
        if bytes.len() + chunk.len() > ANSWER_MAX {
            return Err("the collector's answer is too long".into());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(made.body(bytes.into())?)
}

/// An exporter that says once that its collector is away, and once that it is back.
struct Calm<E> {
    exporter: E,
    collector: String,
    away: AtomicBool,
    lost: AtomicU64,
}

impl<E> fmt::Debug for Calm<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Calm({})", self.collector)
    }
}

impl<E: Export> Export for Calm<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        let sent = self.exporter.export(batch).await;
        match &sent {
            Ok(()) => {
                if self.away.swap(false, Ordering::Relaxed) {
                    let lost = self.lost.swap(0, Ordering::Relaxed);
                    tracing::info!(collector = self.collector, trace.spans_lost = lost, "traces are sent again");
                }
            }
            Err(reason) => {
                self.lost.fetch_add(spans, Ordering::Relaxed);
                if !self.away.swap(true, Ordering::Relaxed) {
                    let reason = crate::redact::scrub(&reason.to_string()).into_owned();
                    tracing::warn!(
                        collector = self.collector,
                        reason,
                        "traces cannot be sent, they are dropped until they can"
                    );
                }
            }
        }
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
