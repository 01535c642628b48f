//! What carries errors and spans away from the process: one thread with a runtime and an HTTP client of its own, and
//! only when there is somewhere to carry them to.
//!
//! It is not the program's runtime: that one ends before the last of them is sent, and a program that is stuck must
//! still be able to say so.

use std::io;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// How long a connection may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);

/// The thread. Ends when dropped, whatever is under way.
#[derive(Debug)]
pub(crate) struct Courier {
    handle: Handle,
    http: reqwest::Client,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Courier {
    /// Starts it.
    pub(crate) fn start() -> io::Result<Self> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("chatapp/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_WITHIN)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .build()
            .map_err(io::Error::other)?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let work = move || {
            let _ = runtime.block_on(stopped);
            runtime.shutdown_background();
        };
        let thread = std::thread::Builder::new().name("telemetry".to_owned()).spawn(work)?;
        Ok(Self { handle, http, stop: Some(stop), thread: Some(thread) })
    }

    /// A client whose connections live on this thread.
    pub(crate) fn http(&self) -> reqwest::Client {
        self.http.clone()
    }

    /// The runtime of this thread.
    pub(crate) fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Runs a task on this thread.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.handle.spawn(work);
    }

    /// Waits on the calling thread, which must not be one of a runtime, until the work is done, no longer than `limit`.
    pub(crate) fn finish(&self, work: impl Future<Output = ()> + Send + 'static, limit: Duration) {
        let (done, told) = std::sync::mpsc::channel();
        self.handle.spawn(async move {
            work.await;
            let _ = done.send(());
        });
        let _ = told.recv_timeout(limit);
    }
}

impl Drop for Courier {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
