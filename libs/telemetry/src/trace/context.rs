//! W3C trace context: which trace something belongs to, as it travels in headers.

use std::fmt;
use std::str::FromStr;

/// A place within a trace: the header `traceparent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    /// The trace; not 0.
    pub trace_id: u128,
    /// The span that is the parent of what comes next; not 0.
    pub span_id: u64,
    /// Whether whoever sent this records it.
    pub sampled: bool,
}

/// A text is no trace context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a W3C trace context")]
pub struct BadTraceContext;

impl TraceContext {
    /// The beginning of a trace that nobody records: for a client that lets the lines which servers log of its request
    /// be found, and sends its spans nowhere.
    pub fn unrecorded() -> Self {
        let random = || uuid::Uuid::new_v4().as_u128();
        let span_id = u64::try_from(random() >> 64).unwrap_or(1);
        Self { trace_id: random(), span_id: span_id.max(1), sampled: false }
    }

    /// The trace's id as it stands in logs: 32 hexadecimal digits.
    pub fn id(&self) -> String {
        format!("{:032x}", self.trace_id)
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, u8::from(self.sampled))
    }
}

impl FromStr for TraceContext {
    type Err = BadTraceContext;

    /// Reads a header of any version, as the recommendation has it: what a later one adds is passed over.
    fn from_str(text: &str) -> Result<Self, BadTraceContext> {
        let bytes = text.as_bytes();
        let head = bytes.get(..55).ok_or(BadTraceContext)?;
        let hex = |range: std::ops::Range<usize>| {
            let digits = &head[range];
            let good = digits.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
            let digits = std::str::from_utf8(digits).ok().filter(|_| good).ok_or(BadTraceContext)?;
            u128::from_str_radix(digits, 16).map_err(|_| BadTraceContext)
        };
        let version = hex(0..2)?;
        let dashes = [2, 35, 52].iter().all(|at| head[*at] == b'-');
        let end = match version {
            0xff => false,
            0 => bytes.len() == 55,
            _ => bytes.get(55).is_none_or(|next| *next == b'-'),
        };
        let (trace_id, span_id) = (hex(3..35)?, u64::try_from(hex(36..52)?).map_err(|_| BadTraceContext)?);
        let flags = hex(53..55)?;
        if !dashes || !end || trace_id == 0 || span_id == 0 {
            return Err(BadTraceContext);
        }
        Ok(Self { trace_id, span_id, sampled: flags & 1 == 1 })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_context_is_read_and_written() {
        let context: TraceContext = GOOD.parse().unwrap();
        assert_eq!((context.id().as_str(), context.sampled), ("4bf92f3577b34da6a3ce929d0e0e4736", true));
        assert_eq!(context.to_string(), GOOD);
        let later: TraceContext = GOOD.replacen("00", "cc", 1).replace("-01", "-03-what-comes-later").parse().unwrap();
        assert_eq!(later, context);
    }

    #[test]
    fn what_a_client_makes_up_begins_no_trace() {
        for bad in [
            String::new(),
            GOOD.to_uppercase(),
            GOOD.replacen("00", "ff", 1),
            format!("{GOOD}-x"),
            format!("{GOOD} "),
            GOOD.replace('-', "_"),
            GOOD.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            GOOD.replace("00f067aa0ba902b7", &"0".repeat(16)),
            GOOD.replace("4bf9", "é\u{301}"),
            GOOD.replace("4bf9", "+bf9"),
        ] {
            assert_eq!(bad.parse::<TraceContext>(), Err(BadTraceContext), "{bad}");
        }
    }

    #[test]
    fn an_unrecorded_trace_is_valid_and_not_sampled() {
        let made = TraceContext::unrecorded();
        assert_eq!(made.to_string().parse(), Ok(made));
        assert!(!made.sampled && made != TraceContext::unrecorded());
    }

    proptest! {
        #[test]
        fn any_text_is_a_context_or_an_error(text in "\\PC{0,80}") {
            let _ = text.parse::<TraceContext>();
        }
    }
}
