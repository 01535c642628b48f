//! What every store promises, as tests that run on each of them. Another backend is one line at the end of this file.
//!
//! Those on SQL Server need one: `CHATAPP_TEST_MSSQL_URL='mssql://user:password@host:1433/?tls=off' cargo nextest run
//! -p chatapp-auth --run-ignored only`. Each makes a database of its own there.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value)]

mod api_tokens;
mod keys;
mod mssql;
mod races;
mod sessions;
mod sqlite;
mod sweep;
mod throttle;
mod users;

use std::any::Any;
use std::sync::{Arc, Mutex};

use chatapp_http::{Audience, RevokedSession};
use chatapp_types::auth::Scope;
use chatapp_types::{ErrorCode, SessionId, Timestamp, UserId, Username};
use futures::future::BoxFuture;
use time::Duration;

use super::{Announce, AuthStore, Credential, NewApiToken, NewSession, NewUser, Opening, StoreError, StoreResult};

/// An empty store, and what the tests need beside it.
pub(super) struct Bench {
    store: Arc<dyn AuthStore>,
    /// The store of another replica, on the same database.
    replica: Arc<dyn AuthStore>,
    announced: Arc<Mutex<Vec<SessionId>>>,
    /// Makes the view of the rooms say that the user owns one.
    give_room: Box<dyn Fn(UserId) -> BoxFuture<'static, ()>>,
    /// The database's place, for as long as the bench stands.
    _keep: Box<dyn Any>,
}

impl Bench {
    /// The store of one replica or the other, in turn.
    fn either(&self, n: usize) -> &dyn AuthStore {
        if n.is_multiple_of(2) { &*self.store } else { &*self.replica }
    }

    /// What was announced since this was asked last.
    fn announced(&self) -> Vec<SessionId> {
        std::mem::take(&mut self.announced.lock().unwrap())
    }

    /// What is recorded as ended.
    async fn revoked(&self) -> Vec<SessionId> {
        let rows = self.store.revoked_since(at(0)).await.unwrap();
        rows.into_iter().map(|row| row.session_id).collect()
    }

    async fn user(&self, name: &str) -> UserId {
        let user = new_user(name);
        let id = user.id;
        self.store.create_user(user, None).await.unwrap();
        id
    }

    /// A session opened at `now`, whose first refresh token has the hash `[1; 32]`.
    async fn session(&self, user: UserId, now: i64) -> SessionId {
        let session = new_session(user, now);
        let id = session.id;
        self.store.open_session(opening(session)).await.unwrap();
        id
    }

    async fn session_ids(&self, user: UserId) -> Vec<SessionId> {
        let rows = self.store.list_sessions(user, None, 100, at(0)).await.unwrap();
        rows.into_iter().map(|row| row.id).collect()
    }
}

/// Writes down what is announced.
fn recorder() -> (Announce, Arc<Mutex<Vec<SessionId>>>) {
    let announced = Arc::new(Mutex::new(Vec::new()));
    let sink = announced.clone();
    let record = move |ended: &[RevokedSession]| sink.lock().unwrap().extend(ended.iter().map(|row| row.session_id));
    (Arc::new(record), announced)
}

/// `seconds` after the beginning of these tests' time.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

fn new_user(name: &str) -> NewUser {
    NewUser { id: UserId::new(), username: Username::parse(name).unwrap(), password_hash: "hash".into(), now: at(1) }
}

fn new_session(user: UserId, now: i64) -> NewSession {
    NewSession {
        id: SessionId::new(),
        user,
        audience: Audience::App,
        client: "chat/1.0".into(),
        now: at(now),
        expires_at: at(now).plus(Duration::days(30)),
        refresh_hash: Some([1; 32]),
    }
}

fn opening(session: NewSession) -> Opening {
    Opening { session, credential: Credential { passwords: 0, rehashed: None }, max_sessions: 100 }
}

/// A token whose hash begins with its id.
fn new_token(user: UserId, name: &str) -> NewApiToken {
    let id = SessionId::new();
    let mut hash = [7; 32];
    hash[..16].copy_from_slice(id.as_bytes());
    NewApiToken { id, user, name: name.into(), hash, scopes: vec![Scope::Read], now: at(1), expires_at: None }
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: StoreResult<T>, code: ErrorCode) {
    assert!(matches!(&result, Err(StoreError::Refused(refusal)) if *refusal == code), "{result:?} is not {code}");
}

