//! Talking with a person line by line.
//!
//! On a terminal the input line is edited here, so that what arrives meanwhile is printed above it and what has been
//! typed stays. Elsewhere (pipes, dumb terminals) lines are read as they come.

mod breaking;
mod editor;
mod ends;
mod pipe;
mod terminal;

use std::io::{self, IsTerminal as _};

use std::collections::BTreeMap;

use chatapp_client::sanitize;
use pipe::{Pipe, Prompts};
use terminal::Terminal;

use crate::completion::Known;
use crate::screen::keymap::Keymap;

pub(crate) use ends::Ends;

/// What a person did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// Entered a line.
    Line(String),
    /// Wrote on at a message.
    Typing,
    /// Pressed Ctrl+C, or the process is asked to end.
    Interrupted,
    /// There is no more input.
    Ended,
}

/// What a line of input is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// An answer: it stays beside its question.
    Question,
    /// An answer that nobody may see.
    Secret,
    /// A line of a conversation: it vanishes when it is entered, for it comes back as a message.
    Conversation,
}

/// The terminal, or what stands in its place. Dropping it gives the terminal back as it was.
pub(crate) enum Console {
    Terminal(Box<Terminal>),
    Pipe(Pipe),
}

impl Console {
    /// An editing console with these keys where the terminal can do it; elsewhere prompts go to standard output.
    pub(crate) fn open(keymap: Keymap) -> io::Result<Self> {
        Self::open_with(Prompts::Stdout, keymap)
    }

    /// For the questions of a single command: elsewhere than on a terminal, a person is asked on standard error, and a
    /// script is not asked at all.
    pub(crate) fn for_command() -> io::Result<Self> {
        let prompts = if io::stdin().is_terminal() { Prompts::Stderr } else { Prompts::Nowhere };
        Self::open_with(prompts, Keymap::new(false, &BTreeMap::new()).map_err(io::Error::other)?)
    }

    fn open_with(prompts: Prompts, keymap: Keymap) -> io::Result<Self> {
        let both = io::stdin().is_terminal() && io::stdout().is_terminal();
        let is_dumb = std::env::var("TERM").map_or(true, |term| term == "dumb" || term.is_empty());
        if both && !is_dumb {
            Ok(Self::Terminal(Box::new(Terminal::open(keymap)?)))
        } else {
            Ok(Self::Pipe(Pipe::open(prompts)))
        }
    }

    /// Whether a person is asked, rather than a script.
    pub(crate) fn is_interactive(&self) -> bool {
        match self {
            Self::Terminal(_) => true,
            Self::Pipe(pipe) => pipe.is_typed(),
        }
    }

    /// Shows a text of one or more lines, above what is being typed.
    pub(crate) fn print(&mut self, text: &str) -> io::Result<()> {
        let text = sanitize::multiline(text);
        match self {
            Self::Terminal(terminal) => terminal.print(&text),
            Self::Pipe(_) => Pipe::print(&text),
        }
    }

    /// What stands before the next line, and what that line is for.
    pub(crate) fn prompt(&mut self, prompt: &str, style: Style) -> io::Result<()> {
        let prompt = sanitize::line(prompt);
        match self {
            Self::Terminal(terminal) => terminal.prompt(&prompt, style),
            Self::Pipe(pipe) => pipe.prompt(&prompt, style),
        }
    }

    /// Asks, and gives what was answered.
    pub(crate) async fn ask(&mut self, prompt: &str, style: Style) -> io::Result<Input> {
        self.prompt(prompt, style)?;
        loop {
            match self.next().await? {
                Input::Typing => {}
                input => return Ok(input),
            }
        }
    }

    /// Shows a line of a conversation that was entered and does not come back as a message.
    pub(crate) fn echo(&mut self, line: &str) -> io::Result<()> {
        match self {
            Self::Terminal(terminal) => terminal.echo(line),
            Self::Pipe(_) => Ok(()),
        }
    }

    /// What stands before the prompt of a conversation, on a terminal that can be drawn upon.
    pub(crate) fn set_status(&mut self, status: &str) -> io::Result<()> {
        match self {
            Self::Terminal(terminal) => terminal.set_status(&sanitize::line(status)),
            Self::Pipe(_) => Ok(()),
        }
    }

    /// Puts a text where one writes; `false` where that cannot be.
    pub(crate) fn write(&mut self, text: &str) -> io::Result<bool> {
        match self {
            Self::Terminal(terminal) => terminal.write(text).map(|()| true),
            Self::Pipe(_) => Ok(false),
        }
    }

    /// Empties the line, and gives what was being written.
    pub(crate) fn take_text(&mut self) -> String {
        match self {
            Self::Terminal(terminal) => terminal.take_text(),
            Self::Pipe(_) => String::new(),
        }
    }

    /// Ends a conversation: its prompt, and what was typed behind it, vanish.
    pub(crate) fn hush(&mut self) -> io::Result<()> {
        match self {
            Self::Terminal(terminal) => terminal.hush(),
            Self::Pipe(_) => Ok(()),
        }
    }

    /// Clears the screen, where there is one.
    pub(crate) fn clear(&mut self) -> io::Result<()> {
        match self {
            Self::Terminal(terminal) => terminal.clear(),
            Self::Pipe(_) => Ok(()),
        }
    }

    /// Puts a text on the clipboard of the terminal; `false` where there is none.
    pub(crate) fn copy(&mut self, text: &str) -> io::Result<bool> {
        match self {
            Self::Terminal(_) => Terminal::copy(text).map(|()| true),
            Self::Pipe(_) => Ok(false),
        }
    }

    /// Sends the terminal a sequence that moves nothing on it: a bell, a notification.
    pub(crate) fn signal(&mut self, sequence: &str) -> io::Result<()> {
        match self {
            Self::Terminal(_) => Terminal::signal(sequence),
            Self::Pipe(_) => Ok(()),
        }
    }

    /// Runs something that uses the terminal in its own way; `None` where there is none.
    pub(crate) fn lend<T>(&mut self, borrower: impl FnOnce() -> T) -> io::Result<Option<T>> {
        match self {
            Self::Terminal(terminal) => terminal.lend(borrower).map(Some),
            Self::Pipe(_) => Ok(None),
        }
    }

    /// What the tab key completes from now on.
    pub(crate) fn knows(&mut self, known: Known) {
        if let Self::Terminal(terminal) = self {
            terminal.knows(known);
        }
    }

    /// The next line that is entered. Cancel-safe: what has been typed so far is kept.
    pub(crate) async fn next(&mut self) -> io::Result<Input> {
        match self {
            Self::Terminal(terminal) => terminal.next().await,
            Self::Pipe(pipe) => pipe.next().await,
        }
    }
}
