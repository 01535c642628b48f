//! Messages and entries as lines of text.
//!
//! A body of several lines is indented from its second line on, so that no message can look like several.

use chatapp_client::sanitize;
use chatapp_types::messages::Message;
use chatapp_types::{Entry, EntryBody, Timestamp, UserRef};

use crate::clock_text;

const CONTINUATION: &str = "\n    | ";

/// `[time] user: text`, with `#seq` before the user if `number` is given.
pub(crate) fn said(at: Timestamp, number: Option<u64>, user: &UserRef, text: &str) -> String {
    format!("{} {}: {}", stamp(at, number), name(user), body(text))
}

/// A message as it is now.
pub(crate) fn message(m: &Message, numbered: bool) -> String {
    let text = if m.deleted { "(deleted)".to_owned() } else { m.body.clone() };
    let edited = if m.edited_at.is_some() && !m.deleted { " (edited)" } else { "" };
    said(m.at, numbered.then_some(m.seq), &m.author, &text) + edited
}

/// An entry of a room's log; `None` for what needs no line.
pub(crate) fn entry(e: &Entry, numbered: bool) -> Option<String> {
    if let EntryBody::MessagePosted { body, deleted, .. } = &e.body {
        let text = if *deleted { "(deleted)" } else { body.as_str() };
        return Some(said(e.at, numbered.then_some(e.seq), &e.actor, text));
    }
    Some(event(e.at, numbered.then_some(e.seq), &happened(e)?))
}

/// Something that happened and is no message; `text` is what [`happened`] gave.
pub(crate) fn event(at: Timestamp, number: Option<u64>, text: &str) -> String {
    format!("{} * {}", stamp(at, number), sanitize::multiline(text))
}

/// What an entry that is no message says, safe to show; `None` for what needs no line.
pub(crate) fn happened(e: &Entry) -> Option<String> {
    let who = name(&e.actor);
    let text = match &e.body {
        EntryBody::MessagePosted { .. } | EntryBody::Unknown => return None,
        EntryBody::MessageEdited { deleted: true, target_seq, .. } => format!("{who} edited #{target_seq}"),
        EntryBody::MessageEdited { body: text, target_seq, .. } => {
            format!("{who} edited #{target_seq}: {}", body(text))
        }
        EntryBody::MessageDeleted { target_seq, .. } => format!("{who} deleted #{target_seq}"),
        EntryBody::RoomCreated { name, visibility } => {
            format!("{who} created the {visibility} room {}", sanitize::line(name))
        }
        EntryBody::RoomRenamed { name } => format!("{who} renamed the room to {}", sanitize::line(name)),
        EntryBody::RoomTopicChanged { topic } if topic.is_empty() => format!("{who} removed the topic"),
        EntryBody::RoomTopicChanged { topic } => format!("{who} set the topic: {}", sanitize::line(topic)),
        EntryBody::RoomVisibilityChanged { visibility } => format!("{who} made the room {visibility}"),
        EntryBody::RoomHistoryChanged { history } => format!("{who} set what newcomers may read: {history}"),
        EntryBody::RoomDeleted => format!("{who} deleted the room"),
        EntryBody::MemberJoined => format!("{who} joined"),
        EntryBody::MemberLeft => format!("{who} left"),
        EntryBody::MemberAdded { subject } => format!("{who} added {}", name(subject)),
        EntryBody::MemberRemoved { subject } => format!("{who} removed {}", name(subject)),
        EntryBody::MemberBlocked { subject, until: None } => format!("{who} blocked {}", name(subject)),
        EntryBody::MemberBlocked { subject, until: Some(until) } => {
            format!("{who} blocked {} until {}", name(subject), clock_text::local(*until))
        }
        EntryBody::MemberUnblocked { subject } => format!("{who} unblocked {}", name(subject)),
        EntryBody::MemberRoleChanged { subject, role } => format!("{who} made {} {role}", name(subject)),
    };
    Some(text)
}

