//! The text of a message.

use chatapp_types::FieldError;
use chatapp_types::limits::{BODY_MAX_BYTES, BODY_MAX_CHARS};
use chatapp_types::names::is_invisible_format;

/// How long a text may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyLimits {
    /// Characters (Unicode scalar values).
    pub chars: usize,
    /// Bytes in UTF-8.
    pub bytes: usize,
}

impl Default for BodyLimits {
    fn default() -> Self {
        Self { chars: BODY_MAX_CHARS, bytes: BODY_MAX_BYTES }
    }
}

/// A text that may be stored. It is kept as it was sent, to the byte: what shows it makes it safe to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageBody(String);

impl MessageBody {
    /// Checks a text; `field` is its name in the request.
    pub fn parse(field: &'static str, text: String, limits: BodyLimits) -> Result<Self, FieldError> {
        let bad = |code, message: String| Err(FieldError::new(field, code, message));
        if text.len() > limits.bytes {
            return bad("too_long", format!("at most {} bytes", limits.bytes));
        }
        if text.chars().count() > limits.chars {
            return bad("too_long", format!("at most {} characters", limits.chars));
        }
        if text.chars().all(|c| c.is_whitespace() || is_invisible_format(c)) {
            return bad("too_short", "at least 1 visible character".to_owned());
        }
        if text.contains('\0') {
            return bad("bad_characters", "no NUL characters".to_owned());
        }
        Ok(Self(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Takes the text out.
    pub fn into_string(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn parse(text: &str) -> Result<MessageBody, FieldError> {
        MessageBody::parse("body", text.to_owned(), BodyLimits::default())
    }

    #[rstest]
    #[case("", "too_short")]
    #[case(" \t\r\n\u{a0}", "too_short")]
    #[case("\u{200b}\u{feff} \u{202e}", "too_short")]
    #[case("a\0b", "bad_characters")]
    #[case("\0", "bad_characters")]
    fn a_text_without_anything_to_read_is_refused(#[case] text: &str, #[case] code: &str) {
        assert_eq!(parse(text).expect_err("refused").code, code);
    }

    #[test]
    fn the_limits_count_characters_and_bytes() {
        assert!(parse(&"é".repeat(4_000)).is_ok());
        assert_eq!(parse(&"é".repeat(4_001)).expect_err("too many characters").code, "too_long");
        assert!(parse(&"\u{1F600}".repeat(4_000)).is_ok(), "16,000 bytes");
        let tight = BodyLimits { chars: 4_000, bytes: 10 };
        assert_eq!(MessageBody::parse("body", "x".repeat(11), tight).expect_err("too many bytes").code, "too_long");
    }

    #[test]
    fn what_is_not_refused_is_kept_as_it_was_sent() {
        for text in ["  padded \n", "e\u{301}", "\u{1b}[31mred", "a\u{202e}b", "👩‍👩‍👧"] {
            assert_eq!(parse(text).expect("accepted").into_string(), text);
        }
    }
}
