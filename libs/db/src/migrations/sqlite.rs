//! Migrating SQLite.

use rusqlite::Connection;

use super::files::{Dialect, History};
use super::{Applied, MigrationError};
use crate::{DbError, Sqlite};

const HISTORY: &str = "CREATE TABLE IF NOT EXISTS chatapp_migrations (
    schema_name TEXT NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL, checksum BLOB NOT NULL,
    applied_at INTEGER NOT NULL DEFAULT (unixepoch() * 1000), PRIMARY KEY (schema_name, number)) STRICT";

fn history(conn: &Connection) -> Result<History, DbError> {
    let exists: bool = conn.query_row(
        "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'chatapp_migrations')",
        [],
        |row| row.get(0),
    )?;
    if !exists {
        return Ok(History::new());
    }
    let mut statement = conn.prepare("SELECT schema_name, number, name, checksum FROM chatapp_migrations")?;
    let rows = statement
        .query_map([], |row| Ok(((row.get(0)?, row.get(1)?), (row.get(2)?, row.get(3)?))))?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

pub(super) async fn migrate(db: &Sqlite) -> Result<Vec<Applied>, MigrationError> {
    // One write transaction for all: SQLite's DDL is transactional, and the transaction is the lock.
    db.write(|tx| {
        tx.execute_batch(HISTORY).map_err(DbError::from)?;
        let mut applied = Vec::new();
        for migration in Dialect::Sqlite.missing(&history(tx)?)? {
            let failed = |e: rusqlite::Error| MigrationError::Failed { name: migration.name.clone(), source: e.into() };
            tx.execute_batch(migration.sql).map_err(failed)?;
            tx.execute(
                "INSERT INTO chatapp_migrations (schema_name, number, name, checksum) VALUES (?1, ?2, ?3, ?4)",
                rusqlite::params![migration.schema, migration.number, migration.name, migration.checksum],
            )
            .map_err(failed)?;
            applied.push(Applied { name: migration.name });
        }
        Ok(applied)
    })
    .await
}

pub(super) async fn check(db: &Sqlite) -> Result<(), MigrationError> {
    db.read(check_schema).await
}

/// Checks that the schema behind `conn` is the one that this program was built for, for whoever looks at a file that is
/// not (yet) a platform's database, such as a backup. Writes nothing.
pub fn check_schema(conn: &Connection) -> Result<(), MigrationError> {
    match Dialect::Sqlite.missing(&history(conn)?)?.into_iter().next() {
        Some(migration) => Err(MigrationError::Pending(migration.name)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::Database;
    use crate::sqlite::SqliteOptions;

    async fn open(dir: &tempfile::TempDir) -> Database {
        Database::Sqlite(
            Sqlite::open(
                &dir.path().join("t.db"),
                SqliteOptions { readers: 2, read_limit: std::time::Duration::from_secs(5) },
            )
            .await
            .unwrap(),
        )
    }

    #[tokio::test]
    async fn migrating_twice_applies_each_file_once() {
        let dir = tempfile::tempdir().unwrap();
        let db = open(&dir).await;
        assert!(matches!(db.check_migrated().await, Err(MigrationError::Pending(_))));
        assert!(!db.migrate().await.unwrap().is_empty());
        assert_eq!(db.migrate().await.unwrap(), []);
        db.check_migrated().await.unwrap();
    }

    #[tokio::test]
    async fn two_migrators_at_once_do_the_work_once() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (open(&dir).await, open(&dir).await);
        let (a, b) = tokio::join!(a.migrate(), b.migrate());
        let (a, b) = (a.unwrap(), b.unwrap());
        assert!(a.is_empty() != b.is_empty(), "{a:?} {b:?}");
    }

    #[tokio::test]
    async fn a_changed_or_unknown_migration_stops_the_migrator() {
        let dir = tempfile::tempdir().unwrap();
        let db = open(&dir).await;
        db.migrate().await.unwrap();
        let Database::Sqlite(sqlite) = &db else { panic!("not SQLite") };
        let run = |sql: &'static str| sqlite.write(move |tx| Ok::<_, DbError>(tx.execute(sql, [])?));
        run("INSERT INTO chatapp_migrations (schema_name, number, name, checksum) VALUES ('auth', 9999, 'auth/9999_x', x'00')")
            .await
            .unwrap();
        assert!(matches!(db.migrate().await, Err(MigrationError::Newer(name)) if name == "auth/9999_x"));
        run("DELETE FROM chatapp_migrations WHERE number = 9999").await.unwrap();
        run("UPDATE chatapp_migrations SET checksum = x'00' WHERE schema_name = 'timeline' AND number = 1")
            .await
            .unwrap();
        assert!(matches!(db.migrate().await, Err(MigrationError::Changed(_))));
    }
}