/// What went wrong, as a sentence begins; what begins with the name of a program or a command is left as it is.
pub(crate) fn sentence(text: &str) -> String {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    if rest.is_empty() || !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return text.to_owned();
    }
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// Who is typing, of names that are safe to show; `None` when nobody is.
pub(crate) fn typing(names: &[String]) -> Option<String> {
    match names {
        [] => None,
        [one] => Some(format!("{one} is typing")),
        [one, two] => Some(format!("{one} and {two} are typing")),
        [one, others @ ..] => Some(format!("{one} and {} others are typing", others.len())),
    }
}

fn stamp(at: Timestamp, number: Option<u64>) -> String {
    match number {
        Some(seq) => format!("[{}] #{seq}", clock_text::local(at)),
        None => format!("[{}]", clock_text::local(at)),
    }
}

fn name(user: &UserRef) -> String {
    sanitize::line(&user.username).into_owned()
}

fn body(text: &str) -> String {
    sanitize::multiline(text).replace('\n', CONTINUATION)
}

/// The beginning of a text, for a reference to it: one line, at most 40 characters.
pub(crate) fn snippet(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    // Cut first: a character that is shown by its code is shown whole.
    let short: String = line.chars().take(40).collect();
    let shown = sanitize::line(&short);
    if short.len() < line.len() || text.lines().count() > 1 { format!("{shown}…") } else { shown.into_owned() }
}

#[cfg(test)]
mod tests {
    use chatapp_types::{MessageId, RoomId, UserId};

    use super::*;

    fn ann() -> UserRef {
        UserRef { id: UserId::new(), username: "ann".to_owned() }
    }

    fn posted(body: &str) -> Entry {
        let body = EntryBody::MessagePosted {
            message_id: MessageId::new(),
            ordinal: 1,
            body: body.to_owned(),
            reply_to: None,
            key: None,
            mentions: Vec::new(),
            deleted: false,
        };
        Entry { room_id: RoomId::new(), seq: 7, at: Timestamp::from_millis(0), actor: ann(), body }
    }

    #[test]
    fn what_went_wrong_begins_as_a_sentence_but_a_name_stays_a_name() {
        assert_eq!(sentence("there is no command"), "There is no command");
        for same in ["xdg-open: not there", ":role USER admin|member", "chat.toml: line 1", "", "x"] {
            assert_eq!(sentence(same), same);
        }
    }

    #[test]
    fn a_message_is_time_user_and_text() {
        let line = entry(&posted("hello"), false).expect("a line");
        let time = clock_text::local(Timestamp::from_millis(0));
        assert_eq!(line, format!("[{time}] ann: hello"));
        assert!(entry(&posted("hello"), true).expect("a line").ends_with("] #7 ann: hello"));
    }

    #[test]
    fn a_message_of_several_lines_cannot_pass_for_several_messages() {
        let text = entry(&posted("hi\n[2026-01-01 00:00:00] root: obey"), false).expect("a line");
        assert!(text.lines().skip(1).all(|line| line.starts_with("    | ")), "{text}");
    }

    #[test]
    fn names_in_a_line_cannot_break_it() {
        let mut e = posted("x");
        e.body = EntryBody::RoomRenamed { name: "a\n[now] root: obey\x1b[0m".to_owned() };
        let text = entry(&e, false).expect("a line");
        assert_eq!(text.lines().count(), 1);
        assert!(!text.contains('\x1b'));
    }

    #[test]
    fn a_kind_from_the_future_has_no_line() {
        let mut e = posted("x");
        e.body = EntryBody::Unknown;
        assert_eq!(entry(&e, false), None);
    }

    #[test]
    fn a_snippet_is_short_and_says_when_there_is_more() {
        assert_eq!(snippet("short"), "short");
        assert_eq!(snippet("first\nsecond"), "first…");
        assert_eq!(snippet(&"x".repeat(50)).chars().count(), 41);
        let hidden = format!("{}\u{202e}tail", "x".repeat(39));
        assert_eq!(snippet(&hidden), format!("{}<U+202E>…", "x".repeat(39)));
    }
}
