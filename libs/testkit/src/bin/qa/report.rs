//! What is said at the end.

use crate::tally::Tally;

/// What the steps found, apart from passing.
#[derive(Default)]
pub(crate) struct Report {
    /// The tests that were run.
    pub(crate) tally: Tally,
    skipped: Vec<String>,
}

impl Report {
    /// Says loudly that a check was not made here; the end says it again.
    pub(crate) fn skip(&mut self, what: &str) {
        println!("!!! SKIPPED: {what}");
        self.skipped.push(what.to_owned());
    }

    /// Prints what was skipped and, last, how many tests passed.
    pub(crate) fn print(&self) {
        for what in &self.skipped {
            println!("!!! SKIPPED: {what}");
        }
        if let Some(line) = self.tally.line() {
            println!("{line}");
        }
    }
}
