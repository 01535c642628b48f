//! What an import did, or would do.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::trouble::Report;
use crate::screen::{Screen, Style};

/// How many of something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Tally {
    /// Imported by this run.
    pub(super) new: u64,
    /// Here already.
    pub(super) there: u64,
}

/// The end of an import.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Summary {
    /// Whether nothing was written.
    pub(super) dry_run: bool,
    pub(super) accounts: Tally,
    pub(super) rooms: Tally,
    pub(super) messages: Tally,
    /// Rows of messages of which nothing is imported.
    pub(super) messages_left_out: u64,
    /// How many troubles of each kind.
    pub(super) troubles: BTreeMap<&'static str, u64>,
    /// How long it took.
    pub(super) duration_ms: u128,
}

impl Summary {
    /// Tells it.
    pub(super) fn tell(&self, report: &Report, json: bool, screen: Screen) -> anyhow::Result<()> {
        if json {
            return screen.json(self);
        }
        for line in report.lines(screen) {
            screen.line(line);
        }
        let verb = if self.dry_run { "would be imported" } else { "imported" };
        for (what, tally) in [("accounts", self.accounts), ("rooms", self.rooms), ("messages", self.messages)] {
            let number = screen.styled(Style::Strong, format!("{:>9}", tally.new));
            let there = if tally.there > 0 { format!(", {} are here already", tally.there) } else { String::new() };
            screen.line(format!("{number} {what} {verb}{there}"));
        }
        if self.messages_left_out > 0 {
            let number = screen.styled(Style::Warning, format!("{:>9}", self.messages_left_out));
            screen.line(format!("{number} messages not imported, for the reasons above"));
        }
        let took = Duration::from_millis(u64::try_from(self.duration_ms).unwrap_or(u64::MAX));
        screen.line(format!("It took {:.1} s.", took.as_secs_f64()));
        Ok(())
    }
}
