//! What becomes of a message's text and time.

use chatapp_messages::import::{BodyLimits, MessageBody};
use chatapp_types::Timestamp;

use super::source::{OriginalMessage, WrittenTime};
use super::trouble::{Kind, Trouble};

/// Reads messages one by one, in the order of the original: a time that is missing is that of the message before.
pub(super) struct Reader {
    now: Timestamp,
    before: Timestamp,
}

/// A message as it is imported.
#[derive(Clone, Debug)]
pub(super) struct ReadMessage {
    /// Its texts: one, several of a long one, or none.
    pub(super) bodies: Vec<MessageBody>,
    /// When.
    pub(super) at: Timestamp,
    /// What is odd about it.
    pub(super) troubles: Vec<Trouble>,
}

impl Reader {
    /// At the first message.
    pub(super) const fn new(now: Timestamp) -> Self {
        Self { now, before: now }
    }

    /// Reads the next.
    pub(super) fn read(&mut self, message: &OriginalMessage) -> ReadMessage {
        let mut troubles = Vec::new();
        let bodies = bodies(message, &mut troubles);
        let at = self.time(message, &mut troubles);
        self.before = at;
        ReadMessage { bodies, at, troubles }
    }

    fn time(&self, message: &OriginalMessage, troubles: &mut Vec<Trouble>) -> Timestamp {
        let odd = |kind, what: &str| Trouble::new(kind, message.id, what);
        match &message.timestamp {
            WrittenTime::At(at) if *at <= self.now => return *at,
            WrittenTime::At(at) => {
                troubles.push(odd(Kind::TimeInFuture, &at.to_string()));
                return self.now;
            }
            WrittenTime::Missing => troubles.push(odd(Kind::TimeUnreadable, "missing")),
            WrittenTime::Unreadable(text) => troubles.push(odd(Kind::TimeUnreadable, text)),
        }
        self.before
    }
}

fn bodies(message: &OriginalMessage, troubles: &mut Vec<Trouble>) -> Vec<MessageBody> {
    let mut odd = |kind, what: String| troubles.push(Trouble::new(kind, message.id, what));
    let mut text = message.content.clone().unwrap_or_default();
    if text.contains('\0') {
        odd(Kind::MessageNul, format!("{} of them", text.matches('\0').count()));
        text = text.replace('\0', "\u{fffd}");
    }
    let limits = BodyLimits::default();
    let parts = divide(&text, limits);
    // A part that has nothing to read is a stretch of blanks between others that have.
    let bodies: Vec<_> =
        parts.iter().filter_map(|part| MessageBody::parse("body", (*part).to_owned(), limits).ok()).collect();
    if bodies.is_empty() {
        odd(Kind::MessageEmpty, format!("{} blank characters", text.chars().count()));
    } else if parts.len() > 1 {
        odd(Kind::MessageDivided, format!("{} characters, {} messages", text.chars().count(), bodies.len()));
    }
    bodies
}

/// The text in parts that are short enough. A part ends after a line or a word where it can.
fn divide(mut text: &str, limits: BodyLimits) -> Vec<&str> {
    let mut parts = Vec::new();
    loop {
        let end = longest(text, limits);
        if end == text.len() {
            parts.push(text);
            return parts;
        }
        let part = &text[..end];
        let after = |c: char| part.rfind(c).map(|at| at + c.len_utf8()).filter(|at| *at > end / 2);
        let (part, rest) = text.split_at(after('\n').or_else(|| after(' ')).unwrap_or(end));
        parts.push(part);
        text = rest;
    }
}

/// Where the longest part ends that a text may begin with.
fn longest(text: &str, limits: BodyLimits) -> usize {
    let by_chars = text.char_indices().nth(limits.chars).map_or(text.len(), |(at, _)| at);
    text.floor_char_boundary(by_chars.min(limits.bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);

    fn message(content: &str, timestamp: WrittenTime) -> OriginalMessage {
        OriginalMessage { id: 1, content: Some(content.to_owned()), username: None, timestamp, chat_room_id: Some(1) }
    }

    fn read(content: &str) -> (Vec<String>, Vec<Kind>) {
        let read = Reader::new(NOW).read(&message(content, WrittenTime::At(NOW)));
        let bodies = read.bodies.into_iter().map(MessageBody::into_string).collect();
        (bodies, read.troubles.into_iter().map(|trouble| trouble.kind).collect())
    }

    #[test]
    fn a_text_is_kept_as_it_was_written() {
        for text in ["hello", "  padded \n", "\u{1b}[31mred", "👩‍👩‍👧"] {
            assert_eq!(read(text), (vec![text.to_owned()], vec![]));
        }
        assert_eq!(read("a\0b"), (vec!["a\u{fffd}b".to_owned()], vec![Kind::MessageNul]));
    }

    #[test]
    fn nothing_to_read_is_no_message() {
        for text in ["", " \n", "\u{200b}", &" ".repeat(9_000)] {
            assert_eq!(read(text), (vec![], vec![Kind::MessageEmpty]));
        }
        let none = OriginalMessage { content: None, ..message("", WrittenTime::Missing) };
        assert!(Reader::new(NOW).read(&none).bodies.is_empty());
    }

    #[test]
    fn a_long_text_is_divided_between_lines_or_words_and_nothing_of_it_is_lost() {
        let words = "twelve bytes".repeat(700);
        let lines = "a line of some length\n".repeat(500);
        for text in [&words, &lines, &"é".repeat(9_000), &"👩".repeat(4_001)] {
            let (parts, troubles) = read(text);
            assert_eq!((parts.concat(), troubles), (text.clone(), vec![Kind::MessageDivided]));
            assert!(parts.iter().all(|part| part.chars().count() <= 4_000));
        }
        let (parts, _) = read(&lines);
        assert!(parts.iter().all(|part| part.ends_with('\n')));
    }

    #[test]
    fn a_time_that_is_none_is_that_of_the_message_before() {
        let mut reader = Reader::new(NOW);
        let mut at = |timestamp| {
            let read = reader.read(&message("hi", timestamp));
            (read.at.millis(), read.troubles.into_iter().map(|trouble| trouble.kind).collect::<Vec<_>>())
        };
        assert_eq!(at(WrittenTime::Missing), (1_000_000, vec![Kind::TimeUnreadable]));
        assert_eq!(at(WrittenTime::At(Timestamp::from_millis(5))), (5, vec![]));
        assert_eq!(at(WrittenTime::Unreadable("x".into())), (5, vec![Kind::TimeUnreadable]));
        assert_eq!(at(WrittenTime::At(Timestamp::from_millis(1_000_001))), (1_000_000, vec![Kind::TimeInFuture]));
    }
}
