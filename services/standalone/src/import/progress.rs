//! How far an import has come: a bar on a terminal, lines elsewhere, both on standard error.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use crate::backup::{Progress as _, ProgressBar};
use crate::screen::aside;

/// Between two lines of one step.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// The steps of an import, one after another.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    what: &'static str,
    total: u64,
    done: u64,
    said_at: Instant,
}

impl Progress {
    /// A bar, or lines where standard error is no terminal.
    pub(super) fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(ProgressBar::new);
        Self { bar, what: "", total: 0, done: 0, said_at: Instant::now() }
    }

    /// Begins a step of `total` things.
    pub(super) fn begin(&mut self, what: &'static str, total: u64) {
        (self.what, self.total, self.done, self.said_at) = (what, total, 0, Instant::now());
        match &self.bar {
            Some(bar) => {
                bar.now(what);
                bar.at(0, total);
            }
            None => aside(format!("{what}: {total}")),
        }
    }

    /// So many more are done.
    pub(super) fn add(&mut self, count: usize) {
        self.done += u64::try_from(count).unwrap_or_default();
        match &self.bar {
            Some(bar) => bar.at(self.done, self.total),
            None if self.said_at.elapsed() >= LINE_EVERY => {
                self.said_at = Instant::now();
                aside(format!("{}: {} of {}", self.what, self.done, self.total));
            }
            None => {}
        }
    }
}
