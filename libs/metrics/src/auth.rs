//! Accounts.

use std::sync::{Arc, LazyLock};

use crate::label::{Counters, label};
use crate::probe::{LookedUp, Probe};
use crate::registry::{Owner, register};

/// What the auth service counts.
pub static AUTH: LazyLock<Auth> = LazyLock::new(Auth::registered);

label! {
    /// What became of a log-in.
    pub enum Login("outcome") {
        /// A session was opened.
        Succeeded = "succeeded",
        /// The name or the password was wrong.
        Failed = "failed",
        /// Too many had failed before.
        Throttled = "throttled",
        /// It could not be decided: too many at once, or the database failed.
        Undecided = "undecided",
    }
}

label! {
    /// What became of a registration.
    pub enum Registration("outcome") {
        /// An account was made.
        Succeeded = "succeeded",
        /// The name or the password may not be had.
        Refused = "refused",
        /// Too many came from there.
        Throttled = "throttled",
        /// It could not be decided: too many at once, or the database failed.
        Undecided = "undecided",
    }
}

/// What is counted of accounts.
#[derive(Debug)]
pub struct Auth {
    /// Log-ins with a password.
    pub logins: Counters<Login>,
    /// Registrations.
    pub registrations: Counters<Registration>,
    /// Passwords that wait for a core to be hashed on.
    pub hashes_waiting: Arc<Probe<u64>>,
}

impl Auth {
    fn registered() -> Self {
        let owner = Owner::Service("auth");
        let hashes_waiting = Arc::<Probe<u64>>::default();
        let of = Arc::clone(&hashes_waiting);
        #[expect(clippy::cast_precision_loss, reason = "the line is short")]
        let waiting = LookedUp::gauge(move || Some(of.values().into_iter().sum::<u64>() as f64));
        register(owner, "chatapp_password_hashes_waiting", "Passwords that wait to be hashed", None, waiting);
        Self {
            logins: Counters::registered(owner, "chatapp_logins", "Log-ins with a password"),
            registrations: Counters::registered(owner, "chatapp_registrations", "Accounts that somebody wanted"),
            hashes_waiting,
        }
    }

    /// Registers them, if nothing has done so yet.
    pub fn announce(&self) {}
}