/// All tests, on each backend: `open` makes an empty [`Bench`], the attributes are those of its tests.
macro_rules! on_backends {
    ($($backend:ident: $open:path, $attributes:tt;)+) => {
        mod on {
            $(
                mod $backend {
                    on_backends!(@cases $open, $attributes);
                }
            )+
        }
    };
    (@cases $open:path, $attributes:tt) => {
        on_backends!(@ $open, $attributes, users: [
            a_name_or_its_likeness_is_given_once
            of_many_who_want_a_name_at_once_one_gets_it
            an_account_and_its_first_session_come_together_or_not_at_all
            a_changed_password_ends_every_session_but_the_one_that_changed_it
            a_password_is_not_changed_when_another_one_was_set_meanwhile
            a_disabled_account_loses_its_sessions_and_tokens_and_opens_no_session
            a_deleted_account_frees_its_name_and_keeps_its_id
            an_owner_of_rooms_cannot_delete_the_account_but_an_operator_can
            operations_on_an_account_that_is_gone_are_refused
            accounts_are_listed_by_name_in_pages
        ]);
        on_backends!(@ $open, $attributes, sessions: [
            a_session_is_not_opened_for_a_password_that_was_changed_meanwhile
            a_rehash_is_no_change_of_the_password
            a_refresh_token_rotates_and_repeats_and_its_reuse_ends_the_session
            two_refreshes_at_once_get_the_same_successor
            a_refresh_prolongs_the_session
            a_session_of_the_original_api_is_not_refreshed
            sessions_are_listed_newest_first_and_only_while_they_last
            nobody_ends_the_session_of_another
            what_ended_is_announced_once_it_is_recorded
            the_session_used_least_recently_makes_room
        ]);
        on_backends!(@ $open, $attributes, api_tokens: [
            a_token_is_found_by_its_hash_with_its_user
            the_use_of_a_token_is_noted_to_the_minute
            a_tokens_name_is_given_once_until_it_runs_out
            an_account_has_so_many_tokens_and_no_more
            an_ended_token_is_revoked_and_gone
            tokens_are_listed_newest_first_in_pages
        ]);
        on_backends!(@ $open, $attributes, keys: [
            of_many_first_keys_one_is_kept
            keys_come_in_the_order_in_which_they_sign
        ]);
        on_backends!(@ $open, $attributes, throttle: [
            a_refused_try_counts_nowhere
            tries_at_once_are_counted_before_they_are_found_wrong
            a_try_that_is_not_counted_at_once_counts_when_it_failed
            success_forgets_and_want_of_capacity_takes_back
        ]);
        on_backends!(@ $open, $attributes, sweep: [
            what_has_run_out_is_deleted_and_nothing_else
            a_key_goes_when_its_successor_has_signed_for_long
        ]);
        on_backends!(@ $open, $attributes, races: [
            a_name_wanted_at_two_replicas_at_once_is_given_once
            a_likeness_wanted_at_two_replicas_at_once_is_given_once
            a_refresh_token_presented_at_two_replicas_at_once_has_one_successor
            an_old_refresh_token_presented_at_two_replicas_at_once_ends_the_session_once
            a_session_ended_at_two_replicas_at_once_ends_once
            log_ins_at_two_replicas_at_once_leave_no_more_sessions_than_allowed
            a_log_in_during_a_change_of_the_password_ends_with_it_or_is_refused
            a_log_in_during_a_deletion_leaves_no_session
            tokens_made_at_two_replicas_at_once_are_no_more_than_allowed
            tries_at_two_replicas_at_once_do_not_outrun_the_throttle
            failures_at_two_replicas_at_once_are_all_counted
            the_first_key_is_one_though_two_replicas_make_it_at_once
            two_replicas_that_sweep_at_once_delete_each_row_once
        ]);
    };
    (@ $open:path, $attributes:tt, $module:ident: [$($test:ident)+]) => {
        mod $module {
            $(on_backends!(@test $open, $attributes, $module $test);)+
        }
    };
    (@test $open:path, [$($attribute:meta),*], $module:ident $test:ident) => {
        #[tokio::test]
        $(#[$attribute])*
        async fn $test() {
            use crate::store::contract;
            contract::$module::$test(&$open().await).await;
        }
    };
}

on_backends! {
    sqlite: contract::sqlite::open, [];
    mssql: contract::mssql::open, [ignore = "needs a server in CHATAPP_TEST_MSSQL_URL"];
}
