//! Log-ins.

use chatapp_http::Audience;
use chatapp_types::{ErrorCode, SessionId};
use time::Duration;

use super::{Bench, at, new_session, opening, refused};
use crate::store::{Credential, NewSession, Opening, Presented, RefreshRules, Refreshed};

const RULES: RefreshRules = RefreshRules { grace: Duration::seconds(30), idle: Duration::days(30) };

/// The token of that place in the chain `[1; 32]`, `[2; 32]`, ….
pub(super) fn presented(session: SessionId, generation: u8) -> Presented {
    Presented {
        session,
        generation: u32::from(generation),
        hash: [generation + 1; 32],
        successor: [generation + 2; 32],
    }
}

async fn refresh(bench: &Bench, session: SessionId, generation: u8, now: i64) -> Refreshed {
    bench.store.refresh_session(presented(session, generation), RULES, at(now)).await.unwrap()
}

pub(super) async fn a_session_is_not_opened_for_a_password_that_was_changed_meanwhile(bench: &Bench) {
    let user = bench.user("alice").await;
    bench.store.set_password(user, "new".into(), None, None, false, at(2)).await.unwrap();
    refused(bench.store.open_session(opening(new_session(user, 3))).await, ErrorCode::InvalidCredentials);
    assert_eq!(bench.session_ids(user).await, []);
}

pub(super) async fn a_rehash_is_no_change_of_the_password(bench: &Bench) {
    let user = bench.user("alice").await;
    for session in [new_session(user, 1), new_session(user, 2)] {
        let credential = Credential { passwords: 0, rehashed: Some("rehashed".into()) };
        bench.store.open_session(Opening { session, credential, max_sessions: 9 }).await.unwrap();
    }
    let stored = bench.store.user_by_id(user).await.unwrap().unwrap();
    assert_eq!((stored.password_hash.as_str(), stored.passwords), ("rehashed", 0));
    assert_eq!(bench.session_ids(user).await.len(), 2);
}

pub(super) async fn a_refresh_token_rotates_and_repeats_and_its_reuse_ends_the_session(bench: &Bench) {
    let user = bench.user("alice").await;
    let session = bench.session(user, 100).await;
    assert!(matches!(refresh(bench, session, 0, 200).await, Refreshed::Granted(who) if who.id == user));
    assert!(matches!(refresh(bench, session, 0, 230).await, Refreshed::Granted(_)), "within the grace");
    assert!(matches!(refresh(bench, session, 1, 300).await, Refreshed::Granted(_)));
    assert_eq!(bench.announced(), []);
    assert_eq!(refresh(bench, session, 0, 301).await, Refreshed::Reused(user));
    assert_eq!(bench.announced(), [session]);
    assert_eq!(bench.revoked().await, [session]);
    assert_eq!(refresh(bench, session, 2, 302).await, Refreshed::Unknown, "the last token ends with it");
}

pub(super) async fn two_refreshes_at_once_get_the_same_successor(bench: &Bench) {
    let user = bench.user("alice").await;
    let session = bench.session(user, 100).await;
    let (a, b) = tokio::join!(refresh(bench, session, 0, 200), refresh(bench, session, 0, 200));
    assert_eq!(a, b);
    assert!(matches!(a, Refreshed::Granted(_)));
}

pub(super) async fn a_refresh_prolongs_the_session(bench: &Bench) {
    let user = bench.user("alice").await;
    let (day, idle) = (86_400, 30 * 86_400);
    let (active, idle_one) = (bench.session(user, 0).await, bench.session(user, 0).await);
    assert!(matches!(refresh(bench, active, 0, 20 * day).await, Refreshed::Granted(_)));
    assert_eq!(refresh(bench, idle_one, 0, idle).await, Refreshed::Unknown);
    assert!(matches!(refresh(bench, active, 1, idle + day).await, Refreshed::Granted(_)));
    assert_eq!(bench.revoked().await, [], "running out is no revocation");
}

pub(super) async fn a_session_of_the_original_api_is_not_refreshed(bench: &Bench) {
    let user = bench.user("alice").await;
    let session = NewSession { audience: Audience::V0, refresh_hash: None, ..new_session(user, 1) };
    let id = session.id;
    bench.store.open_session(opening(session)).await.unwrap();
    assert_eq!(refresh(bench, id, 0, 2).await, Refreshed::Unknown);
    assert_eq!(bench.session_ids(user).await, [id]);
}

pub(super) async fn sessions_are_listed_newest_first_and_only_while_they_last(bench: &Bench) {
    let user = bench.user("alice").await;
    let mut ids = Vec::new();
    for now in 1..=4 {
        ids.insert(0, bench.session(user, now).await);
    }
    let page = bench.store.list_sessions(user, None, 3, at(9)).await.unwrap();
    assert_eq!(page.iter().map(|row| row.id).collect::<Vec<_>>(), ids[..3]);
    assert_eq!((page[2].client.as_str(), page[2].created_at, page[2].last_used_at), ("chat/1.0", at(2), at(2)));
    let rest = bench.store.list_sessions(user, Some(ids[2]), 3, at(9)).await.unwrap();
    assert_eq!(rest.iter().map(|row| row.id).collect::<Vec<_>>(), ids[3..]);
    let later = bench.store.list_sessions(user, None, 9, at(3).plus(Duration::days(30))).await.unwrap();
    assert_eq!(later.iter().map(|row| row.id).collect::<Vec<_>>(), ids[..1]);
}

pub(super) async fn nobody_ends_the_session_of_another(bench: &Bench) {
    let (alice, bob) = (bench.user("alice").await, bench.user("bob").await);
    let session = bench.session(alice, 1).await;
    refused(bench.store.revoke_session(bob, session, at(2)).await, ErrorCode::SessionNotFound);
    assert_eq!(bench.session_ids(alice).await, [session]);
    assert_eq!(bench.announced(), []);
}

pub(super) async fn what_ended_is_announced_once_it_is_recorded(bench: &Bench) {
    let user = bench.user("alice").await;
    let session = bench.session(user, 1).await;
    bench.store.revoke_session(user, session, at(5)).await.unwrap();
    refused(bench.store.revoke_session(user, session, at(6)).await, ErrorCode::SessionNotFound);
    assert_eq!(bench.announced(), [session]);
    let rows = bench.store.revoked_since(at(5)).await.unwrap();
    assert_eq!(rows.iter().map(|row| (row.session_id, row.at)).collect::<Vec<_>>(), [(session, at(5))]);
    assert!(bench.store.revoked_since(at(6)).await.unwrap().is_empty());
}

pub(super) async fn the_session_used_least_recently_makes_room(bench: &Bench) {
    let user = bench.user("alice").await;
    let first = bench.session(user, 1).await;
    let second = bench.session(user, 2).await;
    refresh(bench, first, 0, 50).await;
    let third = new_session(user, 60);
    let id = third.id;
    bench.store.open_session(Opening { max_sessions: 2, ..opening(third) }).await.unwrap();
    assert_eq!(bench.session_ids(user).await, [id, first]);
    assert_eq!(bench.announced(), [second]);
}
