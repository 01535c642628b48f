//! The end of a process, as its operator asks for it.

use tokio_util::sync::CancellationToken;

/// What a shell reports for a program ended by Ctrl-C.
const FORCED: i32 = 130;

/// A token that is cancelled by SIGTERM or SIGINT (Ctrl-C). A second signal ends the process at once, with exit code
/// 130: whoever presses Ctrl-C twice does not want to wait for connections to close.
///
/// Must be called within a runtime.
pub fn on_signal() -> CancellationToken {
    let token = CancellationToken::new();
    let cancel = token.clone();
    tokio::spawn(async move {
        let Some(mut signals) = Signals::listen() else { return };
        let name = signals.next().await;
        tracing::info!(signal = name, "shutting down");
        cancel.cancel();
        signals.next().await;
        std::process::exit(FORCED);
    });
    token
}

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> Option<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let both = signal(SignalKind::terminate()).and_then(|t| Ok((t, signal(SignalKind::interrupt())?)));
        match both {
            Ok((terminate, interrupt)) => Some(Self { terminate, interrupt }),
            Err(err) => {
                tracing::error!(error = %err, "signals cannot be listened to, only a kill will end this process");
                None
            }
        }
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> Option<Self> {
        Some(Self)
    }

    async fn next(&mut self) -> &'static str {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        "Ctrl-C"
    }
}
