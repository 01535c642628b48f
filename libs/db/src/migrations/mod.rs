//! The migrator: numbered SQL files, applied once each, in order, under a lock, from any number of places at once.
//!
//! Files live in `sql/<backend>/<schema>/NNNN_name.sql` and are compiled in. An applied file is known by its schema,
//! number and checksum; one that was changed or is missing stops the migrator, since nobody can then say what the
//! database holds.

mod files;
mod mssql;
mod sqlite;

use crate::{Database, DbError};

pub use sqlite::check_schema;

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

impl Database {
    /// Applies what is missing and returns it. Safe to run many times and from many processes at once.
    pub async fn migrate(&self) -> Result<Vec<Applied>, MigrationError> {
        match self {
            Self::Sqlite(db) => sqlite::migrate(db).await,
            Self::Mssql(db) => mssql::migrate(db).await,
        }
    }

    /// Checks that the schema is the one that this program was built for.
    pub async fn check_migrated(&self) -> Result<(), MigrationError> {
        match self {
            Self::Sqlite(db) => sqlite::check(db).await,
            Self::Mssql(db) => mssql::check(db).await,
        }
    }
}
