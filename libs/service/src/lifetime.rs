//! How a process ends: first its listeners, then what works in the background.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long background tasks have to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// The tokens and tasks of a process.
///
/// Several tokens: whoever sends requests here has to notice that it should not any more before nobody answers them, and
/// requests that are being finished after `stopping` still need what runs in the background.
#[derive(Clone, Debug, Default)]
pub struct Lifetime {
    /// Cancelled when the process is asked to end: it is not ready any more, and works on.
    pub leaving: CancellationToken,
    /// Cancelled when it begins to end: listeners close, WebSockets are told to go elsewhere.
    pub stopping: CancellationToken,
    /// Cancelled when the last request has been answered: background tasks end.
    pub background: CancellationToken,
    /// The background tasks.
    pub tasks: TaskTracker,
}

impl Lifetime {
    /// A lifetime that ends by SIGTERM or SIGINT (see [`crate::on_signal`]), `delay` after the signal. Must be called
    /// within a runtime.
    pub fn until_signal(delay: Duration) -> Self {
        Self::until(crate::on_signal(), delay)
    }

    fn until(leaving: CancellationToken, delay: Duration) -> Self {
        let lifetime = Self { leaving, ..Self::default() };
        let Self { leaving, stopping, .. } = lifetime.clone();
        tokio::spawn(async move {
            leaving.cancelled().await;
            if !delay.is_zero() {
                tracing::info!(delay_s = delay.as_secs(), "not ready any more, still answering");
                tokio::time::sleep(delay).await;
            }
            stopping.cancel();
        });
        lifetime
    }

    /// Ends the background tasks and waits for them, not without end.
    pub async fn finish(&self) {
        self.leaving.cancel();
        self.stopping.cancel();
        self.background.cancel();
        self.tasks.close();
        if tokio::time::timeout(PATIENCE, self.tasks.wait()).await.is_err() {
            tracing::warn!(tasks = self.tasks.len(), "background tasks did not end in time");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_process_that_is_asked_to_end_works_on_for_the_delay() {
        let signal = CancellationToken::new();
        let lifetime = Lifetime::until(signal.clone(), Duration::from_secs(5));
        signal.cancel();
        tokio::time::sleep(Duration::from_millis(4_900)).await;
        assert!(lifetime.leaving.is_cancelled() && !lifetime.stopping.is_cancelled());
        tokio::time::timeout(Duration::from_millis(200), lifetime.stopping.cancelled()).await.expect("it stops");
        assert!(!lifetime.background.is_cancelled(), "requests are being finished");
    }
}
