//! The locks that tasks of many threads meet at, and how those tasks begin.
//!
//! In the product they are the standard library's and tokio's. In a test they may be those of shuttle, which decides at
//! each of them who goes on, so that the code which the product runs is played under thousands of schedules
//! ([`explore`]). Channels are tokio's in either case: what happens within one of their calls is not taken apart.

#[cfg(test)]
mod scheduled;

#[cfg(not(test))]
pub(crate) use std::sync::{Mutex, MutexGuard};

#[cfg(test)]
pub(crate) use scheduled::{Mutex, MutexGuard, explore};

use tokio_util::task::TaskTracker;

/// Begins a task that `tasks` waits for.
pub(crate) fn spawn(tasks: &TaskTracker, work: impl Future<Output = ()> + Send + 'static) {
    #[cfg(test)]
    let Some(work) = scheduled::spawn(tasks.track_future(work)) else { return };
    #[cfg(not(test))]
    let work = tasks.track_future(work);
    tokio::spawn(work);
}
