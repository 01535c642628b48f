//! All sockets of this gateway: to end those of a session, to tell all of them something, to close them at shutdown.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use chatapp_http::Revocations;
use chatapp_metrics::{GATEWAY, Protocol};
use chatapp_types::SessionId;
use chatapp_types::frame::{CloseReason, ServerEvent};
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::seats::Seat;
use super::{Closing, Frame, Outbox, text_of};
use crate::hub::{Delivery, Dialect};
use crate::sync::{Mutex, MutexGuard};

struct Entry {
    outbox: Arc<Outbox>,
    session: SessionId,
    dialect: Dialect,
}

/// The sockets that are logged in. Clones share them.
#[derive(Clone)]
pub(crate) struct Sockets(Arc<Shared>);

struct Shared {
    entries: Mutex<HashMap<u64, Entry>>,
    next: AtomicU64,
    closed: CancellationToken,
    revocations: Revocations,
}

/// A socket's place among them; given up when dropped.
pub(crate) struct Registration {
    sockets: Sockets,
    id: u64,
    protocol: Protocol,
    _seat: Seat,
}

impl Sockets {
    /// None yet; `revocations` says which sessions have ended.
    pub(crate) fn new(revocations: Revocations) -> Self {
        let shared = Arc::new(Shared {
            entries: Mutex::default(),
            next: AtomicU64::new(1),
            closed: CancellationToken::new(),
            revocations,
        });
        let watched = Arc::downgrade(&shared);
        GATEWAY.queue_bytes.watch(move || watched.upgrade().map(|shared| Self(shared).waiting_bytes()));
        Self(shared)
    }

