//! The input line at the bottom of a real terminal.

use std::io::{self, Write as _};
use std::sync::Once;

use crossterm::clipboard::CopyToClipboard;
use crossterm::cursor::{MoveTo, MoveToColumn};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste, Event, EventStream, KeyEventKind};
use crossterm::style::Print;
use crossterm::terminal::{Clear, ClearType, disable_raw_mode, enable_raw_mode, size};
use crossterm::{execute, queue};
use futures::StreamExt as _;
use unicode_width::UnicodeWidthStr as _;

use super::breaking::broken;
use super::editor::{Edit, Editor};
use super::ends::Ends;
use super::{Input, Style};
use crate::completion::Known;
use crate::outside;
use crate::screen::keymap::Keymap;

/// A prompt that leaves less than this stands on a line of its own.
const ANSWER_COLUMNS: usize = 8;

/// A terminal in raw mode.
pub(crate) struct Terminal {
    events: Option<EventStream>,
    ends: Ends,
    editor: Editor,
    prompt: String,
    style: Style,
    /// What stands before the prompt of a conversation.
    status: String,
    /// Whether the prompt stands on the screen.
    is_prompting: bool,
    /// The input as it stands behind the prompt, and the cursor's column.
    drawn: (String, u16),
    raw: Option<RawMode>,
}

impl Terminal {
    pub(super) fn open(keymap: Keymap) -> io::Result<Self> {
        let raw = RawMode::enter()?;
        Ok(Self {
            events: Some(EventStream::new()),
            ends: Ends::new()?,
            editor: Editor::new(keymap),
            prompt: String::new(),
            style: Style::Question,
            status: String::new(),
            is_prompting: false,
            drawn: (String::new(), 0),
            raw: Some(raw),
        })
    }

    pub(super) fn print(&mut self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.is_prompting {
            queue!(out, MoveToColumn(0), Clear(ClearType::FromCursorDown))?;
        }
        for line in text.split('\n').flat_map(|line| broken(line, columns())) {
            queue!(out, Print(line), Print("\r\n"))?;
        }
        if self.is_prompting { self.draw(&mut out) } else { out.flush() }
    }

