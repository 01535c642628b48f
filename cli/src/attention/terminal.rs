//! What a terminal is sent to call for attention.

use super::Call;
use crate::settings::Osc;

/// The bell.
pub(super) const BELL: &str = "\u{7}";

/// The terminal's own notification; its text holds nothing that would end the sequence, for it is safe to show.
pub(super) fn notice(osc: Osc, call: &Call) -> Option<String> {
    // In the sequence of several fields a semicolon would begin another field.
    let field = |text: String| text.replace(';', ",");
    match osc {
        Osc::Off => None,
        Osc::Nine => Some(format!("\u{1b}]9;{}: {}\u{7}", call.title(), call.line())),
        Osc::SevenSevenSeven => Some(format!("\u{1b}]777;notify;{};{}\u{7}", field(call.title()), field(call.line()))),
    }
}

#[cfg(test)]
mod tests {
    use chatapp_types::{RoomId, Timestamp};

    use super::*;

    fn hostile() -> Call {
        Call {
            room_id: RoomId::new(),
            room: "a;b\u{7}".to_owned(),
            seq: 1,
            at: Timestamp::from_millis(0),
            author: "eve\u{1b}\\".to_owned(),
            text: "x\u{7}\u{1b}]52;c;b3duZWQ=\u{7}\u{9c}\nsecond".to_owned(),
            mention: true,
            count: 1,
        }
    }

    #[test]
    fn a_hostile_message_cannot_leave_the_notification() {
        for osc in [Osc::Nine, Osc::SevenSevenSeven] {
            let sent = notice(osc, &hostile()).unwrap_or_default();
            let inner = sent.strip_prefix("\u{1b}]").and_then(|s| s.strip_suffix('\u{7}')).unwrap_or("\u{7}");
            assert!(!inner.chars().any(char::is_control), "{sent:?}");
        }
        let sent = notice(Osc::SevenSevenSeven, &hostile()).unwrap_or_default();
        assert_eq!(sent.matches(';').count(), 3, "{sent:?}");
        assert_eq!(notice(Osc::Off, &hostile()), None);
    }
}
