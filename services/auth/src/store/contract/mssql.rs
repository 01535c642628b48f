//! The bench on SQL Server: a database of its own, and for each replica a set of connections.

use std::time::Duration;

use chatapp_db::mssql::{MssqlOptions, Sql};
use chatapp_db::{Database, DbError, Mssql};
use chatapp_testkit::TdsDatabase;
use chatapp_types::UserId;

use super::{Bench, recorder};

/// A server that has just made the database, for many tests at once, is slow at first.
const LIMIT: Duration = Duration::from_secs(60);

pub(crate) async fn open() -> Bench {
    let database = TdsDatabase::create().await;
    let options = MssqlOptions { connections: 3, idle_connections: 0, connect_limit: LIMIT, operation_limit: LIMIT };
    let (announce, announced) = recorder();
    let [store, replica] = [database.another(options).await, database.another(options).await]
        .map(|db| crate::store::open(&Database::Mssql(db), announce.clone()).unwrap());
    let db = database.db.clone();
    let give_room = move |user: UserId| Box::pin(show_as_owner(db.clone(), user)) as _;
    Bench { store, replica, announced, give_room: Box::new(give_room), _keep: Box::new(database) }
}

async fn show_as_owner(db: Mssql, user: UserId) {
    let view = format!(
        "CREATE VIEW rooms.v_members AS SELECT CAST('{}' AS UNIQUEIDENTIFIER) AS user_id, N'owner' AS role",
        user.0
    );
    for statement in ["DROP VIEW IF EXISTS rooms.v_members".to_owned(), view] {
        let changed: Result<u64, DbError> = db
            .run(move |session| {
                let statement = Sql::new(statement.clone());
                Box::pin(async move { session.execute(statement).await })
            })
            .await;
        changed.unwrap();
    }
}
