//! Whether the process can do its work.

use std::sync::LazyLock;

use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

use crate::label::Pair;
use crate::registry::{Owner, registered};

/// What the checks of this process found.
pub static READINESS: LazyLock<Readiness> = LazyLock::new(|| {
    Readiness(registered(
        Owner::Process,
        "chatapp_readiness",
        "1 while the check of that name succeeds, as of this scrape",
        None,
        Family::default(),
    ))
});

/// What the checks of a process found.
#[derive(Debug)]
pub struct Readiness(Family<[Pair; 1], Gauge>);

impl Readiness {
    /// Registers them, if nothing has done so yet.
    pub fn announce(&self) {}

    /// Takes note of a check's result.
    pub fn note(&self, check: &'static str, ok: bool) {
        self.0.get_or_create(&[("check", check)]).set(i64::from(ok));
    }
}
