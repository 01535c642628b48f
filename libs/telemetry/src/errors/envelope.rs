//! An error in Sentry's envelope format: three lines of JSON.

use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

use super::ErrorRecord;

/// What every event says of the program that sends it.
pub(super) struct Origin {
    /// The program.
    pub(super) service: String,
    /// Its version.
    pub(super) version: String,
}

/// The envelope of one event. `event_id` is 32 hexadecimal digits, never used before.
pub(super) fn envelope(record: &ErrorRecord, origin: &Origin, event_id: &str) -> Vec<u8> {
    let event = event(record, origin, event_id).to_string();
    let head = json!({"event_id": event_id, "sent_at": record.last_seen.format(&Rfc3339).unwrap_or_default()});
    let item = json!({"type": "event", "length": event.len()});
    format!("{head}\n{item}\n{event}\n").into_bytes()
}

fn event(record: &ErrorRecord, origin: &Origin, event_id: &str) -> Value {
    let mut event = json!({
        "event_id": event_id,
        "timestamp": record.last_seen.format(&Rfc3339).unwrap_or_default(),
        "platform": "other",
        "level": if record.level == "ERROR" { "error" } else { "warning" },
        "logger": record.target,
        "release": format!("{}@{}", origin.service, origin.version),
        // The tracker groups by this alone, as `/errors` does.
        "fingerprint": [record.fingerprint],
        "logentry": {"formatted": record.message},
        "tags": {"service": origin.service, "fingerprint": record.fingerprint},
        "extra": {"count": record.count},
    });
    if let Some(chain) = &record.chain {
        event["exception"] = json!({"values": [{"type": record.message, "value": chain, "module": record.target}]});
    }
    if let Some(request) = &record.request_id {
        event["tags"]["request.id"] = request.as_str().into();
    }
    if let Some(trace) = &record.trace_id {
        event["tags"]["trace.id"] = trace.as_str().into();
    }
    event
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;

    #[test]
    fn an_envelope_is_a_head_an_item_and_an_event_of_the_said_length() {
        let record = ErrorRecord {
            fingerprint: "00ff".into(),
            count: 3,
            first_seen: OffsetDateTime::UNIX_EPOCH,
            last_seen: OffsetDateTime::UNIX_EPOCH,
            level: "ERROR",
            target: "chatapp_rooms".into(),
            message: "request\nfailed".into(),
            chain: Some("writing: disk full".into()),
            request_id: Some("req-1".into()),
            trace_id: None,
        };
        let origin = Origin { service: "chatapp".into(), version: "1.2.3".into() };
        let text = String::from_utf8(envelope(&record, &origin, &"a".repeat(32))).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[0]["event_id"], lines[2]["event_id"]);
        assert_eq!(lines[1], json!({"type": "event", "length": text.lines().nth(2).unwrap().len()}));
        assert_eq!(lines[2]["fingerprint"], json!(["00ff"]));
        assert_eq!(lines[2]["release"], "chatapp@1.2.3");
        assert_eq!(lines[2]["exception"]["values"][0]["value"], "writing: disk full");
        assert_eq!(lines[2]["tags"]["request.id"], "req-1");
    }
}
