//! Whether entries flow, for every socket to tell its client.

use std::sync::Arc;

use tokio::sync::watch;

use super::log::LogError;

/// Whether the log can be read where it has to be. Clones share one state.
#[derive(Clone)]
pub(crate) struct Delivery(Arc<watch::Sender<bool>>);

impl Delivery {
    pub(super) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(true)))
    }

    /// Follows it.
    pub(crate) fn watch(&self) -> watch::Receiver<bool> {
        self.0.subscribe()
    }

    /// Takes note of how a reading went.
    pub(crate) fn note<T>(&self, reading: &Result<T, LogError>) {
        let ok = !matches!(reading, Err(LogError::Unavailable(_)));
        let changed = self.0.send_if_modified(|state| std::mem::replace(state, ok) != ok);
        match (changed, reading) {
            (true, Err(err)) => tracing::warn!(error = %err, "delivery is interrupted"),
            (true, Ok(_)) => tracing::info!("delivery is restored"),
            _ => {}
        }
    }
}
