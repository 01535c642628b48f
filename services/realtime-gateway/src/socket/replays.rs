//! How many replays of one user are under way at once.
//!
//! A replay to a slow reader holds a page and half a queue until it has been read; a user with many sockets would hold
//! that many. Those beyond wait, with nothing read yet.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chatapp_types::UserId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Enough for a person's devices, which come back together after an interruption.
const AT_ONCE: usize = 4;

/// The turns of each user who replays. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Replays(Arc<Mutex<HashMap<UserId, Arc<Semaphore>>>>);

/// The right to replay; given up when dropped.
pub(crate) struct Turn {
    replays: Replays,
    user: UserId,
    permit: Option<OwnedSemaphorePermit>,
}

impl Replays {
    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, Arc<Semaphore>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the user's turn, in the order of asking. Cancel-safe.
    pub(crate) async fn turn(&self, user: UserId) -> Turn {
        let of_user = self.lock().entry(user).or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE))).clone();
        // Made before the wait: whoever gives up waiting cleans up as well.
        let mut turn = Turn { replays: self.clone(), user, permit: None };
        // It is never closed.
        turn.permit = of_user.acquire_owned().await.ok();
        turn
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        drop(self.permit.take());
        let mut replays = self.replays.lock();
        // Handed out under the lock alone: with one holder, which is the map, nobody replays and nobody waits.
        if replays.get(&self.user).is_some_and(|of_user| Arc::strong_count(of_user) == 1) {
            replays.remove(&self.user);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use futures::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn a_users_replays_take_turns_and_nobody_is_remembered_after_them() {
        let replays = Replays::default();
        let (ann, bob) = (UserId::new(), UserId::new());
        let mut turns = Vec::new();
        for _ in 0..AT_ONCE {
            turns.push(replays.turn(ann).now_or_never().unwrap());
        }
        let mut waiting = Box::pin(replays.turn(ann));
        let mut given_up = Box::pin(replays.turn(ann));
        assert!(waiting.as_mut().now_or_never().is_none());
        assert!(given_up.as_mut().now_or_never().is_none());
        drop(replays.turn(bob).now_or_never().unwrap());
        turns.pop();
        turns.push(waiting.now_or_never().unwrap());
        drop(turns);
        drop(given_up);
        assert!(replays.lock().is_empty());
    }
}
