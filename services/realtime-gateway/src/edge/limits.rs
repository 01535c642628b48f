//! How many requests one client may make.
//!
//! Kept in memory, for each gateway by itself: these limits protect the machines. Those that protect accounts and
//! codes are kept by the services, in the database.

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use chatapp_metrics::{Limit, THROTTLED};
use chatapp_types::{ErrorCode, Problem, UserId};
use governor::clock::{Clock as _, DefaultClock};
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};

use super::Client;
use crate::config::GatewayConfig;

/// How often what is at its full allowance again is forgotten.
pub(crate) const FORGET_EVERY: Duration = Duration::from_mins(1);

type Limiter<K> = RateLimiter<K, DefaultKeyedStateStore<K>, DefaultClock>;

/// The limits of requests: by address without a log-in, by user with one.
pub(crate) struct RequestLimits {
    by_address: Option<Limiter<IpAddr>>,
    by_user: Option<Limiter<UserId>>,
    clock: DefaultClock,
}

impl RequestLimits {
    /// The limits that the settings ask for.
    pub(crate) fn new(config: &GatewayConfig) -> Self {
        let on = config.rate_limits.is_on();
        Self {
            by_address: on.then(|| limiter(config.address_requests_per_minute, config.address_request_burst)),
            by_user: on.then(|| limiter(config.user_requests_per_minute, config.user_request_burst)),
            clock: DefaultClock::default(),
        }
    }

    /// Counts a request of somebody who is not logged in; 429 with the time to wait when it is one too many.
    pub(crate) fn check_address(&self, client: &Client) -> Result<(), Problem> {
        self.check(Limit::AddressRequests, self.by_address.as_ref(), &client.network())
    }

    /// Counts a request of a user, or what a socket asks in its place.
    pub(crate) fn check_user(&self, user: UserId) -> Result<(), Problem> {
        self.check(Limit::UserRequests, self.by_user.as_ref(), &user)
    }

    /// Counts a request of a user, after waiting until it may be made. Cancel-safe: counted at the end alone.
    pub(crate) async fn wait_for_user(&self, user: UserId) {
        while let Err(wait) = self.count(self.by_user.as_ref(), &user) {
            tokio::time::sleep(wait).await;
        }
    }

    fn check<K: Hash + Eq + Clone>(&self, limit: Limit, limiter: Option<&Limiter<K>>, key: &K) -> Result<(), Problem> {
        self.count(limiter, key).map_err(|wait| {
            THROTTLED.count(limit);
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            Problem::new(ErrorCode::RateLimited).with_retry_after(seconds)
        })
    }

    /// Counts one for `key`; an error is the time after which the next may come.
    fn count<K: Hash + Eq + Clone>(&self, limiter: Option<&Limiter<K>>, key: &K) -> Result<(), Duration> {
        match limiter.map(|limiter| limiter.check_key(key)) {
            Some(Err(refused)) => Err(refused.wait_time_from(self.clock.now())),
            _ => Ok(()),
        }
    }

    /// Forgets whoever has their full allowance again, so that memory follows the clients of the last minutes.
    pub(crate) fn forget_idle(&self) {
        if let Some(limiter) = &self.by_address {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
        if let Some(limiter) = &self.by_user {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }
}

fn limiter<K: Hash + Eq + Clone>(per_minute: u32, burst: u32) -> Limiter<K> {
    let quota = Quota::per_minute(at_least_one(per_minute)).allow_burst(at_least_one(burst));
    RateLimiter::keyed(quota)
}

fn at_least_one(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::config::Switch;

    fn client(address: &str) -> Client {
        Client { address: address.parse().unwrap(), scheme: "http", host: None }
    }

    fn config() -> GatewayConfig {
        GatewayConfig { address_request_burst: 3, user_request_burst: 2, ..GatewayConfig::default() }
    }

    #[test]
    fn the_request_beyond_the_burst_is_told_when_to_come_back() {
        let limits = RequestLimits::new(&config());
        for _ in 0..3 {
            limits.check_address(&client("192.0.2.1")).unwrap();
        }
        let problem = limits.check_address(&client("192.0.2.1")).unwrap_err();
        assert_eq!((problem.status, problem.retry_after_s), (429, Some(1)));
        limits.check_address(&client("192.0.2.2")).unwrap();
    }

    #[test]
    fn one_subscriber_with_many_ipv6_addresses_is_one_client() {
        let limits = RequestLimits::new(&config());
        for n in 1..=3 {
            limits.check_address(&client(&format!("2001:db8::{n}"))).unwrap();
        }
        assert!(limits.check_address(&client("2001:db8::4")).is_err());
    }

    #[test]
    fn users_are_counted_by_themselves() {
        let limits = RequestLimits::new(&config());
        let (ann, bob) = (UserId::new(), UserId::new());
        limits.check_user(ann).unwrap();
        limits.check_user(ann).unwrap();
        assert!(limits.check_user(ann).is_err());
        limits.check_user(bob).unwrap();
    }

    #[test]
    fn switched_off_nothing_is_counted() {
        let limits = RequestLimits::new(&GatewayConfig { rate_limits: Switch::Off, ..config() });
        for _ in 0..1_000 {
            limits.check_address(&client("192.0.2.1")).unwrap();
        }
    }
}
