//! The same error again is known by what does not vary in it.

use std::fmt::Write as _;

/// What the texts of an error differ in from one time to the next.
const PLACEHOLDER: char = '#';
/// Bytes of a text that count; what comes later is particulars.
const CONSIDERED: usize = 512;

/// A name for the error that stays the same over time, processes and versions: 16 hexadecimal digits of where it was
/// logged (the module, not the line), its level, its message and its causes, without what varies in them.
///
/// The types of the causes are not known here, only what they say; that is why what varies is taken out of it: words
/// with a digit in them (numbers, ids, addresses, times), what stands in quotes, and paths.
pub(crate) fn fingerprint(target: &str, level: &str, message: &str, chain: Option<&str>) -> String {
    let mut hash = Fnv::default();
    for part in [target, level, &template(message), &chain.map(template).unwrap_or_default()] {
        hash.write(part.as_bytes());
        hash.write(&[0xff]);
    }
    let mut text = String::with_capacity(16);
    let _ = write!(text, "{:016x}", hash.0);
    text
}

/// The text without what varies in it.
pub(super) fn template(text: &str) -> String {
    let end = text.char_indices().map(|(at, _)| at).take_while(|at| *at <= CONSIDERED).last().unwrap_or(0);
    let text = if text.len() <= CONSIDERED { text } else { &text[..end] };
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some(quoted) = quoted(rest, first) {
            out.push(PLACEHOLDER);
            rest = &rest[quoted..];
            continue;
        }
        let end = rest.find(is_boundary).unwrap_or(rest.len());
        if end == 0 {
            out.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let word = &rest[..end];
        if word.contains(|c: char| c.is_ascii_digit()) || word.contains(['/', '\\']) {
            out.push(PLACEHOLDER);
        } else {
            out.push_str(word);
        }
        rest = &rest[end..];
    }
    out
}

fn is_boundary(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '(' | ')' | '[' | ']' | '{' | '}' | ',' | ';' | '=' | ':')
}

/// The length of a text in quotes that begins here. An apostrophe within a word begins none, as it is not at the
/// beginning of a word.
fn quoted(text: &str, quote: char) -> Option<usize> {
    if !matches!(quote, '"' | '\'' | '`') {
        return None;
    }
    text[1..].find(quote).map(|at| at + 2)
}

/// FNV-1a, 64 bits: the same everywhere and for ever, which the standard library's hashes do not promise.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(message: &str, chain: &str) -> String {
        fingerprint("chatapp_rooms::store", "ERROR", message, Some(chain))
    }

    #[test]
    fn ids_numbers_names_and_paths_do_not_make_another_error() {
        let a = of("room 17 of 'ann' failed", "cannot open /var/lib/a: os error 13, at 10.0.0.1:8000");
        let b = of("room 18 of 'bob s' failed", "cannot open /srv/b: os error 2, at 192.168.1.9:8001");
        assert_eq!(a, b);
        assert_eq!(template("id 0192f3a4-5b6c-7d8e \"x\""), "id # #");
    }

    #[test]
    fn another_place_message_or_cause_is_another_error() {
        let a = of("request failed", "the disk is full");
        assert_ne!(a, of("request failed", "the table is locked"));
        assert_ne!(a, of("write failed", "the disk is full"));
        assert_ne!(a, fingerprint("chatapp_auth", "ERROR", "request failed", Some("the disk is full")));
        assert_ne!(a, fingerprint("chatapp_rooms::store", "ERROR", "request failed", None));
    }

    #[test]
    fn a_fingerprint_is_the_same_in_every_process_and_version() {
        assert_eq!(fingerprint("t", "ERROR", "m", None), "64b90443c0e15c84");
    }

    proptest! {
        #[test]
        fn any_text_has_a_template(text in ".{0,600}") {
            prop_assert!(template(&text).len() <= text.len().max(1));
        }
    }
}
