//! Deleting what has run out.

use chatapp_types::Timestamp;
use time::Duration;

use super::keys::key;
use super::{Bench, at, new_token};
use crate::app::throttle::Policy;
use crate::store::{NewApiToken, SweepLimits, Try};

fn limits(now: Timestamp) -> SweepLimits {
    SweepLimits { now, tokens_before: now, revoked_before: now, keys_before: now }
}

pub(super) async fn what_has_run_out_is_deleted_and_nothing_else(bench: &Bench) {
    let user = bench.user("alice").await;
    let (first, _second) = (bench.session(user, 100).await, bench.session(user, 200).await);
    let ended = bench.session(user, 150).await;
    bench.store.revoke_session(user, ended, at(300)).await.unwrap();
    let token = NewApiToken { expires_at: Some(at(400)), ..new_token(user, "brief") };
    bench.store.create_api_token(token, 9).await.unwrap();
    bench.store.create_api_token(new_token(user, "lasting"), 9).await.unwrap();
    let policy = Policy { free: 5, forgive_every: Duration::seconds(60) };
    bench.store.admit(vec![Try { subject: [1; 32], policy, counted: true }], at(500)).await.unwrap().unwrap();

    assert_eq!(bench.store.sweep(limits(at(300))).await.unwrap(), 0);
    assert_eq!(bench.store.sweep(limits(at(301))).await.unwrap(), 1, "the revocation");
    assert_eq!(bench.store.sweep(limits(at(400))).await.unwrap(), 1, "the token");
    assert_eq!(bench.store.sweep(limits(at(559))).await.unwrap(), 0);
    assert_eq!(bench.store.sweep(limits(at(560))).await.unwrap(), 1, "the failure");
    assert_eq!(bench.store.sweep(limits(at(100).plus(Duration::days(30)))).await.unwrap(), 1, "the first session");
    assert!(!bench.session_ids(user).await.contains(&first));
    assert_eq!(bench.session_ids(user).await.len(), 1);
    assert_eq!(bench.store.list_api_tokens(user, None, 9).await.unwrap().len(), 1);
}

pub(super) async fn a_key_goes_when_its_successor_has_signed_for_long(bench: &Bench) {
    for (kid, signs_from) in [("a", 10), ("b", 20), ("c", 30)] {
        bench.store.add_signing_key(key(kid, signs_from), false).await.unwrap();
    }
    let kids = |now| async move {
        bench.store.sweep(limits(at(now))).await.unwrap();
        let keys = bench.store.signing_keys().await.unwrap();
        keys.into_iter().map(|key| key.kid).collect::<Vec<_>>()
    };
    assert_eq!(kids(19).await, ["a", "b", "c"]);
    assert_eq!(kids(20).await, ["b", "c"]);
    assert_eq!(kids(1_000_000).await, ["c"], "the last key stays");
}
