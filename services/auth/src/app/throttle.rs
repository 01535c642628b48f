//! How tries are slowed down.
//!
//! A subject (an account's name, an address) has some failures free. Each further one makes the next try wait, 1 s at
//! first, twice as long each time, 15 minutes at most: never for good, since whoever fails on purpose would lock others
//! out. Failures are forgiven one by one with time.
//!
//! Tries on an account count when they begin and are taken back when they succeed. Otherwise any number of guesses
//! could be under way at once before the first one is found wrong. Those of an address count when they have failed:
//! a whole office may log in at once, and what can be under way is bounded by the line for password hashes.

use std::net::IpAddr;
use std::sync::Arc;

use aws_lc_rs::hmac;
use chatapp_http::MasterSecret;
use chatapp_metrics::{Limit, THROTTLED};
use chatapp_types::{Clock, Timestamp};
use time::Duration;

use crate::config::AuthConfig;
use crate::error::{AuthError, AuthResult};
use crate::store::{AuthStore, Hash, Try};

/// The delay after the last free failure.
const FIRST_DELAY: Duration = Duration::seconds(1);
/// No delay is longer.
const LAST_DELAY: Duration = Duration::minutes(15);

/// How patient a subject is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Failures without a delay.
    pub free: u32,
    /// How long it takes to forgive one failure.
    pub forgive_every: Duration,
}

/// What is known of a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counter {
    /// Failures that are not forgiven.
    pub failures: u32,
    /// From when on the next failure is being forgiven.
    pub counted_from: Timestamp,
    /// Until when nothing is admitted.
    pub blocked_until: Timestamp,
}

impl Counter {
    /// Nothing is known.
    pub const fn blank(now: Timestamp) -> Self {
        Self { failures: 0, counted_from: now, blocked_until: now }
    }

    /// Milliseconds until a try is admitted; `None` when it is admitted now.
    pub fn wait_ms(&self, now: Timestamp) -> Option<i64> {
        Some(self.blocked_until.millis() - now.millis()).filter(|wait| *wait > 0)
    }

    /// As it stands now, with what time has forgiven.
    #[must_use]
    pub fn forgiven(self, policy: Policy, now: Timestamp) -> Self {
        let every = millis(policy.forgive_every).max(1);
        let past = (now.millis() - self.counted_from.millis()).max(0) / every;
        let failures = self.failures.saturating_sub(u32::try_from(past).unwrap_or(u32::MAX));
        let counted_from =
            if failures == 0 { now } else { Timestamp::from_millis(self.counted_from.millis() + past * every) };
        Self { failures, counted_from, ..self }
    }

    /// With one failure more.
    #[must_use]
    pub fn failed(self, policy: Policy, now: Timestamp) -> Self {
        let counter = self.forgiven(policy, now);
        let failures = counter.failures.saturating_add(1);
        let blocked_until = match failures.checked_sub(policy.free + 1) {
            Some(delays) => now.plus(delay(delays)),
            None => counter.blocked_until,
        };
        Self { failures, blocked_until, ..counter }
    }

    /// With one failure less, and without its delay.
    #[must_use]
    pub fn taken_back(self, now: Timestamp) -> Self {
        Self { failures: self.failures.saturating_sub(1), blocked_until: self.blocked_until.min(now), ..self }
    }

    /// When nothing of it counts any more.
    pub fn forgotten_at(&self, policy: Policy) -> Timestamp {
        let all = millis(policy.forgive_every).saturating_mul(i64::from(self.failures));
        Timestamp::from_millis(self.counted_from.millis().saturating_add(all)).max(self.blocked_until)
    }
}

/// The delay that follows `before` earlier delays.
fn delay(before: u32) -> Duration {
    let factor = 1_i32.checked_shl(before).filter(|factor| *factor > 0).unwrap_or(i32::MAX);
    FIRST_DELAY.checked_mul(factor).unwrap_or(LAST_DELAY).min(LAST_DELAY)
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.whole_milliseconds()).unwrap_or(i64::MAX)
}

/// Counts tries in the database, so that all replicas count together.
pub struct Throttle {
    store: Arc<dyn AuthStore>,
    clock: Arc<dyn Clock>,
    key: hmac::Key,
    enabled: bool,
    account: Policy,
    address: Policy,
    registration: Policy,
}

/// A log-in that was admitted. Say how it ended; one that is dropped counts as failed on the account.
#[must_use]
pub struct LoginTry<'a> {
    throttle: &'a Throttle,
    account: Try,
    address: Try,
}

impl Throttle {
    /// A throttle by these settings.
    pub fn new(store: Arc<dyn AuthStore>, clock: Arc<dyn Clock>, secret: &MasterSecret, config: &AuthConfig) -> Self {
        let limits = &config.throttle;
        let policy = |free, forgive_every| Policy { free, forgive_every };
        Self {
            store,
            clock,
            key: hmac::Key::new(hmac::HMAC_SHA256, &secret.derive("auth.throttle")),
            enabled: config.rate_limits,
            account: policy(limits.account_failures, Duration::minutes(15)),
            address: policy(limits.address_failures, Duration::minutes(1)),
            registration: policy(limits.address_registrations, Duration::minutes(1)),
        }
    }

