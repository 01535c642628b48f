//! The bench on SQLite: a file of its own.

use chatapp_db::{Database, DatabaseConfig, DatabaseUrl, DbError};
use chatapp_types::UserId;

use super::{Bench, recorder};

pub(crate) async fn open() -> Bench {
    let dir = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::sqlite(dir.path().join("chatapp.db"));
    let db = Database::open(&DatabaseConfig::new(url)).await.unwrap();
    db.migrate().await.unwrap();
    let (announce, announced) = recorder();
    let store = crate::store::open(&db, announce.clone()).unwrap();
    let replica = crate::store::open(&db, announce).unwrap();
    let give_room = move |user: UserId| {
        let Database::Sqlite(sqlite) = db.clone() else { panic!("not SQLite") };
        let id = user.0.simple();
        let sql = format!(
            "DROP VIEW rooms_v_members;
             CREATE VIEW rooms_v_members AS SELECT x'{id}' AS user_id, 'owner' AS role"
        );
        let change =
            async move { sqlite.write(move |tx| tx.execute_batch(&sql).map_err(DbError::from)).await.unwrap() };
        Box::pin(change) as _
    };
    Bench { store, replica, announced, give_room: Box::new(give_room), _keep: Box::new(dir) }
}
