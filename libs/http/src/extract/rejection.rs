//! From serde's words to a problem.

use chatapp_types::names::INVALID_MARK;
use chatapp_types::{ErrorCode, FieldError, Problem};

/// How much of a deserialiser's message goes into the answer.
const DETAIL_MAX_CHARS: usize = 200;

/// The problem behind a deserialiser's message: 422 when it carries the mark of a value that is not valid, else 400.
pub(super) fn problem_of(message: &str) -> Problem {
    match marked(message) {
        Some(error) => Problem::invalid(error),
        None => Problem::new(ErrorCode::Malformed).with_detail(shortened(message)),
    }
}

/// `…invalid:field|code|message at line 1 column 9` → the field error.
fn marked(message: &str) -> Option<FieldError> {
    let (_, marked) = message.split_once(INVALID_MARK)?;
    let mut parts = marked.splitn(3, '|');
    let (field, code, text) = (parts.next()?, parts.next()?, parts.next()?);
    let text = text.rsplit_once(" at line ").map_or(text, |(text, _)| text);
    Some(FieldError::new(field, code, text))
}

/// The message without what could be an input's worth of text, and on one line.
fn shortened(message: &str) -> String {
    message.chars().map(|c| if c.is_control() { ' ' } else { c }).take(DETAIL_MAX_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marked_message_is_a_422_that_names_its_field() {
        let problem = problem_of("invalid:username|too_short|at least 2 characters at line 1 column 15");
        assert_eq!(problem.status, 422);
        assert_eq!(problem.errors, [FieldError::new("username", "too_short", "at least 2 characters")]);
    }

    #[test]
    fn any_other_message_is_a_400_on_one_line() {
        let problem = problem_of("unknown field `a\nb`, expected `c` at line 1 column 2");
        assert_eq!(problem.status, 400);
        assert_eq!(problem.detail.as_deref(), Some("unknown field `a b`, expected `c` at line 1 column 2"));
    }

    #[test]
    fn a_long_message_is_cut() {
        let problem = problem_of(&"x".repeat(10_000));
        assert_eq!(problem.detail.map(|d| d.len()), Some(DETAIL_MAX_CHARS));
    }
}