    /// Takes the prompt, and what is seen of what was typed behind it, away.
    pub(super) fn hush(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.is_prompting) {
            execute!(io::stdout(), MoveToColumn(0), Clear(ClearType::FromCursorDown))?;
        }
        Ok(())
    }

    /// Shows a line that was entered and has vanished.
    pub(super) fn echo(&mut self, line: &str) -> io::Result<()> {
        let text = format!("{}{}", self.prompt, chatapp_client::sanitize::line(line));
        self.print(&text)
    }

    pub(super) fn copy(text: &str) -> io::Result<()> {
        execute!(io::stdout(), CopyToClipboard::to_clipboard_from(text))
    }

    pub(super) fn signal(sequence: &str) -> io::Result<()> {
        execute!(io::stdout(), Print(sequence))
    }

    /// What stands before the prompt of a conversation from now on; it comes and goes without a line of its own.
    pub(super) fn set_status(&mut self, status: &str) -> io::Result<()> {
        if self.status == status {
            return Ok(());
        }
        status.clone_into(&mut self.status);
        let is_seen = self.is_prompting && self.style == Style::Conversation;
        if is_seen { self.draw(&mut io::stdout().lock()) } else { Ok(()) }
    }

    /// Puts a text where one writes.
    pub(super) fn write(&mut self, text: &str) -> io::Result<()> {
        self.editor.set(text);
        if self.is_prompting { self.draw(&mut io::stdout().lock()) } else { Ok(()) }
    }

    /// Empties the line, and gives what was being written.
    pub(super) fn take_text(&mut self) -> String {
        self.editor.reset()
    }

    pub(super) fn knows(&mut self, known: Known) {
        self.editor.knows(known);
    }

    /// Gives the terminal away, and takes it back.
    pub(super) fn lend<T>(&mut self, borrower: impl FnOnce() -> T) -> io::Result<T> {
        self.raw = None;
        self.events = None;
        let result = borrower();
        self.raw = Some(RawMode::enter()?);
        self.events = Some(EventStream::new());
        Ok(result)
    }

    pub(super) fn prompt(&mut self, prompt: &str, style: Style) -> io::Result<()> {
        self.is_prompting = false;
        if prompt.width() + ANSWER_COLUMNS < columns() {
            prompt.clone_into(&mut self.prompt);
        } else {
            self.print(prompt.trim_end())?;
            self.prompt.clear();
        }
        self.style = style;
        self.is_prompting = true;
        self.draw(&mut io::stdout().lock())
    }

    pub(super) fn clear(&mut self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        queue!(out, Clear(ClearType::All), MoveTo(0, 0))?;
        if self.is_prompting { self.draw(&mut out) } else { out.flush() }
    }

    pub(super) async fn next(&mut self) -> io::Result<Input> {
        loop {
            let event = tokio::select! {
                () = self.ends.asked() => return self.finish(Input::Interrupted),
                event = async {
                    match &mut self.events {
                        Some(events) => events.next().await,
                        None => None,
                    }
                } => event,
            };
            let edit = match event {
                None => return self.finish(Input::Ended),
                Some(Err(e)) => return Err(e),
                Some(Ok(Event::Key(key))) if key.kind != KeyEventKind::Release => self.editor.key(key, self.style),
                Some(Ok(Event::Paste(text))) => self.editor.insert(&text.replace("\r\n", "\n").replace('\r', "\n")),
                Some(Ok(Event::Resize(..))) => {
                    self.drawn = (String::new(), u16::MAX);
                    Edit::Changed
                }
                Some(Ok(_)) => Edit::Nothing,
            };
            match edit {
                Edit::Typed | Edit::Changed if self.is_prompting => {
                    self.redraw(&mut io::stdout().lock())?;
                    if edit == Edit::Typed && self.style == Style::Conversation && self.editor.message().is_some() {
                        return Ok(Input::Typing);
                    }
                }
                Edit::Typed | Edit::Changed | Edit::Nothing => {}
                Edit::Clear => self.clear()?,
                Edit::Suspend => self.suspend()?,
                // The prompt stays with what is written behind it; what the command says goes above them.
                Edit::Command(line) => return Ok(Input::Line(line.to_owned())),
                Edit::Entered(line) => return self.entered(line),
                Edit::Interrupted => return self.finish(Input::Interrupted),
                Edit::Ended => return self.finish(Input::Ended),
            }
        }
    }

    fn entered(&mut self, line: String) -> io::Result<Input> {
        if !std::mem::take(&mut self.is_prompting) {
            return Ok(Input::Line(line));
        }
        let mut out = io::stdout().lock();
        queue!(out, MoveToColumn(0), Clear(ClearType::FromCursorDown))?;
        match self.style {
            Style::Conversation => {}
            Style::Secret => queue!(out, Print(&self.prompt), Print("\r\n"))?,
            Style::Question => {
                queue!(out, Print(&self.prompt), Print(chatapp_client::sanitize::line(&line)), Print("\r\n"))?;
            }
        }
        out.flush()?;
        Ok(Input::Line(line))
    }

    /// Gives the terminal to the shell until one comes back.
    fn suspend(&mut self) -> io::Result<()> {
        if self.is_prompting {
            execute!(io::stdout(), Print("\r\n"))?;
        }
        self.lend(outside::suspend)??;
        if self.is_prompting { self.draw(&mut io::stdout().lock()) } else { Ok(()) }
    }

    fn finish(&mut self, input: Input) -> io::Result<Input> {
        if std::mem::take(&mut self.is_prompting) {
            execute!(io::stdout(), Print("\r\n"))?;
        }
        Ok(input)
    }

    fn draw(&mut self, out: &mut impl io::Write) -> io::Result<()> {
        let (text, column) = self.picture();
        let prompt = self.visible_prompt();
        queue!(
            out,
            MoveToColumn(0),
            Clear(ClearType::FromCursorDown),
            Print(prompt),
            Print(&text),
            MoveToColumn(column)
        )?;
        self.drawn = (text, column);
        out.flush()
    }

    /// What was typed at the end is only added or taken away, so that a screen reader need not read the line anew.
    fn redraw(&mut self, out: &mut impl io::Write) -> io::Result<()> {
        let (text, column) = self.picture();
        let (old, old_column) = &self.drawn;
        if (old, *old_column) == (&text, column) {
            return Ok(());
        }
        let ends = |text: &str, column: u16| usize::from(column) == self.visible_prompt().width() + text.width();
        if !ends(old, *old_column) || !ends(&text, column) || old_column == &column {
            return self.draw(out);
        }
        if let Some(added) = text.strip_prefix(old.as_str()) {
            queue!(out, Print(added))?;
        } else if old.starts_with(text.as_str()) {
            queue!(out, MoveToColumn(column), Clear(ClearType::UntilNewLine))?;
        } else {
            return self.draw(out);
        }
        self.drawn = (text, column);
        out.flush()
    }

    /// The part of the input that is seen, and the cursor's column.
    fn picture(&self) -> (String, u16) {
        let prompt = self.visible_prompt().width();
        let (text, column) = match self.style {
            Style::Secret => (String::new(), 0),
            _ => self.editor.view(columns().saturating_sub(prompt)),
        };
        (text, u16::try_from(prompt + column).unwrap_or(u16::MAX))
    }

    /// A terminal too narrow for the prompt shows none.
    fn visible_prompt(&self) -> String {
        let status = if self.style == Style::Conversation { self.status.as_str() } else { "" };
        let fits = |prompt: &str| prompt.width() + ANSWER_COLUMNS < columns();
        [format!("{status}{}", self.prompt), self.prompt.clone()].into_iter().find(|p| fits(p)).unwrap_or_default()
    }
}

fn columns() -> usize {
    size().map_or(80, |(columns, _)| usize::from(columns)).max(2)
}

/// What is said of a panic is to be readable.
static ON_PANIC: Once = Once::new();

/// Raw mode, left again whatever happens.
struct RawMode;

impl RawMode {
    fn enter() -> io::Result<Self> {
        ON_PANIC.call_once(|| {
            let earlier = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                // Elsewhere a panic ends one piece of work, and the conversation goes on.
                if std::thread::current().name() == Some("main") {
                    let _ = disable_raw_mode();
                }
                earlier(panic);
            }));
        });
        enable_raw_mode()?;
        let guard = Self;
        execute!(io::stdout(), EnableBracketedPaste)?;
        Ok(guard)
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        let _ = execute!(io::stdout(), DisableBracketedPaste);
        let _ = disable_raw_mode();
    }
}
