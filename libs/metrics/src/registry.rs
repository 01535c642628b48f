//! The one registry of the process.

use std::sync::{LazyLock, Mutex, OnceLock, PoisonError};

use prometheus_client::encoding::text;
use prometheus_client::registry::{Metric, Registry, Unit};

/// The media type of what [`encode`] gives.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

static REGISTRY: LazyLock<Mutex<Registry>> = LazyLock::new(Mutex::default);
static PROCESS: OnceLock<&'static str> = OnceLock::new();

/// Whose a family is, which is what its label `service` says.
#[derive(Clone, Copy)]
pub(crate) enum Owner {
    /// One service's.
    Service(&'static str),
    /// The process's, whatever it hosts.
    Process,
    /// Several services': each series says whose it is, or nobody's in particular.
    Each,
}

/// Names the process; the first name stands.
pub(crate) fn name_process(name: &'static str) {
    let _ = PROCESS.set(name);
}

/// Adds a family. `name` is without the unit and without `_total`, `help` without a full stop; each name once.
pub(crate) fn register(owner: Owner, name: &str, help: &str, unit: Option<Unit>, metric: impl Metric) {
    let mut registry = REGISTRY.lock().unwrap_or_else(PoisonError::into_inner);
    let service = match owner {
        Owner::Service(service) => Some(service),
        Owner::Process => Some(*PROCESS.get_or_init(|| "chatapp")),
        Owner::Each => None,
    };
    let registry = match service {
        Some(service) => registry.sub_registry_with_label(("service".into(), service.into())),
        None => &mut *registry,
    };
    match unit {
        Some(unit) => registry.register_with_unit(name, help, unit, metric),
        None => registry.register(name, help, metric),
    }
}

/// [`register`] of a clone, which is handed back.
pub(crate) fn registered<M: Metric + Clone>(owner: Owner, name: &str, help: &str, unit: Option<Unit>, metric: M) -> M {
    register(owner, name, help, unit, metric.clone());
    metric
}

/// Everything there is, as OpenMetrics text ([`CONTENT_TYPE`]). What is looked up is looked up now; a few milliseconds.
pub fn encode() -> String {
    let registry = REGISTRY.lock().unwrap_or_else(PoisonError::into_inner);
    let mut out = String::with_capacity(32 * 1024);
    // Writing into memory does not fail.
    let _ = text::encode(&mut out, &registry);
    out
}
