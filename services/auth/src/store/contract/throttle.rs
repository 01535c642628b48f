//! Counters of tries.

use futures::future::join_all;
use time::Duration;

use super::{Bench, at};
use crate::app::throttle::Policy;
use crate::store::Try;

fn attempt(subject: u8, free: u32, counted: bool) -> Try {
    Try { subject: [subject; 32], policy: Policy { free, forgive_every: Duration::hours(1) }, counted }
}

async fn admitted(bench: &Bench, tries: &[Try], now: i64) -> Result<(), i64> {
    bench.store.admit(tries.to_vec(), at(now)).await.unwrap()
}

pub(super) async fn a_refused_try_counts_nowhere(bench: &Bench) {
    let (account, address) = (attempt(1, 1, true), attempt(2, 5, true));
    assert_eq!(admitted(bench, &[account], 10).await, Ok(()));
    assert_eq!(admitted(bench, &[account], 10).await, Ok(()), "the second one is admitted, and delays the third");
    for _ in 0..20 {
        assert_eq!(admitted(bench, &[account, address], 10).await, Err(1_000));
    }
    assert_eq!(admitted(bench, &[account], 11).await, Ok(()));
    assert_eq!(admitted(bench, &[account], 11).await, Err(2_000));
    for _ in 0..6 {
        assert_eq!(admitted(bench, &[address], 11).await, Ok(()), "none of the refused ones was counted");
    }
}

pub(super) async fn tries_at_once_are_counted_before_they_are_found_wrong(bench: &Bench) {
    let tries = [attempt(1, 5, true)];
    let results = join_all((0..40).map(|_| admitted(bench, &tries, 10))).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 6);
}

pub(super) async fn a_try_that_is_not_counted_at_once_counts_when_it_failed(bench: &Bench) {
    let address = attempt(1, 1, false);
    for _ in 0..9 {
        assert_eq!(admitted(bench, &[address], 10).await, Ok(()));
    }
    for _ in 0..2 {
        bench.store.count_failures(vec![address], at(10)).await.unwrap();
    }
    assert_eq!(admitted(bench, &[address], 10).await, Err(1_000));
}

pub(super) async fn success_forgets_and_want_of_capacity_takes_back(bench: &Bench) {
    let account = attempt(1, 1, true);
    for _ in 0..2 {
        assert_eq!(admitted(bench, &[account], 10).await, Ok(()));
    }
    assert!(admitted(bench, &[account], 10).await.is_err());
    bench.store.take_back(account, at(10)).await.unwrap();
    assert_eq!(admitted(bench, &[account], 10).await, Ok(()));
    assert!(admitted(bench, &[account], 10).await.is_err());
    bench.store.forget(account.subject).await.unwrap();
    for _ in 0..2 {
        assert_eq!(admitted(bench, &[account], 10).await, Ok(()));
    }
}
