//! What a client calls itself, made fit to be shown to its user.

use chatapp_types::names::is_invisible_format;

/// Characters that are kept.
const MAX_CHARS: usize = 200;

/// The `User-Agent` without control and invisible characters, at most 200 characters long. It is said by the client
/// and proves nothing.
pub fn presentable(user_agent: &str) -> String {
    let visible = user_agent.chars().filter(|c| !c.is_control() && !is_invisible_format(*c));
    let name: String = visible.take(MAX_CHARS).collect();
    let name = name.trim();
    if name.is_empty() { "unknown client".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_name_becomes_one_short_visible_line(text in any::<String>()) {
            let name = presentable(&text);
            prop_assert!(!name.is_empty() && name.chars().count() <= MAX_CHARS);
            prop_assert!(!name.chars().any(|c| c.is_control() || is_invisible_format(c)));
        }
    }

    #[test]
    fn what_would_move_the_cursor_or_the_text_is_left_out() {
        assert_eq!(presentable("chat/0.1\u{1b}[2J\r\n\u{9b}31m\u{202e}evil\u{200b}"), "chat/0.1[2J31mevil");
    }

    #[test]
    fn a_long_name_is_cut_and_an_empty_one_named() {
        assert_eq!(presentable(&"é".repeat(5_000)).chars().count(), 200);
        assert_eq!(presentable(" \t"), "unknown client");
    }
}
