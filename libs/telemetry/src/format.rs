//! What a line looks like, as text and as JSON.

use std::fmt::{self, Write};

use serde_json::{Map, Value};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

use crate::escape;
use crate::fields::{Collected, JsonFields, TextFields};

/// `2026-11-22T17:41:03.123456Z  INFO chatapp_rooms::routes: room created room.id=0192… request{trace.id=…}`
///
/// What happened comes first and where it happened last, so that lines can be read down their left side.
pub(crate) struct TextFormat;

impl<S> FormatEvent<S, TextFields> for TextFormat
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        ctx: &FmtContext<'_, S, TextFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let paint = Paint { on: writer.has_ansi_escapes() };
        let event_fields = Collected::from(&event);
        let meta = event.metadata();

        paint.write(&mut writer, DIM, &now()?)?;
        writer.write_char(' ')?;
        paint.write(&mut writer, color(*meta.level()), &format!("{:>5}", meta.level().as_str()))?;
        writer.write_char(' ')?;
        let mut target = String::new();
        escape::write_escaped(&mut target, event_fields.target.as_deref().unwrap_or(meta.target()))?;
        paint.write(&mut writer, DIM, &target)?;
        writer.write_str(": ")?;
        escape::write_escaped(&mut writer, &event_fields.message)?;
        event_fields.write_text(&mut writer)?;
        for span in ctx.event_scope().into_iter().flat_map(tracing_subscriber::registry::Scope::from_root) {
            let extensions = span.extensions();
            let fields = extensions.get::<FormattedFields<TextFields>>().map_or("", |kept| kept.fields.as_str());
            write!(writer, " {}{{{fields}}}", span.name())?;
        }
        writeln!(writer)
    }
}

/// Fields of a span that stand on the line itself, where one looks for the lines of a request or a trace.
const IDS: [&str; 2] = ["request.id", "trace.id"];

/// One object a line: `timestamp`, `level`, `service`, `target`, `message`, [`IDS`] within a request, the event's fields,
/// and `spans`, outermost first.
pub(crate) struct JsonFormat {
    /// The program that speaks.
    pub(crate) service: String,
}

impl<S> FormatEvent<S, JsonFields> for JsonFormat
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        ctx: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let meta = event.metadata();
        let Collected { message, target, fields } = Collected::from(&event);
        let mut line = Map::new();
        line.insert("timestamp".into(), now()?.into());
        line.insert("level".into(), meta.level().as_str().into());
        line.insert("service".into(), self.service.as_str().into());
        line.insert("target".into(), target.unwrap_or_else(|| meta.target().to_owned()).into());
        line.insert("message".into(), message.into());
        let mut spans = spans(ctx);
        for id in IDS {
            // Of the innermost span that has one.
            if let Some(value) = spans.iter_mut().filter_map(|span| span.remove(id)).last() {
                line.insert(id.into(), value);
            }
        }
        line.insert("spans".into(), spans.into_iter().map(Value::Object).collect());
        for (name, value) in fields {
            // A field must not pass for one of the line's own.
            let name = if line.contains_key(name) { format!("field.{name}") } else { name.to_owned() };
            line.insert(name, value);
        }
        writeln!(writer, "{}", escape::to_json(&line).map_err(|_| fmt::Error)?)
    }
}

fn spans<S>(ctx: &FmtContext<'_, S, JsonFields>) -> Vec<Map<String, Value>>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let scope = ctx.event_scope().into_iter().flat_map(tracing_subscriber::registry::Scope::from_root);
    scope
        .map(|span| {
            let extensions = span.extensions();
            let kept = extensions.get::<FormattedFields<JsonFields>>();
            let mut fields: Map<String, Value> =
                kept.and_then(|kept| serde_json::from_str(&kept.fields).ok()).unwrap_or_default();
            fields.insert("name".into(), span.name().into());
            fields
        })
        .collect()
}

/// The present in RFC 3339. A log tells when a line was written; no rule depends on it, so no clock is injected.
fn now() -> Result<String, fmt::Error> {
    let mut text = String::with_capacity(32);
    SystemTime.format_time(&mut Writer::new(&mut text))?;
    Ok(text)
}

const DIM: &str = "\x1b[2m";

fn color(level: Level) -> &'static str {
    match level {
        Level::ERROR => "\x1b[31m",
        Level::WARN => "\x1b[33m",
        Level::INFO => "\x1b[32m",
        Level::DEBUG => "\x1b[34m",
        Level::TRACE => "\x1b[35m",
    }
}

/// Colours, when the output is a terminal that has them.
struct Paint {
    on: bool,
}

impl Paint {
    fn write(&self, out: &mut dyn Write, style: &str, text: &str) -> fmt::Result {
        if self.on { write!(out, "{style}{text}\x1b[0m") } else { out.write_str(text) }
    }
}
