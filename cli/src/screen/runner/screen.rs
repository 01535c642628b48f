//! The terminal: taken, drawn upon, lent, given back, whatever happens.

use std::collections::BTreeSet;
use std::io::{self, BufWriter, Stdout, Write as _};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste, EnableFocusChange,
    EnableMouseCapture,
};
use crossterm::style::Print;
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode,
};
use crossterm::{cursor, execute, queue};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::{Buffer, CellDiffOption};
use ratatui::layout::{Position, Rect};

use crate::screen::draw::draw;
use crate::screen::state::{Size, State};

/// Whether the terminal is taken: it is given back once, by whoever comes first.
static IS_TAKEN: AtomicBool = AtomicBool::new(false);
static ON_PANIC: Once = Once::new();

pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
    has_mouse: bool,
    /// Rows in which terminals may count columns otherwise than we do.
    uncertain: BTreeSet<u16>,
}

impl Screen {
    pub(super) fn open(has_mouse: bool) -> io::Result<Self> {
        ON_PANIC.call_once(|| {
            let earlier = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                // Elsewhere than in the loop that draws, a panic ends one piece of work and must not write into the picture.
                if std::thread::current().name() == Some("main") || !IS_TAKEN.load(Ordering::SeqCst) {
                    give_back();
                    earlier(panic);
                } else {
                    tracing::error!(panic = %panic, "a piece of work has failed");
                }
            }));
        });
        take(has_mouse)?;
        let terminal = Terminal::new(CrosstermBackend::new(BufWriter::with_capacity(1 << 16, io::stdout())));
        match terminal {
            Ok(terminal) => Ok(Self { terminal, has_mouse, uncertain: BTreeSet::new() }),
            Err(e) => {
                give_back();
                Err(e)
            }
        }
    }

    pub(super) fn size(&self) -> io::Result<Size> {
        let size = self.terminal.size()?;
        Ok(Size { columns: size.width, rows: size.height })
    }

    pub(super) fn draw(&mut self, state: &State) -> io::Result<()> {
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        let before = std::mem::take(&mut self.uncertain);
        let mut now = BTreeSet::new();
        self.terminal.draw(|frame| {
            draw(state, frame);
            now = uncertain_rows(frame.buffer_mut());
            always(frame.buffer_mut(), before.union(&now));
        })?;
        self.uncertain = now;
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)
    }

    /// Everything is drawn anew by the next picture.
    pub(super) fn forget(&mut self) -> io::Result<()> {
        // `Terminal::clear` would ask the terminal where the cursor is, and the answer would be read as keys.
        let size = self.terminal.size()?;
        self.terminal.resize(Rect::from((Position::ORIGIN, size)))
    }

    pub(super) fn set_mouse(&mut self, has_mouse: bool) -> io::Result<()> {
        self.has_mouse = has_mouse;
        let out = self.terminal.backend_mut();
        if has_mouse { execute!(out, EnableMouseCapture) } else { execute!(out, DisableMouseCapture) }
    }

    pub(super) fn copy(&mut self, text: &str) -> io::Result<()> {
        execute!(self.terminal.backend_mut(), CopyToClipboard::to_clipboard_from(text))
    }

    /// Sends a sequence that moves nothing: a bell, a notification.
    pub(super) fn signal(&mut self, sequence: &str) -> io::Result<()> {
        execute!(self.terminal.backend_mut(), Print(sequence))
    }

    /// Gives the terminal to somebody else, and takes it back.
    pub(super) fn lend<T>(&mut self, borrower: impl FnOnce() -> T) -> io::Result<T> {
        give_back();
        let result = borrower();
        take(self.has_mouse)?;
        self.forget()?;
        Ok(result)
    }

    /// Gives the terminal back for good.
    pub(super) fn close(self) {
        drop(self);
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Rows with characters of several code points (joined emoji, flags): terminals differ in how wide they are.
fn uncertain_rows(buffer: &Buffer) -> BTreeSet<u16> {
    let cells = buffer.content.iter().enumerate().filter(|(_, cell)| cell.symbol().chars().nth(1).is_some());
    cells.map(|(at, _)| buffer.pos_of(at).1).collect()
}

/// Rows that are written whole each time, so that nothing is left of what a terminal put beside its place.
fn always<'a>(buffer: &mut Buffer, rows: impl Iterator<Item = &'a u16>) {
    let area = buffer.area;
    for row in rows.filter(|row| **row < area.bottom()) {
        for column in area.left()..area.right() {
            if let Some(cell) = buffer.cell_mut((column, *row)) {
                cell.set_diff_option(CellDiffOption::AlwaysUpdate);
            }
        }
    }
}

fn take(has_mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    IS_TAKEN.store(true, Ordering::SeqCst);
    let taken = execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, EnableFocusChange)
        .and_then(|()| if has_mouse { execute!(io::stdout(), EnableMouseCapture) } else { Ok(()) });
    if taken.is_err() {
        give_back();
    }
    taken
}

/// The terminal as it was. What cannot be done is left: nobody could be told.
fn give_back() {
    if !IS_TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    let _ = execute!(
        out,
        EndSynchronizedUpdate,
        DisableMouseCapture,
        DisableFocusChange,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        cursor::Show
    );
    let _ = disable_raw_mode();
    let _ = out.flush();
}
