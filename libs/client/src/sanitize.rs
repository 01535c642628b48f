//! The one place where text from outside becomes safe to show.
//!
//! A name, a message or an error's detail can hold escape sequences that recolour, retitle or rewrite a terminal, and
//! direction or zero-width characters that make a text read as another. Each such character is *shown*, never dropped:
//! a reader sees that something was there. What is left alone beside visible characters: newline and tab (in
//! [`multiline`]), combining marks, variation selectors 1–16, which only choose a glyph of the character before, and the
//! joiner between two emoji.

use std::borrow::Cow;
use std::fmt::Write as _;

use chatapp_types::names::is_invisible_format;

/// A text of several lines: newline and tab stay, everything else that a terminal would obey or hide is shown.
pub fn multiline(text: &str) -> Cow<'_, str> {
    clean(text, |c| !matches!(c, '\n' | '\t') && is_unsafe(c))
}

/// A text for one line: as [`multiline`], and newline and tab are shown too.
pub fn line(text: &str) -> Cow<'_, str> {
    clean(text, is_unsafe)
}

/// JSON with every character that a terminal would obey or hide written as `\uXXXX`: the same JSON value.
///
/// Takes what a JSON serialiser made: there such characters can stand inside strings only.
pub fn json(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 32);
    for c in text.chars() {
        if is_unsafe(c) {
            let mut units = [0_u16; 2];
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Whether a terminal would obey `c` or show nothing where it stands: C0 and C1 controls, DEL, bidi controls,
/// zero-width and other invisible formatting characters.
pub const fn is_unsafe(c: char) -> bool {
    // `char::is_control` is not const; these are its ranges (the general category Cc).
    matches!(c, '\0'..='\x1f' | '\x7f'..='\u{9f}')
        || is_invisible_format(c)
        || matches!(c,
            '\u{034F}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180D}' | '\u{180F}'
            | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0080}'..='\u{E0FFF}')
}

fn clean(text: &str, unsafe_here: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(&unsafe_here) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 32);
    for (at, c) in text.char_indices() {
        if unsafe_here(c) && !joins_emoji(text, at, c) { show(c, &mut out) } else { out.push(c) }
    }
    Cow::Owned(out)
}

/// Whether `typed` is the joiner of emoji and stands behind one: what it joins is yet to be typed.
pub fn joins(before: &str, typed: &str) -> bool {
    typed == "\u{200d}" && joinable(before)
}

/// Whether a text ends with an emoji that others may be joined to.
fn joinable(before: &str) -> bool {
    let is_modifier = |c: &char| matches!(c, '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}');
    before.chars().rev().find(|c| !is_modifier(c)).is_some_and(is_pictograph)
}

/// Whether `c`, at byte `at`, joins the emoji on both its sides to one (a family, a flag): it hides nothing there.
fn joins_emoji(text: &str, at: usize, c: char) -> bool {
    c == '\u{200d}' && joinable(&text[..at]) && text[at + c.len_utf8()..].chars().next().is_some_and(is_pictograph)
}

/// The blocks whose characters stand in joined emoji: visible ones, all of them.
const fn is_pictograph(c: char) -> bool {
    matches!(c, '\u{2194}'..='\u{2199}' | '\u{2600}'..='\u{27bf}' | '\u{2b05}'..='\u{2b55}'
        | '\u{1f300}'..='\u{1f3fa}' | '\u{1f400}'..='\u{1f64f}' | '\u{1f680}'..='\u{1f6ff}' | '\u{1f900}'..='\u{1faff}')
}

/// Control pictures where Unicode has them (`␛`), else the code point (`<U+202E>`).
fn show(c: char, out: &mut String) {
    match u32::from(c) {
        code @ 0..=0x1f => out.extend(char::from_u32(0x2400 + code)),
        0x7f => out.push('\u{2421}'),
        code => {
            let _ = write!(out, "<U+{code:04X}>");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Any character, with those that matter here made frequent.
    fn hostile_text() -> impl Strategy<Value = String> {
        let hostile = prop_oneof![
            4 => any::<char>(),
            2 => (0_u32..0x20).prop_map(|c| char::from_u32(c).expect("C0")),
            2 => (0x7f_u32..0xa0).prop_map(|c| char::from_u32(c).expect("DEL and C1")),
            2 => (0x200b_u32..0x2070).prop_map(|c| char::from_u32(c).expect("general punctuation")),
            1 => Just('\u{1b}'),
            1 => Just('\u{feff}'),
            2 => Just('\u{200d}'),
            2 => Just('👩'),
        ];
        proptest::collection::vec(hostile, 0..200).prop_map(|chars| chars.into_iter().collect())
    }

    proptest! {
        #[test]
        fn no_escape_or_hidden_character_leaves_the_sanitiser(text in hostile_text()) {
            let visible = |shown: &str| -> String {
                let joins = |at, c| joins_emoji(shown, at, c);
                shown.char_indices().filter(|(at, c)| !joins(*at, *c)).map(|(_, c)| c).collect()
            };
            for c in visible(&multiline(&text)).chars() {
                prop_assert!(c == '\n' || c == '\t' || !c.is_control(), "{:?}", c);
                prop_assert!(!is_invisible_format(c), "{:?}", c);
            }
            prop_assert!(!visible(&line(&text)).chars().any(|c| c.is_control() || is_invisible_format(c)));
        }

        #[test]
        fn what_is_safe_is_left_as_it_is(text in "[ -~éüß漢字🎉]{0,80}") {
            prop_assert!(matches!(line(&text), Cow::Borrowed(same) if same == text));
        }

        #[test]
        fn sanitising_twice_changes_nothing_more(text in hostile_text()) {
            let once = line(&text).into_owned();
            prop_assert_eq!(line(&once).into_owned(), once.clone());
        }

        #[test]
        fn json_keeps_its_value_and_holds_no_hidden_character(text in hostile_text()) {
            let plain = serde_json::to_string(&text).expect("a string is JSON");
            let safe = json(&plain);
            prop_assert!(!safe.chars().any(is_unsafe));
            prop_assert_eq!(serde_json::from_str::<String>(&safe).expect("still JSON"), text);
        }
    }

    #[test]
    fn an_escape_sequence_is_shown_as_text() {
        assert_eq!(line("\x1b]0;owned\x07"), "␛]0;owned␇");
        assert_eq!(multiline("a\r\nb\tc"), "a␍\nb\tc");
        assert_eq!(line("a\nb"), "a␊b");
    }

    #[test]
    fn the_joiner_stays_between_two_emoji_and_nowhere_else() {
        for emoji in ["👩\u{200d}💻", "👩🏽\u{200d}🚀", "🏳\u{fe0f}\u{200d}🌈", "👩\u{200d}❤\u{fe0f}\u{200d}👩"]
        {
            assert_eq!(line(emoji), emoji);
        }
        assert_eq!(line("pay\u{200d}pal"), "pay<U+200D>pal");
        assert_eq!(line("👩\u{200d}a\u{200d}👩"), "👩<U+200D>a<U+200D>👩");
        assert_eq!(line("👩\u{200d}\u{200d}👩\u{200d}"), "👩<U+200D><U+200D>👩<U+200D>");
    }

    #[test]
    fn direction_and_zero_width_characters_are_shown_by_their_code() {
        assert_eq!(line("abc\u{202e}fdp.exe"), "abc<U+202E>fdp.exe");
        assert_eq!(line("pay\u{200b}pal"), "pay<U+200B>pal");
        assert_eq!(line("\u{9b}31m"), "<U+009B>31m");
    }
}
