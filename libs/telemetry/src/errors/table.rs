//! The errors that are remembered.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use chatapp_metrics::LOG;
use serde::Serialize;
use time::OffsetDateTime;

/// Kinds of errors that are remembered; the one that was seen longest ago makes room.
const KINDS_MAX: usize = 256;

/// One kind of error, with its last example.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErrorRecord {
    /// What all errors of this kind have in common, as 16 hexadecimal digits.
    pub fingerprint: String,
    /// How often it was seen since the process began, or since it was last forgotten.
    pub count: u64,
    /// When it was first seen.
    #[serde(with = "time::serde::rfc3339")]
    pub first_seen: OffsetDateTime,
    /// When it was last seen.
    #[serde(with = "time::serde::rfc3339")]
    pub last_seen: OffsetDateTime,
    /// `ERROR` or `WARN`.
    pub level: &'static str,
    /// The module that logged it.
    pub target: String,
    /// What it said the last time; 500 characters at most, without secrets.
    pub message: String,
    /// The error and its causes, outermost first, of the last time; 2,000 characters at most, without secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chain: Option<String>,
    /// The request within which it last happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// That request's trace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
}

/// The errors of this process. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Errors(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    kinds: Mutex<HashMap<String, ErrorRecord>>,
    total: AtomicU64,
}

impl Errors {
    /// All kinds, the last seen first.
    pub fn list(&self) -> Vec<ErrorRecord> {
        let mut all: Vec<_> = self.0.kinds.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        all.sort_by(|a, b| b.last_seen.cmp(&a.last_seen).then_with(|| a.fingerprint.cmp(&b.fingerprint)));
        all
    }

    /// How many events at the level of errors there have been since the process began, forgotten kinds included.
    pub fn total(&self) -> u64 {
        self.0.total.load(Ordering::Relaxed)
    }

    /// Takes note of one that was seen once, and returns what is known of its kind now.
    pub(super) fn note(&self, seen: ErrorRecord) -> ErrorRecord {
        if seen.level == "ERROR" {
            self.0.total.fetch_add(1, Ordering::Relaxed);
            LOG.errors.inc();
        }
        let mut kinds = self.0.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kinds.get_mut(&seen.fingerprint) {
            *known = ErrorRecord { count: known.count + seen.count, first_seen: known.first_seen, ..seen };
            return known.clone();
        }
        if kinds.len() >= KINDS_MAX
            && let Some(oldest) = kinds.values().min_by_key(|kind| kind.last_seen).map(|kind| kind.fingerprint.clone())
        {
            kinds.remove(&oldest);
        }
        kinds.insert(seen.fingerprint.clone(), seen.clone());
        seen
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;

    fn seen(fingerprint: &str, second: i64, message: &str) -> ErrorRecord {
        let at = OffsetDateTime::UNIX_EPOCH + Duration::seconds(second);
        ErrorRecord {
            fingerprint: fingerprint.to_owned(),
            count: 1,
            first_seen: at,
            last_seen: at,
            level: "ERROR",
            target: "t".to_owned(),
            message: message.to_owned(),
            chain: None,
            request_id: None,
            trace_id: None,
        }
    }

    #[test]
    fn an_error_that_comes_again_is_counted_and_shows_its_last_example() {
        let errors = Errors::default();
        errors.note(seen("a", 1, "first"));
        errors.note(seen("b", 2, "other"));
        let known = errors.note(seen("a", 3, "last"));
        assert_eq!((known.count, known.message.as_str(), known.first_seen.unix_timestamp()), (2, "last", 1));
        let order: Vec<_> = errors.list().into_iter().map(|kind| kind.fingerprint).collect();
        assert_eq!(order, ["a", "b"], "the last seen first");
        assert_eq!(errors.total(), 3);
    }

    #[test]
    fn the_kind_that_was_seen_longest_ago_makes_room() {
        let errors = Errors::default();
        for n in 0..300 {
            errors.note(seen(&n.to_string(), n, ""));
            errors.note(seen("again", n, ""));
        }
        let list = errors.list();
        assert_eq!(list.len(), KINDS_MAX);
        assert!(list.iter().any(|kind| kind.fingerprint == "again" && kind.count == 300));
        assert!(list.iter().any(|kind| kind.fingerprint == "299") && !list.iter().any(|kind| kind.fingerprint == "9"));
        assert_eq!(errors.total(), 600);
    }
}
