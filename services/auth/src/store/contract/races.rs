//! What holds when two replicas do the same at once.

use std::collections::BTreeSet;

use chatapp_types::{ErrorCode, SessionId, UserId};
use futures::future::join_all;
use time::Duration;

use super::keys::key;
use super::sessions::presented;
use super::{Bench, at, new_session, new_token, new_user, opening, refused};
use crate::app::throttle::Policy;
use crate::store::{Deletion, Opening, RefreshRules, Refreshed, StoreError, StoreResult, SweepLimits, Try};

const RULES: RefreshRules = RefreshRules { grace: Duration::seconds(30), idle: Duration::days(30) };
/// How many do it at once: enough for both replicas to be in the middle of it.
const MANY: usize = 12;

/// What a refresh of the session gives, at each replica several times at once.
async fn refresh_everywhere(bench: &Bench, session: SessionId, generation: u8, now: i64) -> Vec<Refreshed> {
    let refresh = |n| bench.either(n).refresh_session(presented(session, generation), RULES, at(now));
    join_all((0..MANY).map(refresh)).await.into_iter().map(Result::unwrap).collect()
}

/// How many were done; none may have failed otherwise than by this refusal.
#[track_caller]
fn done<T: std::fmt::Debug>(results: Vec<StoreResult<T>>, refusal: ErrorCode) -> usize {
    let (done, others): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    for other in others {
        refused(other, refusal);
    }
    done.len()
}

async fn log_in(bench: &Bench, n: usize, user: UserId, max_sessions: u32) -> StoreResult<()> {
    let session = new_session(user, 10 + i64::try_from(n).unwrap());
    bench.either(n).open_session(Opening { max_sessions, ..opening(session) }).await
}

pub(super) async fn a_name_wanted_at_two_replicas_at_once_is_given_once(bench: &Bench) {
    for name in ["alice", "bob", "carol"] {
        let want = |n| {
            let user = new_user(name);
            let session = new_session(user.id, 1);
            bench.either(n).create_user(user, Some(session))
        };
        let results = join_all((0..MANY).map(want)).await;
        assert_eq!(done(results, ErrorCode::UsernameTaken), 1);
        let user = bench.store.user_by_name(name).await.unwrap().unwrap().id;
        assert_eq!(bench.session_ids(user).await.len(), 1);
    }
}

pub(super) async fn a_likeness_wanted_at_two_replicas_at_once_is_given_once(bench: &Bench) {
    let names = ["paypal", "раураӏ"];
    let results = join_all((0..MANY).map(|n| bench.either(n).create_user(new_user(names[n % 2]), None))).await;
    assert_eq!(done(results, ErrorCode::UsernameTaken), 1);
}

pub(super) async fn a_refresh_token_presented_at_two_replicas_at_once_has_one_successor(bench: &Bench) {
    let user = bench.user("alice").await;
    let session = bench.session(user, 100).await;
    for generation in 0..4 {
        let results = refresh_everywhere(bench, session, generation, 200 + 100 * i64::from(generation)).await;
        assert!(
            results.iter().all(|result| matches!(result, Refreshed::Granted(who) if who.id == user)),
            "{results:?}"
        );
    }
    assert_eq!(bench.announced(), []);
    // One chain: whoever presents the last token goes on, and it is in no place but its own.
    let last = bench.store.refresh_session(presented(session, 4), RULES, at(900)).await.unwrap();
    assert!(matches!(last, Refreshed::Granted(_)));
}

pub(super) async fn an_old_refresh_token_presented_at_two_replicas_at_once_ends_the_session_once(bench: &Bench) {
    let user = bench.user("alice").await;
    let session = bench.session(user, 100).await;
    for generation in 0..2 {
        refresh_everywhere(bench, session, generation, 200).await;
    }
    let results = refresh_everywhere(bench, session, 0, 300).await;
    assert_eq!(results.iter().filter(|result| **result == Refreshed::Reused(user)).count(), 1, "{results:?}");
    assert_eq!(results.iter().filter(|result| **result == Refreshed::Unknown).count(), MANY - 1);
    assert_eq!((bench.announced(), bench.revoked().await), (vec![session], vec![session]));
}

pub(super) async fn a_session_ended_at_two_replicas_at_once_ends_once(bench: &Bench) {
    let user = bench.user("alice").await;
    let session = bench.session(user, 1).await;
    let results = join_all((0..MANY).map(|n| bench.either(n).revoke_session(user, session, at(5)))).await;
    assert_eq!(done(results, ErrorCode::SessionNotFound), 1);
    assert_eq!((bench.announced(), bench.revoked().await), (vec![session], vec![session]));
}

pub(super) async fn log_ins_at_two_replicas_at_once_leave_no_more_sessions_than_allowed(bench: &Bench) {
    let user = bench.user("alice").await;
    for result in join_all((0..MANY).map(|n| log_in(bench, n, user, 3))).await {
        result.unwrap();
    }
    assert_eq!(bench.session_ids(user).await.len(), 3);
    let (announced, revoked) = (bench.announced(), bench.revoked().await);
    assert_eq!(announced.len(), MANY - 3, "each that made room was announced once");
    assert_eq!(BTreeSet::from_iter(announced), BTreeSet::from_iter(revoked));
}

