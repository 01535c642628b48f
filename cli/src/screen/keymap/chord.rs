//! A key with what is held down beside it.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key, as bindings name it: `ctrl+k`, `alt+up`, `f1`, `G`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Chord {
    code: KeyCode,
    modifiers: KeyModifiers,
}

const NAMED: [(&str, KeyCode); 17] = [
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pageup", KeyCode::PageUp),
    ("pagedown", KeyCode::PageDown),
    ("space", KeyCode::Char(' ')),
    ("plus", KeyCode::Char('+')),
    ("backtab", KeyCode::BackTab),
];

impl Chord {
    /// The chord of a key that was pressed. A letter's case says whether shift was held.
    pub(crate) fn of(key: KeyEvent) -> Self {
        Self::new(key.code, key.modifiers)
    }

    fn new(code: KeyCode, modifiers: KeyModifiers) -> Self {
        let held = modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        match code {
            KeyCode::Char(c) if held.contains(KeyModifiers::CONTROL) => {
                Self { code: KeyCode::Char(c.to_ascii_lowercase()), modifiers: held - KeyModifiers::SHIFT }
            }
            KeyCode::Char(_) => Self { code, modifiers: held - KeyModifiers::SHIFT },
            KeyCode::BackTab => Self { code: KeyCode::Tab, modifiers: held | KeyModifiers::SHIFT },
            _ => Self { code, modifiers: held },
        }
    }

    /// Reads a binding's key.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let bad = || format!("{text:?} is no key like ctrl+k, alt+up, f1 or G");
        let mut modifiers = KeyModifiers::NONE;
        let mut rest = text;
        while let Some((held, after)) = rest.split_once('+').filter(|(_, after)| !after.is_empty()) {
            modifiers |= match held {
                "ctrl" => KeyModifiers::CONTROL,
                "alt" => KeyModifiers::ALT,
                "shift" => KeyModifiers::SHIFT,
                _ => return Err(bad()),
            };
            rest = after;
        }
        let mut chars = rest.chars();
        let code = match (chars.next(), chars.next()) {
            (Some(c), None) => KeyCode::Char(c),
            _ => match NAMED.iter().find(|(name, _)| *name == rest) {
                Some((_, code)) => *code,
                None => KeyCode::F(rest.strip_prefix('f').and_then(|n| n.parse().ok()).ok_or_else(bad)?),
            },
        };
        Ok(Self::new(code, modifiers))
    }

    /// The character that it types, if it types one.
    pub(crate) fn typed(self) -> Option<char> {
        match self.code {
            KeyCode::Char(c) if self.modifiers.is_empty() => Some(c),
            _ => None,
        }
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = [(KeyModifiers::CONTROL, "Ctrl+"), (KeyModifiers::ALT, "Alt+"), (KeyModifiers::SHIFT, "Shift+")];
        for (modifier, name) in held {
            if self.modifiers.contains(modifier) {
                f.write_str(name)?;
            }
        }
        match self.code {
            KeyCode::Char(' ') => f.write_str("Space"),
            KeyCode::Char(c) if self.modifiers.contains(KeyModifiers::CONTROL) => {
                write!(f, "{}", c.to_ascii_uppercase())
            }
            KeyCode::Char(c) => write!(f, "{c}"),
            KeyCode::F(n) => write!(f, "F{n}"),
            KeyCode::Up => f.write_str("↑"),
            KeyCode::Down => f.write_str("↓"),
            KeyCode::Left => f.write_str("←"),
            KeyCode::Right => f.write_str("→"),
            KeyCode::PageUp => f.write_str("PgUp"),
            KeyCode::PageDown => f.write_str("PgDn"),
            KeyCode::Delete => f.write_str("Del"),
            code => write!(f, "{code:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_key_that_is_pressed_is_the_one_that_was_named() {
        let pressed = |code, modifiers| Chord::of(KeyEvent::new(code, modifiers));
        assert_eq!(Chord::parse("ctrl+k"), Ok(pressed(KeyCode::Char('k'), KeyModifiers::CONTROL)));
        assert_eq!(Chord::parse("G"), Ok(pressed(KeyCode::Char('G'), KeyModifiers::SHIFT)));
        assert_eq!(Chord::parse("shift+tab"), Ok(pressed(KeyCode::BackTab, KeyModifiers::SHIFT)));
        assert_eq!(Chord::parse("alt+up"), Ok(pressed(KeyCode::Up, KeyModifiers::ALT)));
        assert_eq!(Chord::parse("+"), Ok(pressed(KeyCode::Char('+'), KeyModifiers::NONE)));
    }

    #[test]
    fn a_mistyped_key_is_refused() {
        for text in ["", "ctrl", "ctrl+", "hyper+k", "fx", "enterr"] {
            assert!(Chord::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_key_is_shown_as_people_write_it() {
        assert_eq!(Chord::parse("ctrl+k").unwrap().to_string(), "Ctrl+K");
        assert_eq!(Chord::parse("alt+up").unwrap().to_string(), "Alt+↑");
        assert_eq!(Chord::parse("pageup").unwrap().to_string(), "PgUp");
    }
}
