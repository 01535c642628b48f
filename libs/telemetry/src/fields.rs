//! Collecting the fields of an event or span, whatever their types.

use std::fmt::{self, Write};

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::FormattedFields;
use tracing_subscriber::fmt::format::{FormatFields, Writer};

use crate::escape;
use crate::redact;

/// The fields of one event or span, secrets already left out.
#[derive(Default)]
pub(crate) struct Collected {
    /// The event's message; empty for a span.
    pub(crate) message: String,
    /// The module that a record of the `log` crate came from; such records reach us under a target of the bridge.
    pub(crate) target: Option<String>,
    /// Every other field in the order of the source.
    pub(crate) fields: Vec<(&'static str, Value)>,
}

impl Collected {
    /// Takes the fields of `record`.
    pub(crate) fn from(record: &impl RecordFields) -> Self {
        let mut collected = Self::default();
        record.record(&mut collected);
        collected
    }

    /// Writes ` name=value` for each field.
    pub(crate) fn write_text(&self, out: &mut dyn Write) -> fmt::Result {
        for (name, value) in &self.fields {
            write!(out, " {name}=")?;
            match value {
                Value::String(text) => escape::write_value(out, text)?,
                other => write!(out, "{other}")?,
            }
        }
        Ok(())
    }

    fn insert(&mut self, field: &Field, value: Value) {
        let name = field.name();
        if name == "message" {
            self.message = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        } else if name == "log.target" {
            self.target = value.as_str().map(str::to_owned);
        } else if redact::is_secret(name) {
            self.fields.push((name, redact::PLACEHOLDER.into()));
        } else if !name.starts_with("log.") && !name.starts_with("otel.") {
            self.fields.push((name, value));
        }
    }
}

impl Visit for Collected {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.insert(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.insert(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.insert(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.insert(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.insert(field, value.into());
    }

    /// The whole chain, each cause once: `writing the room: disk full`.
    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let mut chain = value.to_string();
        let mut source = value.source();
        while let Some(cause) = source {
            chain.push_str(": ");
            chain.push_str(&cause.to_string());
            source = cause.source();
        }
        self.insert(field, chain.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.insert(field, format!("{value:?}").into());
    }
}

/// Keeps a span's fields as text.
pub(crate) struct TextFields;

impl<'writer> FormatFields<'writer> for TextFields {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut text = String::new();
        Collected::from(&fields).write_text(&mut text)?;
        writer.write_str(text.trim_start())
    }
}

/// Keeps a span's fields as a JSON object.
pub(crate) struct JsonFields;

impl<'writer> FormatFields<'writer> for JsonFields {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'writer>, fields: R) -> fmt::Result {
        let fields = Collected::from(&fields).fields.into_iter();
        let map: Map<String, Value> = fields.map(|(name, value)| (name.to_owned(), value)).collect();
        writer.write_str(&escape::to_json(&map).map_err(|_| fmt::Error)?)
    }

    /// A field recorded a second time replaces the first: a JSON object has each name once.
    fn add_fields(
        &self,
        current: &'writer mut FormattedFields<Self>,
        fields: &tracing::span::Record<'_>,
    ) -> fmt::Result {
        let mut map: Map<String, Value> = serde_json::from_str(&current.fields).unwrap_or_default();
        map.extend(Collected::from(fields).fields.into_iter().map(|(name, value)| (name.to_owned(), value)));
        current.fields = escape::to_json(&map).map_err(|_| fmt::Error)?;
        Ok(())
    }
}
