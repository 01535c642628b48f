//! How a process ends: first its listeners, then what works in the background.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long background tasks have to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// The tokens and tasks of a process.
///
/// Two tokens, since requests that are being finished after `stopping` still need what runs in the background.
#[derive(Clone, Debug, Default)]
pub struct Lifetime {
    /// Cancelled when the process is asked to end: listeners close, WebSockets are told to go elsewhere.
    pub stopping: CancellationToken,
    /// Cancelled when the last request has been answered: background tasks end.
    pub background: CancellationToken,
    /// The background tasks.
    pub tasks: TaskTracker,
}

impl Lifetime {
    /// A lifetime that ends by SIGTERM or SIGINT; see [`crate::on_signal`]. Must be called within a runtime.
    pub fn until_signal() -> Self {
        Self { stopping: crate::on_signal(), ..Self::default() }
    }

    /// Ends the background tasks and waits for them, not without end.
    pub async fn finish(&self) {
        self.stopping.cancel();
        self.background.cancel();
        self.tasks.close();
        if tokio::time::timeout(PATIENCE, self.tasks.wait()).await.is_err() {
            tracing::warn!(tasks = self.tasks.len(), "background tasks did not end in time");
        }
    }
}
