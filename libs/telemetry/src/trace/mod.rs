//! Traces: where a request spends its time, through all services, as OpenTelemetry's spans.
//!
//! A span of a trace is a span of `tracing` that has the field `otel.kind`; the field `otel.name` gives it another name,
//! and every other field is an attribute. Spans that are of no interest to the log have the target [`TARGET`], which the
//! log never takes; without a place to send traces to they are not even made.
//!
//! What comes from elsewhere belongs to the trace that it names ([`adopt`]), and what goes elsewhere names its own
//! ([`current`]). Nothing here fails or waits: a trace is lost rather than a request.

mod context;
mod endpoint;
mod export;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

pub use context::{BadTraceContext, TraceContext};
pub use endpoint::{BadEndpoint, BadRatio, OtlpEndpoint, Ratio};

pub(crate) use export::{Exporter, start};

/// The target of spans that are part of traces and not of the log.
pub const TARGET: &str = "chatapp_trace";
/// The header that says which trace a request belongs to.
pub const TRACEPARENT: &str = "traceparent";
/// The header in which others keep what they need to know of a trace; passed on as it is.
pub const TRACESTATE: &str = "tracestate";
/// A longer `tracestate` is not passed on.
const TRACESTATE_MAX: usize = 512;

static ON: AtomicBool = AtomicBool::new(false);
/// The part of all traces that is recorded, as the bits of a number from 0 to 1.
static RATIO: AtomicU64 = AtomicU64::new(0);

/// Whether traces are sent anywhere. When not, nothing needs to be computed for them.
#[inline]
pub fn is_on() -> bool {
    ON.load(Ordering::Relaxed)
}

fn turn_on(ratio: f64) {
    RATIO.store(ratio.to_bits(), Ordering::Relaxed);
    ON.store(true, Ordering::Relaxed);
}

/// Makes a span, which must not have been entered yet, the continuation of what `parent` names.
pub fn adopt(span: &Span, parent: TraceContext, tracestate: Option<&str>) {
    if !is_on() {
        return;
    }
    let state = tracestate.filter(|text| text.len() <= TRACESTATE_MAX).and_then(|text| text.parse().ok());
    let _ = span.set_parent(opentelemetry::Context::new().with_remote_span_context(SpanContext::new(
        TraceId::from_bytes(parent.trace_id.to_be_bytes()),
        SpanId::from_bytes(parent.span_id.to_be_bytes()),
        if parent.sampled { TraceFlags::SAMPLED } else { TraceFlags::default() },
        true,
        state.unwrap_or(TraceState::NONE),
    )));
}

/// The part of a request of a stranger that is believed: which trace it belongs to, so that the two can be joined. Whether
/// it is recorded is decided here, by chance: otherwise anybody could have every request of his recorded at our expense.
#[must_use]
pub fn from_outside(stranger: TraceContext) -> TraceContext {
    TraceContext { sampled: is_on() && is_drawn(f64::from_bits(RATIO.load(Ordering::Relaxed))), ..stranger }
}

fn is_drawn(ratio: f64) -> bool {
    // The lower half of what is random in a UUID; 53 bits are what a number from 0 to 1 has.
    let random = u64::try_from(uuid::Uuid::new_v4().as_u128() & ((1 << 53) - 1)).unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    let chance = random as f64 / (1_u64 << 53) as f64;
    chance < ratio
}

/// Where a span stands in its trace; `None` when traces go nowhere or the span is not part of one.
pub fn of(span: &Span) -> Option<TraceContext> {
    if !is_on() || span.is_none() {
        return None;
    }
    let context = span.context();
    let span = context.span();
    let place = span.span_context();
    place.is_valid().then(|| TraceContext {
        trace_id: u128::from_be_bytes(place.trace_id().to_bytes()),
        span_id: u64::from_be_bytes(place.span_id().to_bytes()),
        sampled: place.is_sampled(),
    })
}

/// Where this thread or task stands at this moment: what a call to somebody else has to carry.
pub fn current() -> Option<TraceContext> {
    if is_on() { of(&Span::current()) } else { None }
}

/// [`current`], if it is recorded: what has no other use than to be recorded need not carry the rest.
pub fn current_recorded() -> Option<TraceContext> {
    current().filter(|context| context.sampled)
}

/// Says in the headers of a call which trace it belongs to. Without traces, what stands there is left.
pub fn inject(span: &Span, headers: &mut http::HeaderMap) {
    let Some(context) = of(span) else { return };
    if let Ok(value) = http::HeaderValue::from_str(&context.to_string()) {
        headers.insert(TRACEPARENT, value);
    }
    let state = span.context().span().span_context().trace_state().header();
    match http::HeaderValue::from_str(&state) {
        Ok(value) if !state.is_empty() => drop(headers.insert(TRACESTATE, value)),
        _ => drop(headers.remove(TRACESTATE)),
    }
}

/// The trace that a request's headers name; `None` when they name none, or several.
pub fn extract(headers: &http::HeaderMap) -> Option<TraceContext> {
    let mut values = headers.get_all(TRACEPARENT).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok()?.parse().ok(),
        _ => None,
    }
}

/// The span that was current, to be gone on with on another thread: [`Span::none`] unless traces are sent somewhere.
pub fn carry() -> Span {
    if is_on() { Span::current() } else { Span::none() }
}
