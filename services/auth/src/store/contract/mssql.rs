//! The bench on SQL Server: a database of its own, and for each replica a set of connections.

use chatapp_db::mssql::Sql;
use chatapp_db::{Database, DbError, Mssql};
use chatapp_testkit::TdsDatabase;
use chatapp_types::UserId;
use uuid::Uuid;

use super::{Bench, api_tokens, keys, recorder, sessions, sweep, throttle, users};

pub(crate) async fn open() -> Bench {
    let database = TdsDatabase::create().await;
    let [store, replica] = [TdsDatabase::options(), TdsDatabase::options()];
    let replicas = [database.another(store).await, database.another(replica).await];
    bench(database, replicas)
}

fn bench(database: TdsDatabase, replicas: [Mssql; 2]) -> Bench {
    let (announce, announced) = recorder();
    let [store, replica] = replicas.map(|db| crate::store::open(&Database::Mssql(db), announce.clone()).unwrap());
    let db = database.db.clone();
    let give_room = move |user: UserId| Box::pin(own_a_room(db.clone(), user)) as _;
    Bench { store, replica, announced, give_room: Box::new(give_room), _keep: Box::new(database) }
}

async fn own_a_room(db: Mssql, user: UserId) {
    let row = Sql::new(
        "INSERT INTO rooms.members (room_id, user_id, role, joined_at, joined_seq, visible_after)
         VALUES (@P1, @P2, N'owner', 1, 1, 0)",
    );
    run(&db, row.bind(Uuid::new_v4()).bind(user)).await;
}

async fn run(db: &Mssql, sql: Sql) {
    let run = db.run(move |session| {
        let sql = sql.clone();
        Box::pin(async move { session.execute(sql).await })
    });
    let run: Result<u64, DbError> = run.await;
    run.unwrap();
}

/// Every operation, by the log-in that the service has; the other tests are an administrator.
#[tokio::test]
#[ignore = "needs a server in CHATAPP_TEST_MSSQL_URL"]
async fn the_store_needs_no_rights_but_those_that_the_service_was_granted() {
    let database = TdsDatabase::create().await;
    let (admin, service) = (database.db.clone(), database.as_service("auth").await);
    let bench = bench(database, [service.clone(), service]);
    // Each of them begins with nothing.
    macro_rules! one_after_another {
        ($($module:ident::$test:ident)+) => { $(
            $module::$test(&bench).await;
            let tables = ["revoked", "api_tokens", "sessions", "users", "signing_keys", "throttle"];
            run(&admin, Sql::new(tables.map(|table| format!("DELETE FROM auth.{table};")).join(" "))).await;
            bench.announced();
        )+ };
    }
    one_after_another! {
        users::an_account_and_its_first_session_come_together_or_not_at_all
        users::a_changed_password_ends_every_session_but_the_one_that_changed_it
        users::a_disabled_account_loses_its_sessions_and_tokens_and_opens_no_session
        users::an_owner_of_rooms_cannot_delete_the_account_but_an_operator_can
        users::accounts_are_listed_by_name_in_pages
        sessions::a_rehash_is_no_change_of_the_password
        sessions::a_refresh_token_rotates_and_repeats_and_its_reuse_ends_the_session
        sessions::the_session_used_least_recently_makes_room
        api_tokens::the_use_of_a_token_is_noted_to_the_minute
        api_tokens::a_tokens_name_is_given_once_until_it_runs_out
        api_tokens::an_ended_token_is_revoked_and_gone
        keys::of_many_first_keys_one_is_kept
        throttle::a_try_that_is_not_counted_at_once_counts_when_it_failed
        throttle::success_forgets_and_want_of_capacity_takes_back
        sweep::what_has_run_out_is_deleted_and_nothing_else
        sweep::a_key_goes_when_its_successor_has_signed_for_long
    }
}
