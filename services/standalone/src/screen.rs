//! What a command says on its standard output: text for people, JSON for programs.

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};

use serde::Serialize;

/// The standard output. Colours are for terminals alone, and not when `NO_COLOR` is set.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    colors: bool,
}

/// How a word stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Bold.
    Strong,
    /// Less than the rest.
    Faint,
    /// Good.
    Good,
    /// To be looked at.
    Warning,
    /// Bad.
    Bad,
}

impl Screen {
    /// The standard output of this process.
    pub fn stdout() -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { colors: wanted && io::stdout().is_terminal() }
    }

    /// Without colours.
    pub const fn plain() -> Self {
        Self { colors: false }
    }

    /// `text` in a style, where there are colours.
    pub fn styled(self, style: Style, text: impl Display) -> String {
        if !self.colors {
            return text.to_string();
        }
        let code = match style {
            Style::Strong => "1",
            Style::Faint => "2",
            Style::Good => "32",
            Style::Warning => "33",
            Style::Bad => "31",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }

    /// Prints a line. Whoever reads may have gone (`chatapp users list | head`): that is no error of ours.
    pub fn line(self, text: impl Display) {
        let mut out = io::stdout().lock();
        let _ = writeln!(out, "{text}").and_then(|()| out.flush());
    }

    /// Prints a value as one line of JSON.
    pub fn json(self, value: &impl Serialize) -> anyhow::Result<()> {
        self.line(serde_json::to_string(value)?);
        Ok(())
    }
}

/// Prints a line to standard error: what is wrong, asked, or going on beside the result.
#[expect(clippy::print_stderr, reason = "this is where programs say it")]
pub fn aside(text: impl Display) {
    eprintln!("{text}");
}

/// `text` without characters that a terminal would act on: names in the database may be older than today's rules.
pub fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// A number of bytes for people.
pub fn bytes(n: u64) -> impl Display {
    indicatif::BinaryBytes(n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_escape_sequence_leaves_a_stored_name() {
        assert_eq!(harmless("a\x1b[2Jb\u{9b}c\n"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}");
    }

    #[test]
    fn without_colours_text_is_text() {
        assert_eq!(Screen::plain().styled(Style::Bad, "x"), "x");
        assert_eq!(Screen { colors: true }.styled(Style::Bad, "x"), "\x1b[31mx\x1b[0m");
    }
}
