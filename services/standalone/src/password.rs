//! Passwords that an operator gives: typed without being shown, read from standard input, or made here.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use anyhow::{Context as _, bail};
use chatapp_auth::operator::generate_password;
use chatapp_types::Secret;
use chatapp_types::limits::PASSWORD_CHARS;
use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};

/// Longer input is no password.
const INPUT_MAX: u64 = 4_096;
/// Where a password comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Asked for, twice.
    Prompt,
    /// The first line of standard input.
    Stdin,
    /// Made here.
    Generated,
}

impl Source {
    /// The password. Asking needs a terminal.
    pub(crate) fn read(self) -> anyhow::Result<Secret> {
        match self {
            Self::Stdin => first_line(io::stdin().lock()),
            Self::Generated => Ok(generate_password()?),
            Self::Prompt if io::stdin().is_terminal() => ask_twice(),
            Self::Prompt => bail!("there is no terminal to ask on: give the password with --password-stdin"),
        }
    }
}

fn first_line(input: impl io::BufRead) -> anyhow::Result<Secret> {
    let mut line = String::new();
    input.take(INPUT_MAX).read_line(&mut line).context("cannot read the password from standard input")?;
    let line = line.strip_suffix('\n').unwrap_or(&line);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() {
        bail!("standard input has no password");
    }
    Ok(Secret::from(line))
}

fn ask_twice() -> anyhow::Result<Secret> {
    let first = ask("Password: ")?;
    if first.expose().chars().count() < *PASSWORD_CHARS.start() {
        bail!("a password has at least {} characters", PASSWORD_CHARS.start());
    }
    if ask("Once more: ")? != first {
        bail!("the two passwords differ");
    }
    Ok(first)
}

fn ask(prompt: &str) -> anyhow::Result<Secret> {
    let mut terminal = io::stderr();
    write!(terminal, "{prompt}")?;
    terminal.flush()?;
    let raw = RawMode::enter()?;
    let typed = read_keys();
    drop(raw);
    writeln!(terminal)?;
    typed
}

fn read_keys() -> anyhow::Result<Secret> {
    let mut typed = String::new();
    loop {
        let Event::Key(key) = event::read()? else { continue };
        if key.kind == KeyEventKind::Release {
            continue;
        }
        match pressed(key, &mut typed) {
            Pressed::More => {}
            Pressed::Done => return Ok(Secret::from(typed)),
            Pressed::GivenUp => bail!("given up"),
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Pressed {
    More,
    Done,
    GivenUp,
}

fn pressed(key: KeyEvent, typed: &mut String) -> Pressed {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Enter => return Pressed::Done,
        KeyCode::Esc => return Pressed::GivenUp,
        KeyCode::Char('c' | 'd') if control => return Pressed::GivenUp,
        KeyCode::Char('u') if control => typed.clear(),
        KeyCode::Backspace => {
            typed.pop();
        }
        KeyCode::Char(c) if !control => typed.push(c),
        _ => {}
    }
    Pressed::More
}

/// The terminal shows nothing that is typed until this is dropped.
struct RawMode;

impl RawMode {
    fn enter() -> io::Result<Self> {
        enable_raw_mode().map(|()| Self)
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        let _ = disable_raw_mode();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(code: KeyCode, typed: &mut String) -> Pressed {
        pressed(KeyEvent::new(code, KeyModifiers::NONE), typed)
    }

    #[test]
    fn keys_make_the_password_that_was_meant() {
        let mut typed = String::new();
        for c in "secrxt".chars() {
            assert_eq!(press(KeyCode::Char(c), &mut typed), Pressed::More);
        }
        for code in [KeyCode::Backspace, KeyCode::Backspace, KeyCode::Left, KeyCode::Char('e'), KeyCode::Char('t')] {
            assert_eq!(press(code, &mut typed), Pressed::More);
        }
        assert_eq!(typed, "secret");
        assert_eq!(press(KeyCode::Enter, &mut typed), Pressed::Done);
        let interrupt = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(pressed(interrupt, &mut typed), Pressed::GivenUp);
    }

    #[test]
    fn the_first_line_of_standard_input_is_the_password_blanks_included() {
        assert_eq!(first_line(&b" a b \r\nmore\n"[..]).unwrap().expose(), " a b ");
        assert_eq!(first_line(&b"no line end"[..]).unwrap().expose(), "no line end");
        assert!(first_line(&b"\n"[..]).is_err());
    }
}
