//! Accounts.

use chatapp_types::ErrorCode;
use futures::future::join_all;

use super::{Bench, at, new_session, new_token as token, new_user, opening, refused};
use crate::store::Deletion;

pub(super) async fn a_name_or_its_likeness_is_given_once(bench: &Bench) {
    bench.user("paypal").await;
    refused(bench.store.create_user(new_user("PayPal"), None).await, ErrorCode::UsernameTaken);
    refused(bench.store.create_user(new_user("раураӏ"), None).await, ErrorCode::UsernameTaken);
    bench.user("paypal2").await;
}

pub(super) async fn of_many_who_want_a_name_at_once_one_gets_it(bench: &Bench) {
    let wants = (0..20).map(|_| bench.store.create_user(new_user("alice"), None));
    let got = join_all(wants).await.into_iter().flatten().count();
    assert_eq!(got, 1);
}

pub(super) async fn an_account_and_its_first_session_come_together_or_not_at_all(bench: &Bench) {
    let user = new_user("alice");
    let session = new_session(user.id, 1);
    bench.store.create_user(user.clone(), Some(session.clone())).await.unwrap();
    assert_eq!(bench.session_ids(user.id).await, [session.id]);
    // The session's id is taken: the account must not come to be without it.
    assert!(bench.store.create_user(new_user("bob"), Some(session)).await.is_err());
    assert_eq!(bench.store.user_by_name("bob").await.unwrap(), None);
}

pub(super) async fn a_changed_password_ends_every_session_but_the_one_that_changed_it(bench: &Bench) {
    let (user, other) = (bench.user("alice").await, bench.user("bob").await);
    let (kept, ended) = (bench.session(user, 1).await, bench.session(user, 2).await);
    let others = bench.session(other, 3).await;
    bench.store.create_api_token(token(user, "script"), 9).await.unwrap();
    bench.store.set_password(user, "new".into(), Some(0), Some(kept), false, at(5)).await.unwrap();
    assert_eq!(bench.session_ids(user).await, [kept]);
    assert_eq!(bench.session_ids(other).await, [others]);
    assert_eq!(bench.revoked().await, [ended]);
    assert_eq!(bench.announced(), [ended]);
    assert_eq!(bench.store.list_api_tokens(user, None, 9).await.unwrap().len(), 1, "tokens stay");
    let stored = bench.store.user_by_id(user).await.unwrap().unwrap();
    assert_eq!((stored.password_hash.as_str(), stored.passwords), ("new", 1));
}

pub(super) async fn a_password_is_not_changed_when_another_one_was_set_meanwhile(bench: &Bench) {
    let user = bench.user("alice").await;
    bench.store.set_password(user, "second".into(), None, None, false, at(5)).await.unwrap();
    let late = bench.store.set_password(user, "third".into(), Some(0), None, false, at(6)).await;
    refused(late, ErrorCode::Conflict);
    assert_eq!(bench.store.user_by_id(user).await.unwrap().unwrap().password_hash, "second");
}

pub(super) async fn a_disabled_account_loses_its_sessions_and_tokens_and_opens_no_session(bench: &Bench) {
    let user = bench.user("alice").await;
    let session = bench.session(user, 1).await;
    let script = token(user, "script");
    bench.store.create_api_token(script.clone(), 9).await.unwrap();
    bench.store.disable_user(user, at(5)).await.unwrap();
    bench.store.disable_user(user, at(6)).await.unwrap();
    let mut announced = bench.announced();
    announced.sort();
    let mut expected = [session, script.id];
    expected.sort();
    assert_eq!(announced, expected);
    assert!(bench.store.user_by_id(user).await.unwrap().unwrap().disabled);
    refused(bench.store.open_session(opening(new_session(user, 7))).await, ErrorCode::InvalidCredentials);
    refused(bench.store.create_api_token(token(user, "another"), 9).await, ErrorCode::UserNotFound);
    bench.store.enable_user(user).await.unwrap();
    assert_eq!(bench.session_ids(user).await, []);
    bench.session(user, 8).await;
}

pub(super) async fn a_deleted_account_frees_its_name_and_keeps_its_id(bench: &Bench) {
    let user = bench.user("alice").await;
    let session = bench.session(user, 1).await;
    bench.store.delete_user(user, Deletion::ByOwner { passwords: 0 }, at(5)).await.unwrap();
    assert_eq!(bench.announced(), [session]);
    assert_eq!(bench.store.user_by_name("alice").await.unwrap(), None);
    assert_eq!(bench.store.user_by_id(user).await.unwrap(), None);
    assert_ne!(bench.user("alice").await, user);
    let late = bench.store.open_session(opening(new_session(user, 6))).await;
    refused(late, ErrorCode::InvalidCredentials);
}

pub(super) async fn an_owner_of_rooms_cannot_delete_the_account_but_an_operator_can(bench: &Bench) {
    let (user, other) = (bench.user("alice").await, bench.user("bob").await);
    let session = bench.session(user, 1).await;
    (bench.give_room)(user).await;
    let own = |user| bench.store.delete_user(user, Deletion::ByOwner { passwords: 0 }, at(5));
    refused(own(user).await, ErrorCode::OwnsRooms);
    assert_eq!(bench.session_ids(user).await, [session], "a refused deletion ends nothing");
    own(other).await.unwrap();
    bench.store.delete_user(user, Deletion::ByOperator, at(6)).await.unwrap();
    assert_eq!(bench.store.user_by_id(user).await.unwrap(), None);
}

pub(super) async fn operations_on_an_account_that_is_gone_are_refused(bench: &Bench) {
    let user = bench.user("alice").await;
    let late = bench.store.delete_user(user, Deletion::ByOwner { passwords: 3 }, at(5)).await;
    refused(late, ErrorCode::Conflict);
    bench.store.delete_user(user, Deletion::ByOperator, at(5)).await.unwrap();
    refused(bench.store.delete_user(user, Deletion::ByOperator, at(6)).await, ErrorCode::UserNotFound);
    refused(bench.store.disable_user(user, at(6)).await, ErrorCode::UserNotFound);
    refused(bench.store.enable_user(user).await, ErrorCode::UserNotFound);
    let set = bench.store.set_password(user, "x".into(), None, None, true, at(6)).await;
    refused(set, ErrorCode::UserNotFound);
}

pub(super) async fn accounts_are_listed_by_name_in_pages(bench: &Bench) {
    for name in ["carol", "alice", "bob", "dave"] {
        bench.user(name).await;
    }
    let bob = bench.store.user_by_name("bob").await.unwrap().unwrap().id;
    bench.session(bob, 40).await;
    bench.session(bob, 50).await;
    let gone = bench.store.user_by_name("dave").await.unwrap().unwrap().id;
    bench.store.delete_user(gone, Deletion::ByOperator, at(60)).await.unwrap();
    let page = bench.store.list_users(None, 2).await.unwrap();
    assert_eq!(page.iter().map(|user| user.username.as_str()).collect::<Vec<_>>(), ["alice", "bob"]);
    assert_eq!((page[1].sessions, page[1].last_used_at), (2, Some(at(50))));
    let rest = bench.store.list_users(Some("bob".into()), 9).await.unwrap();
    assert_eq!(rest.iter().map(|user| user.username.as_str()).collect::<Vec<_>>(), ["carol"]);
}
