//! How many sockets one user may have open here.
//!
//! Each socket has a queue, and a frame budget of its own: without a bound on their number, one account could multiply
//! both. Kept in memory, for each gateway by itself, as the other limits that protect the machine.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, PoisonError};

use chatapp_metrics::{Limit, THROTTLED};
use chatapp_types::{ErrorCode, Problem, UserId};

use crate::config::GatewayConfig;
use crate::sync::{Mutex, MutexGuard};

/// A socket whose client vanished without a word is noticed, and its seat free again, after a ping and its patience.
const RETRY_AFTER_S: u64 = 35;

/// The seats that are taken. Clones share them.
#[derive(Clone)]
pub(crate) struct Seats(Arc<Shared>);

struct Shared {
    /// `None` for no bound.
    most: Option<u32>,
    taken: Mutex<HashMap<UserId, u32>>,
}

/// One socket's seat; given up when dropped.
pub(crate) struct Seat {
    seats: Seats,
    user: UserId,
}

impl Seats {
    /// None taken yet, and as many for each user as the settings say.
    pub(crate) fn new(config: &GatewayConfig) -> Self {
        let most = config.rate_limits.is_on().then_some(config.sockets_per_user);
        Self(Arc::new(Shared { most, taken: Mutex::default() }))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, u32>> {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a seat for one more socket of the user; `rate_limited` with the time to wait when there is none left.
    pub(crate) fn take(&self, user: UserId) -> Result<Seat, Problem> {
        let mut taken = self.lock();
        let count = taken.get(&user).copied().unwrap_or(0);
        if self.0.most.is_some_and(|most| count >= most) {
            THROTTLED.count(Limit::Sockets);
            return Err(Problem::new(ErrorCode::RateLimited)
                .with_detail("you have too many sockets open; close one, or come back later")
                .with_retry_after(RETRY_AFTER_S));
        }
        taken.insert(user, count + 1);
        Ok(Seat { seats: self.clone(), user })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Entry::Occupied(mut count) = self.seats.lock().entry(self.user) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::config::Switch;

    fn config() -> GatewayConfig {
        GatewayConfig { sockets_per_user: 2, ..GatewayConfig::default() }
    }

    #[test]
    fn a_seat_that_is_given_up_is_free_again_and_nobody_is_remembered_without_one() {
        let seats = Seats::new(&config());
        let (ann, bob) = (UserId::new(), UserId::new());
        let (first, second) = (seats.take(ann).unwrap(), seats.take(ann).unwrap());
        let problem = seats.take(ann).err().unwrap();
        assert_eq!((problem.code, problem.retry_after_s), (ErrorCode::RateLimited, Some(35)));
        let bobs = seats.take(bob).unwrap();
        drop(first);
        let third = seats.take(ann).unwrap();
        drop((second, third, bobs));
        assert!(seats.lock().is_empty());
    }

    #[test]
    fn switched_off_there_is_no_bound() {
        let seats = Seats::new(&GatewayConfig { rate_limits: Switch::Off, ..config() });
        let ann = UserId::new();
        let taken: Result<Vec<Seat>, Problem> = (0..1_000).map(|_| seats.take(ann)).collect();
        assert_eq!(taken.unwrap().len(), 1_000);
    }
}