    /// Bytes that wait before all sockets together.
    fn waiting_bytes(&self) -> u64 {
        self.lock().values().map(|entry| entry.outbox.waiting_bytes() as u64).sum()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Entry>> {
        self.0.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers a socket under its session, in its user's seat. At shutdown, or when the session has ended meanwhile, it is closed at once.
    pub(crate) fn register(
        &self,
        seat: Seat,
        outbox: &Arc<Outbox>,
        session: SessionId,
        dialect: Dialect,
    ) -> Registration {
        let id = self.0.next.fetch_add(1, Ordering::Relaxed);
        let closed = {
            let mut entries = self.lock();
            entries.insert(id, Entry { outbox: outbox.clone(), session, dialect });
            self.0.closed.is_cancelled()
        };
        if closed {
            outbox.close(going_away(dialect));
        }
        let protocol = protocol_of(dialect);
        GATEWAY.connections.of(protocol).inc();
        self.end_if_revoked(session);
        Registration { sockets: self.clone(), id, protocol, _seat: seat }
    }

    /// Whoever registers looks after having registered: an end that came before is not told again.
    fn end_if_revoked(&self, session: SessionId) {
        if self.0.revocations.is_revoked(session) == Ok(true) {
            self.end(|s| s == session);
        }
    }

    #[cfg(test)]
    pub(crate) fn revocations(&self) -> &Revocations {
        &self.0.revocations
    }

    /// Whether no more are to be opened.
    pub(crate) fn is_closed(&self) -> bool {
        self.0.closed.is_cancelled()
    }

    /// Those of the sockets, taken out so that nobody waits for all of them to be written to.
    fn which(&self, is_meant: impl Fn(&Entry) -> bool) -> Vec<(Arc<Outbox>, Dialect)> {
        let entries = self.lock();
        entries.values().filter(|entry| is_meant(entry)).map(|entry| (entry.outbox.clone(), entry.dialect)).collect()
    }

    /// Closes every socket whose session is one of those.
    fn end(&self, ended: impl Fn(SessionId) -> bool) {
        for (outbox, dialect) in self.which(|entry| ended(entry.session)) {
            outbox.close(match dialect {
                Dialect::V1 => CloseReason::SessionRevoked.into(),
                Dialect::V0 => Closing::Policy,
            });
        }
    }

    fn tell(&self, frame: &Frame) {
        for (outbox, _) in self.which(|entry| entry.dialect == Dialect::V1) {
            outbox.push(frame.clone());
        }
    }

    /// Ends the sockets of each session that is ended, for as long as it is polled.
    pub(crate) async fn follow_revocations(self) {
        let revocations = self.0.revocations.clone();
        let mut ended = revocations.subscribe();
        loop {
            match ended.recv().await {
                Ok(session) => self.end(|s| s == session),
                // Some were missed: look at all.
                Err(RecvError::Lagged(_)) => self.end(|s| revocations.is_revoked(s) == Ok(true)),
                Err(RecvError::Closed) => return std::future::pending().await,
            }
        }
    }

    /// Tells every socket when delivery is interrupted and when it is restored, for as long as it is polled.
    pub(crate) async fn follow_delivery(self, delivery: Delivery) {
        let mut state = delivery.watch();
        while state.changed().await.is_ok() {
            let ok = *state.borrow_and_update();
            self.tell(&text_of(ServerEvent::Delivery { ok }));
        }
    }

    /// Lets no more be opened, and closes all, at moments spread over `window`, so that not all come back at once.
    pub(crate) async fn close_all(self, window: Duration) {
        self.0.closed.cancel();
        let mut left = self.which(|_| true);
        // In no order that a client could choose: the ids' hash order.
        let steps = u32::try_from(left.len()).unwrap_or(u32::MAX).clamp(1, 100);
        let a_step = left.len().div_ceil(steps as usize);
        while !left.is_empty() {
            for (outbox, dialect) in left.drain(..a_step.min(left.len())) {
                outbox.close(going_away(dialect));
            }
            if !left.is_empty() {
                tokio::time::sleep(window / steps).await;
            }
        }
    }
}

fn going_away(dialect: Dialect) -> Closing {
    match dialect {
        Dialect::V1 => CloseReason::ShuttingDown.into(),
        Dialect::V0 => Closing::GoingAway,
    }
}

const fn protocol_of(dialect: Dialect) -> Protocol {
    match dialect {
        Dialect::V1 => Protocol::V1,
        Dialect::V0 => Protocol::V0,
    }
}

impl Registration {
    /// The socket goes on under another session of its user.
    pub(crate) fn change_session(&self, session: SessionId) {
        if let Some(entry) = self.sockets.lock().get_mut(&self.id) {
            entry.session = session;
        }
        self.sockets.end_if_revoked(session);
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.sockets.lock().remove(&self.id);
        GATEWAY.connections.of(self.protocol).dec();
    }
}

#[cfg(test)]
mod schedules;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use chatapp_types::{Timestamp, UserId};

    use super::*;
    use crate::config::GatewayConfig;
    use crate::socket::seats::Seats;

    fn open(sockets: &Sockets, session: SessionId) -> (Arc<Outbox>, Registration) {
        let outbox = Arc::new(Outbox::new(10_000));
        let seat = Seats::new(&GatewayConfig::default()).take(UserId::new()).unwrap();
        let registration = sockets.register(seat, &outbox, session, Dialect::V1);
        (outbox, registration)
    }

    #[tokio::test]
    async fn a_session_that_is_ended_takes_its_sockets_with_it() {
        let revocations = Revocations::fixed();
        let sockets = Sockets::new(revocations.clone());
        let (ann, bob) = (SessionId::new(), SessionId::new());
        let (a, _a) = open(&sockets, ann);
        let (b, _b) = open(&sockets, bob);
        let following = tokio::spawn(sockets.clone().follow_revocations());
        tokio::task::yield_now().await;
        revocations.note(ann, Timestamp::from_millis(0));
        tokio::time::timeout(Duration::from_secs(5), a.cut()).await.unwrap();
        assert!(!b.is_closing());
        let (late, _late) = open(&sockets, ann);
        assert!(late.is_closing(), "it had ended before it was registered");
        following.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn at_shutdown_sockets_close_within_the_window_and_none_is_opened_after() {
        let sockets = Sockets::new(Revocations::fixed());
        let all: Vec<_> = (0..500).map(|_| open(&sockets, SessionId::new())).collect();
        let closing = tokio::spawn(sockets.clone().close_all(Duration::from_secs(2)));
        tokio::time::sleep(Duration::from_secs(1)).await;
        let closed = all.iter().filter(|(outbox, _)| outbox.is_closing()).count();
        assert!((200..=300).contains(&closed), "about half after half of the time: {closed}");
        closing.await.unwrap();
        assert!(all.iter().all(|(outbox, _)| outbox.is_closing()));
        let (late, _registration) = open(&sockets, SessionId::new());
        assert!(late.is_closing());
    }
}
