//! How far a copy has come.

use std::io::IsTerminal as _;

/// Is told how far a copy has come.
pub trait Progress {
    /// `done` of `total` pages are copied. `total` may differ from call to call.
    fn at(&self, done: u64, total: u64);
    /// What is done now, a few words.
    fn now(&self, what: &'static str);
}

/// Tells nobody.
pub struct Quiet;

impl Progress for Quiet {
    fn at(&self, _done: u64, _total: u64) {}
    fn now(&self, _what: &'static str) {}
}

/// A bar on standard error, drawn on a terminal alone.
pub struct ProgressBar(indicatif::ProgressBar);

impl ProgressBar {
    /// A bar, invisible where standard error is no terminal.
    pub fn new() -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(indicatif::ProgressBar::hidden());
        }
        let style = indicatif::ProgressStyle::with_template("{msg:22} {bar:32} {percent:>3} %  {eta}");
        let bar = indicatif::ProgressBar::new(0);
        Self(style.map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style)))
    }
}

impl Default for ProgressBar {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for ProgressBar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

impl Progress for ProgressBar {
    fn at(&self, done: u64, total: u64) {
        self.0.set_length(total);
        self.0.set_position(done);
    }

    fn now(&self, what: &'static str) {
        self.0.set_message(what);
        self.0.tick();
    }
}
