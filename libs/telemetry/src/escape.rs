//! Characters that a log line must not hold as they are.

use std::fmt::{self, Write};
use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// Whether `c` could end a line, steer a terminal, or make a line read differently from what it says: C0, DEL and C1
/// controls, line and paragraph separators, bidirectional controls, zero-width characters.
pub(crate) fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Writes `text` with each unsafe character as its escape: `\n`, `\r`, `\t` or `\u{1b}`.
pub(crate) fn write_escaped(out: &mut dyn Write, text: &str) -> fmt::Result {
    let mut rest = text;
    while let Some(at) = rest.find(is_unsafe) {
        let (safe, tail) = rest.split_at(at);
        out.write_str(safe)?;
        let mut chars = tail.chars();
        if let Some(c) = chars.next() {
            write!(out, "{}", c.escape_default())?;
        }
        rest = chars.as_str();
    }
    out.write_str(rest)
}

/// Writes the value of a field: escaped, and in quotes when it would otherwise run into its neighbours.
pub(crate) fn write_value(out: &mut dyn Write, text: &str) -> fmt::Result {
    let plain =
        !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '=' | '\\' | '{' | '}'));
    if plain {
        return write_escaped(out, text);
    }
    out.write_char('"')?;
    for part in text.split_inclusive(['"', '\\']) {
        let (body, last) = match part.chars().next_back() {
            Some(c @ ('"' | '\\')) => (&part[..part.len() - 1], Some(c)),
            _ => (part, None),
        };
        write_escaped(out, body)?;
        if let Some(c) = last {
            out.write_char('\\')?;
            out.write_char(c)?;
        }
    }
    out.write_char('"')
}

/// Serialises `value` as JSON on one line in which every unsafe character is escaped (JSON itself asks that of C0 alone).
pub(crate) fn to_json(value: &impl Serialize) -> Result<String, serde_json::Error> {
    let mut bytes = Vec::with_capacity(256);
    value.serialize(&mut Serializer::with_formatter(&mut bytes, OneSafeLine))?;
    String::from_utf8(bytes).map_err(serde::ser::Error::custom)
}

struct OneSafeLine;

impl Formatter for OneSafeLine {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(is_unsafe) {
            let (safe, tail) = rest.split_at(at);
            writer.write_all(safe.as_bytes())?;
            let mut chars = tail.chars();
            if let Some(unit) = chars.next().map(u32::from) {
                // All unsafe characters are in the basic plane: one escape each.
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = chars.as_str();
        }
        writer.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(text: &str) -> String {
        let mut out = String::new();
        write_escaped(&mut out, text).unwrap();
        out
    }

    fn value(text: &str) -> String {
        let mut out = String::new();
        write_value(&mut out, text).unwrap();
        out
    }

    #[test]
    fn control_characters_become_visible() {
        assert_eq!(escaped("a\r\nb\x1b[2Jc\u{9b}d\x7f"), r"a\r\nb\u{1b}[2Jc\u{9b}d\u{7f}");
        assert_eq!(escaped("abc\u{202e}def\u{200b}\u{2028}"), r"abc\u{202e}def\u{200b}\u{2028}");
        assert_eq!(escaped("grüße, 世界"), "grüße, 世界");
    }

    #[test]
    fn no_control_character_of_any_plane_is_left() {
        let all: String = (0..=0x3000).filter_map(char::from_u32).collect();
        assert!(!escaped(&all).contains(is_unsafe));
        assert!(!value(&all).contains(is_unsafe));
        let json = to_json(&all).unwrap();
        assert!(!json.contains(is_unsafe));
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), all);
    }

    #[test]
    fn a_value_that_looks_like_fields_is_quoted() {
        assert_eq!(value("alice"), "alice");
        assert_eq!(value("alice level=ERROR"), r#""alice level=ERROR""#);
        assert_eq!(value(r#"a" b="c"#), r#""a\" b=\"c""#);
        assert_eq!(value(r"a\"), r#""a\\""#);
        assert_eq!(value(""), r#""""#);
    }
}