pub(super) async fn a_log_in_during_a_change_of_the_password_ends_with_it_or_is_refused(bench: &Bench) {
    for name in ["alice", "bob", "carol", "dave"] {
        let user = bench.user(name).await;
        let log_ins = join_all((0..MANY).map(|n| log_in(bench, n, user, 100)));
        let change = bench.replica.set_password(user, "new".into(), Some(0), None, false, at(5));
        let (log_ins, changed) = tokio::join!(log_ins, change);
        changed.unwrap();
        let opened = done(log_ins, ErrorCode::InvalidCredentials);
        assert_eq!(bench.session_ids(user).await, []);
        assert_eq!(bench.announced().len(), opened);
    }
}

pub(super) async fn a_log_in_during_a_deletion_leaves_no_session(bench: &Bench) {
    for name in ["alice", "bob", "carol", "dave"] {
        let user = bench.user(name).await;
        let log_ins = join_all((0..MANY).map(|n| log_in(bench, n, user, 100)));
        let deletions = join_all((0..2).map(|n| bench.either(n).delete_user(user, Deletion::ByOperator, at(5))));
        let (log_ins, deleted) = tokio::join!(log_ins, deletions);
        assert_eq!(done(deleted, ErrorCode::UserNotFound), 1);
        let opened = done(log_ins, ErrorCode::InvalidCredentials);
        assert_eq!(bench.session_ids(user).await, []);
        assert_eq!(bench.announced().len(), opened);
    }
}

pub(super) async fn tokens_made_at_two_replicas_at_once_are_no_more_than_allowed(bench: &Bench) {
    let user = bench.user("alice").await;
    let make = |n: usize| bench.either(n).create_api_token(new_token(user, &format!("token {n}")), 3);
    assert_eq!(done(join_all((0..MANY).map(make)).await, ErrorCode::Conflict), 3);
    let other = bench.user("bob").await;
    let make = |n: usize| bench.either(n).create_api_token(new_token(other, "backup"), 100);
    assert_eq!(done(join_all((0..MANY).map(make)).await, ErrorCode::TokenNameTaken), 1);
}

fn attempt(subject: u8, free: u32) -> Try {
    Try { subject: [subject; 32], policy: Policy { free, forgive_every: Duration::hours(1) }, counted: true }
}

pub(super) async fn tries_at_two_replicas_at_once_do_not_outrun_the_throttle(bench: &Bench) {
    // The subjects are named in either order, and of the second one nothing is known when the third round begins.
    let orders = [[attempt(1, 5), attempt(2, 50)], [attempt(2, 50), attempt(1, 5)]];
    for (round, admitted) in [(0, 6), (1, 1), (2, 1)] {
        if round == 2 {
            bench.replica.forget([2; 32]).await.unwrap();
        }
        let now = at(10 + 10 * round);
        let results = join_all((0..40).map(|n| bench.either(n).admit(orders[n / 2 % 2].to_vec(), now))).await;
        let results: Vec<_> = results.into_iter().map(Result::unwrap).collect();
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), admitted, "{results:?}");
    }
}

pub(super) async fn failures_at_two_replicas_at_once_are_all_counted(bench: &Bench) {
    let limit = u32::try_from(MANY).unwrap();
    let counted = join_all((0..MANY).map(|n| bench.either(n).count_failures(vec![attempt(1, limit)], at(10)))).await;
    counted.into_iter().collect::<Result<Vec<_>, _>>().unwrap();
    // All that are free are used up: the next one is admitted, and delays.
    assert_eq!(bench.store.admit(vec![attempt(1, limit)], at(10)).await.unwrap(), Ok(()));
    assert_eq!(bench.replica.admit(vec![attempt(1, limit)], at(10)).await.unwrap(), Err(1_000));
}

pub(super) async fn the_first_key_is_one_though_two_replicas_make_it_at_once(bench: &Bench) {
    let kids: Vec<String> = (0..MANY).map(|n| n.to_string()).collect();
    let added = join_all((0..MANY).map(|n| bench.either(n).add_signing_key(key(&kids[n], 5), true))).await;
    let added: Vec<bool> = added.into_iter().collect::<Result<_, StoreError>>().unwrap();
    let first = added.iter().position(|added| *added).unwrap();
    assert_eq!(added.iter().filter(|added| **added).count(), 1);
    assert_eq!(bench.replica.signing_keys().await.unwrap(), [key(&kids[first], 5)]);
}

pub(super) async fn two_replicas_that_sweep_at_once_delete_each_row_once(bench: &Bench) {
    let user = bench.user("alice").await;
    for now in 1..=9 {
        bench.session(user, now).await;
    }
    let now = at(5).plus(Duration::days(30));
    let limits = SweepLimits { now, tokens_before: now, revoked_before: now, keys_before: now };
    let swept = join_all((0..4).map(|n| bench.either(n).sweep(limits))).await;
    assert_eq!(swept.into_iter().map(Result::unwrap).sum::<u64>(), 5);
    assert_eq!(bench.session_ids(user).await.len(), 4);
}
