//! The migrator: numbered SQL files, applied once each, in order, under a lock, from any number of places at once.
//!
//! Files live in `sql/<backend>/<schema>/NNNN_name.sql` and are compiled in. An applied file is known by its schema,
//! number and checksum; one that was changed or is missing stops the migrator, since nobody can then say what the
//! database holds.

use std::collections::BTreeMap;

use include_dir::{Dir, include_dir};
use rusqlite::Connection;

use crate::{Database, DbError, Sqlite};

static SQLITE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../sql/sqlite");

/// The schemas, in the order in which they are migrated.
pub const SCHEMAS: [&str; 4] = ["timeline", "auth", "rooms", "messages"];

/// Why the database was not migrated.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// An applied file differs from the one compiled in.
    #[error("migration {0} was changed after it had been applied: restore the original file and add a new one")]
    Changed(String),
    /// The database has a migration that this program does not know.
    #[error("the database has migration {0}, which this version does not know: use a newer version of chatapp")]
    Newer(String),
    /// The schema is behind, and the caller did not ask to migrate.
    #[error("the database lacks migration {0}: run `chatapp migrate`")]
    Pending(String),
    /// A file failed; nothing of it was kept.
    #[error("migration {name} failed: {source}")]
    Failed {
        /// The file.
        name: String,
        /// Why.
        source: DbError,
    },
    /// The database could not be asked.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// A migration that was applied by this run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// `schema/NNNN_name`.
    pub name: String,
}

struct Migration {
    schema: &'static str,
    number: i64,
    name: String,
    sql: &'static str,
    checksum: Vec<u8>,
}

impl Database {
    /// Applies what is missing and returns it. Safe to run many times and from many processes at once.
    pub async fn migrate(&self) -> Result<Vec<Applied>, MigrationError> {
        match self {
            Self::Sqlite(db) => migrate_sqlite(db).await,
        }
    }

    /// Checks that the schema is the one that this program was built for.
    pub async fn check_migrated(&self) -> Result<(), MigrationError> {
        match self {
            Self::Sqlite(db) => check_sqlite(db).await,
        }
    }
}

fn compiled_in() -> Vec<Migration> {
    let mut all = Vec::new();
    for schema in SCHEMAS {
        let Some(dir) = SQLITE.get_dir(schema) else { continue };
        let mut files: Vec<_> = dir.files().filter(|f| f.path().extension().is_some_and(|e| e == "sql")).collect();
        files.sort_by_key(|f| f.path());
        for file in files {
            let stem = file.path().file_stem().and_then(|s| s.to_str()).unwrap_or_default();
            let number = stem.split('_').next().and_then(|n| n.parse().ok()).unwrap_or_default();
            let sql = file.contents_utf8().unwrap_or_default();
            let checksum = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, sql.as_bytes()).as_ref().to_vec();
            all.push(Migration { schema, number, name: format!("{schema}/{stem}"), sql, checksum });
        }
    }
    all
}

const HISTORY: &str = "CREATE TABLE IF NOT EXISTS chatapp_migrations (
    schema_name TEXT NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL, checksum BLOB NOT NULL,
    applied_at INTEGER NOT NULL DEFAULT (unixepoch() * 1000), PRIMARY KEY (schema_name, number)) STRICT";

type History = BTreeMap<(String, i64), (String, Vec<u8>)>;

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

/// The migrations that `history` lacks; an error where the two disagree.
fn missing(history: &History) -> Result<Vec<Migration>, MigrationError> {
    let mut unknown = history.clone();
    let mut pending = Vec::new();
    for migration in compiled_in() {
        match unknown.remove(&(migration.schema.to_owned(), migration.number)) {
            Some((_, checksum)) if checksum == migration.checksum => {}
            Some(_) => return Err(MigrationError::Changed(migration.name)),
            None => pending.push(migration),
        }
    }
    match unknown.into_values().next() {
        Some((name, _)) => Err(MigrationError::Newer(name)),
        None => Ok(pending),
    }
}

async fn migrate_sqlite(db: &Sqlite) -> Result<Vec<Applied>, MigrationError> {
    // One write transaction for all: SQLite's DDL is transactional, and the transaction is the lock.
    db.write(|tx| {
        tx.execute_batch(HISTORY).map_err(DbError::from)?;
        let mut applied = Vec::new();
        for migration in missing(&history(tx)?)? {
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

async fn check_sqlite(db: &Sqlite) -> Result<(), MigrationError> {
    db.read(check_schema).await
}

/// Checks that the schema behind `conn` is the one that this program was built for, for whoever looks at a file that is
/// not (yet) a platform's database, such as a backup. Writes nothing.
pub fn check_schema(conn: &Connection) -> Result<(), MigrationError> {
    match missing(&history(conn)?)?.into_iter().next() {
        Some(migration) => Err(MigrationError::Pending(migration.name)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
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
        let Database::Sqlite(sqlite) = &db;
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
