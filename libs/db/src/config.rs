//! Which database: the setting, parsed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::{DbError, Sqlite, sqlite::SqliteOptions};

/// Where the data is. `sqlite:///absolute/path.db` or `sqlite://relative.db`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A file of SQLite's.
    Sqlite(PathBuf),
}

impl std::str::FromStr for DatabaseUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("sqlite://") {
            Some(path) if !path.is_empty() => Ok(Self::Sqlite(PathBuf::from(path))),
            _ => Err("expected sqlite:///path/to/chatapp.db".to_owned()),
        }
    }
}

impl DatabaseUrl {
    /// The URL of a SQLite file.
    pub fn sqlite(path: impl AsRef<Path>) -> Self {
        Self::Sqlite(path.as_ref().to_owned())
    }
}

/// Settings of the database.
#[derive(Clone, Debug)]
pub struct DatabaseConfig {
    /// Where the data is.
    pub url: DatabaseUrl,
    /// Readers that may work at once.
    pub readers: usize,
    /// How long a read may work; one that takes longer ends with [`DbError::Unavailable`].
    pub read_limit: Duration,
}

impl DatabaseConfig {
    /// The defaults for a database at `url`.
    pub fn new(url: DatabaseUrl) -> Self {
        Self { url, readers: 4, read_limit: Duration::from_secs(5) }
    }
}

/// An open database, whichever it is. Cloning shares its connections.
#[derive(Clone)]
#[non_exhaustive]
pub enum Database {
    /// SQLite in this process.
    Sqlite(Sqlite),
}

impl Database {
    /// Opens the database; with SQLite the file is made when there is none. Does not migrate.
    pub async fn open(config: &DatabaseConfig) -> Result<Self, DbError> {
        match &config.url {
            DatabaseUrl::Sqlite(path) => {
                let options = SqliteOptions { readers: config.readers, read_limit: config.read_limit };
                Sqlite::open(path, options).await.map(Self::Sqlite)
            }
        }
    }

    /// A round trip to the database, for readiness.
    pub async fn ping(&self) -> Result<(), DbError> {
        match self {
            Self::Sqlite(db) => db.read(|conn| Ok(conn.query_row("SELECT 1", [], |_| Ok(()))?)).await,
        }
    }
}
