//! Tokens for scripts.

use chatapp_types::ErrorCode;
use chatapp_types::auth::Scope;

use super::{Bench, at, new_token, refused};
use crate::store::NewApiToken;

pub(super) async fn a_token_is_found_by_its_hash_with_its_user(bench: &Bench) {
    let user = bench.user("alice").await;
    let token = NewApiToken { scopes: vec![Scope::Read, Scope::Moderate], ..new_token(user, "backup") };
    bench.store.create_api_token(token.clone(), 9).await.unwrap();
    let found = bench.store.use_api_token(token.hash, at(5)).await.unwrap().unwrap();
    assert_eq!((found.user.id, found.user.username.as_str()), (user, "alice"));
    assert_eq!((found.token.id, found.token.scopes), (token.id, vec![Scope::Read, Scope::Moderate]));
    assert_eq!(bench.store.use_api_token([0; 32], at(5)).await.unwrap(), None);
}

pub(super) async fn the_use_of_a_token_is_noted_to_the_minute(bench: &Bench) {
    let user = bench.user("alice").await;
    let token = new_token(user, "backup");
    bench.store.create_api_token(token.clone(), 9).await.unwrap();
    for (now, noted) in [(125, 120), (179, 120), (180, 180)] {
        bench.store.use_api_token(token.hash, at(now)).await.unwrap();
        let listed = bench.store.list_api_tokens(user, None, 9).await.unwrap();
        assert_eq!(listed[0].last_used_at, Some(at(noted)));
    }
}

pub(super) async fn a_tokens_name_is_given_once_until_it_runs_out(bench: &Bench) {
    let (user, other) = (bench.user("alice").await, bench.user("bob").await);
    let first = NewApiToken { expires_at: Some(at(100)), ..new_token(user, "backup") };
    bench.store.create_api_token(first.clone(), 9).await.unwrap();
    bench.store.create_api_token(new_token(other, "backup"), 9).await.unwrap();
    let second = |now| NewApiToken { now: at(now), ..new_token(user, "backup") };
    refused(bench.store.create_api_token(second(99), 9).await, ErrorCode::TokenNameTaken);
    assert!(bench.store.use_api_token(first.hash, at(99)).await.unwrap().is_some());
    assert_eq!(bench.store.use_api_token(first.hash, at(100)).await.unwrap(), None);
    bench.store.create_api_token(second(100), 9).await.unwrap();
}

pub(super) async fn an_account_has_so_many_tokens_and_no_more(bench: &Bench) {
    let user = bench.user("alice").await;
    for name in ["a", "b"] {
        bench.store.create_api_token(new_token(user, name), 2).await.unwrap();
    }
    refused(bench.store.create_api_token(new_token(user, "c"), 2).await, ErrorCode::Conflict);
}

pub(super) async fn an_ended_token_is_revoked_and_gone(bench: &Bench) {
    let (user, other) = (bench.user("alice").await, bench.user("bob").await);
    let token = new_token(user, "backup");
    bench.store.create_api_token(token.clone(), 9).await.unwrap();
    refused(bench.store.revoke_api_token(other, "backup".into(), at(5)).await, ErrorCode::TokenNotFound);
    bench.store.revoke_api_token(user, "backup".into(), at(5)).await.unwrap();
    assert_eq!(bench.announced(), [token.id]);
    assert_eq!(bench.revoked().await, [token.id]);
    assert_eq!(bench.store.use_api_token(token.hash, at(6)).await.unwrap(), None);
    refused(bench.store.revoke_api_token(user, "backup".into(), at(7)).await, ErrorCode::TokenNotFound);
}

pub(super) async fn tokens_are_listed_newest_first_in_pages(bench: &Bench) {
    let user = bench.user("alice").await;
    for name in ["a", "b", "c"] {
        bench.store.create_api_token(new_token(user, name), 9).await.unwrap();
    }
    let page = bench.store.list_api_tokens(user, None, 2).await.unwrap();
    assert_eq!(page.iter().map(|token| token.name.as_str()).collect::<Vec<_>>(), ["c", "b"]);
    let rest = bench.store.list_api_tokens(user, Some(page[1].id), 2).await.unwrap();
    assert_eq!(rest.iter().map(|token| token.name.as_str()).collect::<Vec<_>>(), ["a"]);
}
