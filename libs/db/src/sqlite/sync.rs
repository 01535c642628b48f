//! How the writer's thread begins, and how it waits.
//!
//! In a test it may be shuttle that decides when it goes on, so that the writer of the product is played under thousands
//! of schedules (`schedules.rs`).

use std::io;

use tokio::sync::mpsc;

/// Begins a thread.
pub(super) fn begin_thread(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    #[cfg(test)]
    if chatapp_testkit::schedules::is_playing() {
        drop(shuttle::thread::spawn(work));
        return Ok(());
    }
    std::thread::Builder::new().name(name.to_owned()).spawn(work).map(drop)
}

/// The next one, waited for; `None` when there will be none any more.
pub(super) fn wait_for_next<T>(queue: &mut mpsc::Receiver<T>) -> Option<T> {
    #[cfg(test)]
    if chatapp_testkit::schedules::is_playing() {
        return shuttle::future::block_on(queue.recv());
    }
    queue.blocking_recv()
}
