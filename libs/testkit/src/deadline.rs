//! Waiting for a condition, never for a time.

use std::time::{Duration, Instant};

/// How long a condition may take before a test fails: generous, since machines are slow and shared.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// Asks `check` again and again until it gives a value; panics, naming `what`, when [`DEADLINE`] passes.
pub async fn eventually<T, F>(what: &str, mut check: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let begun = Instant::now();
    loop {
        if let Some(value) = check().await {
            return value;
        }
        assert!(begun.elapsed() < DEADLINE, "still waiting after {DEADLINE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Gives `future`'s output, or panics, naming `what`, when `limit` passes.
pub async fn within<T>(limit: Duration, what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(limit, future).await.unwrap_or_else(|_| panic!("took longer than {limit:?}: {what}"))
}
