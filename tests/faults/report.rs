//! What is said of a run.

use std::fmt::{self, Display};
use std::time::Duration;

use crate::checker::{Evidence, Outcome, Violation};
use crate::stage::Form;

/// Violations that are told in full; a broken platform breaks hundreds of times.
const TOLD: usize = 6;

/// What was done to the platform.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Processes killed.
    pub kills: usize,
    /// Connections cut, held or slowed.
    pub partitions: usize,
    /// Other faults: frozen processes, failing disks, steps of the clock.
    pub others: usize,
}

/// The verdict on a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// How to play it again.
    pub title: String,
    /// How long it took.
    pub took: Duration,
    /// What was done to the platform.
    pub tally: Tally,
    /// Tries to write.
    pub operations: usize,
    /// Of those to send: acknowledged, refused, of unknown fate.
    pub fates: [usize; 3],
    /// Entries that were held against each other: in logs and in views.
    pub entries: usize,
    /// Requests of those who may see nothing.
    pub pries: usize,
    /// What was broken, with the journal's part about it.
    pub violations: Vec<String>,
}

impl Report {
    pub(crate) fn new(
        name: &str,
        form: Form,
        seed: u64,
        took: Duration,
        tally: Tally,
        evidence: &Evidence,
        violations: &[Violation],
    ) -> Self {
        let attempts = || evidence.sendings.iter().flat_map(|sending| &sending.attempts);
        let fate = |is: fn(&Outcome) -> bool| attempts().filter(|attempt| is(&attempt.outcome)).count();
        let viewed = evidence.views.iter().map(|view| view.events.len());
        Self {
            title: format!("{name} --form {} --seed {seed}", form.word()),
            took,
            tally,
            operations: attempts().count() + evidence.changes.len(),
            fates: [
                fate(|outcome| matches!(outcome, Outcome::Acked { .. })),
                fate(|outcome| matches!(outcome, Outcome::Refused { .. })),
                fate(|outcome| matches!(outcome, Outcome::Unknown { .. })),
            ],
            entries: evidence.readings.iter().map(|reading| reading.entries.len()).chain(viewed).sum(),
            pries: evidence.glimpses.len() + evidence.probes.len() * 2,
            violations: violations.iter().map(|broken| format!("{broken}\n{}", broken.slice(evidence))).collect(),
        }
    }

    /// Whether every promise held.
    pub fn is_sound(&self) -> bool {
        self.violations.is_empty()
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [acked, refused, unknown] = self.fates;
        let Tally { kills, partitions, others } = self.tally;
        let verdict = if self.is_sound() { "ok" } else { "BROKEN" };
        writeln!(
            f,
            "{verdict:6} {:48} {:5.1} s  {:5} operations ({acked} acked, {refused} refused, {unknown} unknown), {kills} kills, \
             {partitions} partitions, {others} other faults; {} entries and {} pries checked",
            self.title,
            self.took.as_secs_f64(),
            self.operations,
            self.entries,
            self.pries
        )?;
        for violation in self.violations.iter().take(TOLD) {
            writeln!(f, "  {violation}")?;
        }
        if self.violations.len() > TOLD {
            writeln!(f, "  … and {} more", self.violations.len() - TOLD)?;
        }
        Ok(())
    }
}