    /// Begins a try of a password: of the account of that (normalised) name, existing or not, from that network.
    /// Refused with [`AuthError::Throttled`].
    pub async fn begin_login(&self, account: &str, network: IpAddr) -> AuthResult<LoginTry<'_>> {
        let account = Try { subject: self.subject("account", account), policy: self.account, counted: true };
        let address =
            Try { subject: self.subject("address", &network.to_string()), policy: self.address, counted: false };
        self.admit(Limit::Login, vec![account, address]).await?;
        Ok(LoginTry { throttle: self, account, address })
    }

    /// Admits and counts the making of an account from that network. Refused with [`AuthError::Throttled`].
    pub async fn admit_registration(&self, network: IpAddr) -> AuthResult<()> {
        let subject = self.subject("registration", &network.to_string());
        let tries = vec![Try { subject, policy: self.registration, counted: true }];
        self.admit(Limit::Registration, tries).await
    }

    async fn admit(&self, limit: Limit, tries: Vec<Try>) -> AuthResult<()> {
        if !self.enabled {
            return Ok(());
        }
        match self.store.admit(tries, self.clock.now()).await? {
            Ok(()) => Ok(()),
            Err(wait_ms) => {
                THROTTLED.count(limit);
                let seconds = u64::try_from(wait_ms).unwrap_or_default().div_ceil(1000);
                Err(AuthError::Throttled { retry_after_s: seconds.max(1) })
            }
        }
    }

    fn subject(&self, kind: &str, name: &str) -> Hash {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(kind.as_bytes());
        context.update(&[0]);
        context.update(name.as_bytes());
        let mut subject = Hash::default();
        subject.copy_from_slice(context.sign().as_ref());
        subject
    }
}

impl LoginTry<'_> {
    /// The password was wrong, or there is no such account.
    pub async fn failed(self) -> AuthResult<()> {
        if self.throttle.enabled {
            self.throttle.store.count_failures(vec![self.address], self.throttle.clock.now()).await?;
        }
        Ok(())
    }

    /// The password was right: the account's failures are forgotten, the address's are not, or a guesser would log in
    /// to an account of its own in between.
    pub async fn succeeded(self) -> AuthResult<()> {
        if self.throttle.enabled {
            self.throttle.store.forget(self.account.subject).await?;
        }
        Ok(())
    }

    /// It was never found out, for want of capacity.
    pub async fn undecided(self) -> AuthResult<()> {
        if self.throttle.enabled {
            self.throttle.store.take_back(self.account, self.throttle.clock.now()).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const POLICY: Policy = Policy { free: 5, forgive_every: Duration::minutes(15) };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    /// The waits, in seconds, after each of `n` failures that follow each other as soon as they may.
    fn waits(n: usize) -> Vec<i64> {
        let mut now = at(1_000_000);
        let mut counter = Counter::blank(now);
        let policy = Policy { forgive_every: Duration::days(9), ..POLICY };
        (0..n)
            .map(|_| {
                counter = counter.failed(policy, now);
                let wait = counter.wait_ms(now).unwrap_or(0);
                now = Timestamp::from_millis(now.millis() + wait);
                wait / 1000
            })
            .collect()
    }

    #[test]
    fn after_five_free_failures_the_delay_doubles_from_a_second_to_fifteen_minutes() {
        assert_eq!(waits(18), [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
    }

    #[test]
    fn no_number_of_failures_locks_for_good() {
        let counter = Counter { failures: u32::MAX - 1, counted_from: at(0), blocked_until: at(0) };
        assert_eq!(counter.failed(POLICY, at(0)).wait_ms(at(0)), Some(900_000));
    }

    proptest! {
        #[test]
        fn whatever_happens_nobody_waits_longer_than_a_quarter_of_an_hour(steps in prop::collection::vec(0..5_000_i64, 0..60)) {
            let mut now = at(1_000_000);
            let mut counter = Counter::blank(now);
            for seconds in steps {
                now = Timestamp::from_millis(now.millis() + seconds * 1000);
                if counter.wait_ms(now).is_none() {
                    counter = counter.failed(POLICY, now);
                }
                prop_assert!(counter.wait_ms(now).unwrap_or(0) <= 900_000);
                prop_assert!(counter.forgotten_at(POLICY) >= now);
            }
        }
    }

    #[test]
    fn failures_are_forgiven_one_by_one() {
        let counter = Counter { failures: 7, counted_from: at(0), blocked_until: at(0) };
        assert_eq!(counter.forgiven(POLICY, at(899)).failures, 7);
        let later = counter.forgiven(POLICY, at(2 * 900 + 100));
        assert_eq!((later.failures, later.counted_from), (5, at(1800)));
        assert_eq!(counter.forgiven(POLICY, at(100_000)).failures, 0);
        assert_eq!(counter.forgotten_at(POLICY), at(7 * 900));
    }

    #[test]
    fn a_clock_that_was_set_back_forgives_nothing_and_breaks_nothing() {
        let counter = Counter { failures: 3, counted_from: at(1_000), blocked_until: at(0) };
        assert_eq!(counter.forgiven(POLICY, at(10)).failures, 3);
    }

    #[test]
    fn a_failure_taken_back_leaves_no_delay() {
        let mut counter = Counter::blank(at(0));
        for _ in 0..6 {
            counter = counter.failed(POLICY, at(0));
        }
        assert!(counter.wait_ms(at(0)).is_some());
        let counter = counter.taken_back(at(0));
        assert_eq!((counter.failures, counter.wait_ms(at(0))), (5, None));
    }
}
