//! Where errors are noticed: beside the log, whatever its filter says.

use std::fmt;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{FilterFn, LevelFilter, filter_fn};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::fingerprint::fingerprint;
use super::{ErrorRecord, Errors, Reporter};
use crate::fields::Collected;
use crate::redact;

/// Characters of a message that are kept.
const MESSAGE_MAX: usize = 500;
/// Characters of a chain of causes that are kept.
const CHAIN_MAX: usize = 2_000;
/// Modules whose errors the platform tells in words of its own, and those that carry what is told.
const PASSED_OVER: [&str; 7] = ["async_nats", "tiberius", "opentelemetry", "hyper", "h2", "reqwest", "rustls"];

/// Notices errors.
pub(crate) struct ErrorLayer {
    errors: Errors,
    reporter: Option<Reporter>,
}

impl ErrorLayer {
    pub(crate) const fn new(errors: Errors, reporter: Option<Reporter>) -> Self {
        Self { errors, reporter }
    }

    /// What the layer is to be asked about: errors, and the spans that say which request they are of.
    pub(crate) fn interest() -> FilterFn<fn(&Metadata<'_>) -> bool> {
        filter_fn(concerns as fn(&Metadata<'_>) -> bool).with_max_level_hint(LevelFilter::WARN)
    }
}

fn concerns(meta: &Metadata<'_>) -> bool {
    if meta.is_span() {
        return meta.fields().field("request.id").is_some();
    }
    let told =
        *meta.level() == Level::ERROR || (*meta.level() == Level::WARN && meta.fields().field("error").is_some());
    told && !PASSED_OVER.iter().any(|module| meta.target().starts_with(module))
}

/// Which request a span is of.
#[derive(Clone, Default)]
struct Ids {
    request: Option<String>,
    trace: Option<String>,
}

impl Visit for Ids {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "request.id" => self.request = Some(value.to_owned()),
            "trace.id" => self.trace = Some(value.to_owned()),
            _ => {}
        }
    }
}

impl<S> Layer<S> for ErrorLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, ctx: Context<'_, S>) {
        let Some(span) = ctx.span(id) else { return };
        let mut ids = Ids::default();
        attributes.record(&mut ids);
        span.extensions_mut().insert(ids);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, ctx: Context<'_, S>) {
        if let Some(span) = ctx.span(id)
            && let Some(ids) = span.extensions_mut().get_mut::<Ids>()
        {
            values.record(ids);
        }
    }

    fn on_event(&self, event: &Event<'_>, ctx: Context<'_, S>) {
        let ids = ctx.event_scope(event).and_then(|mut scope| scope.find_map(|s| s.extensions().get::<Ids>().cloned()));
        let known = self.errors.note(seen(event, ids.unwrap_or_default()));
        if let Some(reporter) = &self.reporter {
            reporter.report(known);
        }
    }
}

fn seen(event: &Event<'_>, ids: Ids) -> ErrorRecord {
    let meta = event.metadata();
    let collected = Collected::from(&event);
    let text = |name: &str| {
        let value = collected.fields.iter().find(|(field, _)| *field == name).map(|(_, value)| value)?;
        Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    };
    let chain = text("error").or_else(|| text("reason")).or_else(|| text("panic.location"));
    let message = bounded(&redact::scrub(&collected.message), MESSAGE_MAX);
    let chain = chain.map(|chain| bounded(&redact::scrub(&chain), CHAIN_MAX));
    let target = collected.target.clone().unwrap_or_else(|| meta.target().to_owned());
    let now = crate::present::now();
    ErrorRecord {
        fingerprint: fingerprint(&target, meta.level().as_str(), &message, chain.as_deref()),
        count: 1,
        first_seen: now,
        last_seen: now,
        level: meta.level().as_str(),
        target,
        message,
        chain,
        request_id: ids.request,
        trace_id: ids.trace,
    }
}

fn bounded(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
