//! The checker: given all that is known of a run, it says what of the promises was broken.
//!
//! It knows nothing of how the run was made, so that histories can be fed to it that no server would write; its own
//! tests feed it those, and it must object to each.

mod evidence;
mod order;
mod pace;
mod secrecy;
mod sends;
#[cfg(test)]
mod tests;
mod views;
mod violation;

use std::time::Duration;

pub use evidence::{
    Attempt, Bar, Change, Evidence, Glimpse, Happening, Healing, Health, Moment, Outcome, Probe, Reading, Revocation,
    Seen, Sending, View,
};
pub use violation::{Invariant, Violation};

/// How long things may take, and how much they may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Until a live view is whole after one is connected again.
    pub whole_within: Duration,
    /// The 99th percentile of acknowledged sends after the healing.
    pub ack_p99: Duration,
    /// From the healing until sends are that quick.
    pub calm_within: Duration,
    /// Connections of one client in the minute after the healing.
    pub reconnects: usize,
    /// Until an ended session can do nothing.
    pub revoked_within: Duration,
    /// Open descriptors of a process.
    pub descriptors: usize,
    /// Memory of a process.
    pub memory_mib: u64,
}

impl Default for Limits {
    /// What is promised.
    fn default() -> Self {
        Self {
            whole_within: Duration::from_secs(10),
            ack_p99: Duration::from_secs(1),
            calm_within: Duration::from_secs(10),
            reconnects: 3,
            revoked_within: Duration::from_secs(1),
            descriptors: 1_024,
            memory_mib: 512,
        }
    }
}

impl Limits {
    /// The same for a machine that is `times` slower, or shared: times alone are stretched.
    #[must_use]
    pub fn stretched(self, times: u32) -> Self {
        Self {
            whole_within: self.whole_within * times,
            ack_p99: self.ack_p99 * times,
            calm_within: self.calm_within * times,
            revoked_within: self.revoked_within * times,
            ..self
        }
    }
}

/// Everything that was broken; empty when every promise held.
pub fn check(evidence: &Evidence, limits: &Limits) -> Vec<Violation> {
    let mut found = Vec::new();
    order::check(evidence, &mut found);
    sends::check(evidence, &mut found);
    views::check(evidence, limits, &mut found);
    secrecy::check(evidence, limits, &mut found);
    pace::check(evidence, limits, &mut found);
    found
}
