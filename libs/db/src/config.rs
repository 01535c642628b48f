//! Which database: the setting, parsed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::mssql::{MssqlOptions, ServiceLogin, Sql};
use crate::sqlite::SqliteOptions;
use crate::{DbError, Mssql, MssqlUrl, Sqlite};

/// Where the data is. `sqlite:///absolute/path.db`, `sqlite://relative.db`, or
/// `mssql://user:password@host:1433/database?tls=verify|trust|off` (see [`MssqlUrl`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A file of SQLite's.
    Sqlite(PathBuf),
    /// A database on SQL Server.
    Mssql(MssqlUrl),
}

impl std::str::FromStr for DatabaseUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("sqlite://") {
            Some(path) if !path.is_empty() => Ok(Self::Sqlite(PathBuf::from(path))),
            None if text.contains("://") && !text.starts_with("sqlite") => text.parse().map(Self::Mssql),
            _ => Err("expected sqlite:///path/to/chatapp.db or mssql://user:password@host:1433/database".to_owned()),
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
    /// With SQLite, readers that may work at once.
    pub readers: usize,
    /// With SQLite, how long a read may work; one that takes longer ends with [`DbError::Unavailable`].
    pub read_limit: Duration,
    /// With SQL Server, its connections.
    pub mssql: MssqlOptions,
}

impl DatabaseConfig {
    /// The defaults for a database at `url`.
    pub fn new(url: DatabaseUrl) -> Self {
        Self { url, readers: 4, read_limit: Duration::from_secs(5), mssql: MssqlOptions::default() }
    }
}

/// An open database, whichever it is. Cloning shares its connections.
#[derive(Clone)]
#[non_exhaustive]
pub enum Database {
    /// SQLite in this process.
    Sqlite(Sqlite),
    /// SQL Server.
    Mssql(Mssql),
}

impl Database {
    /// Opens the database; with SQLite the file is made when there is none. Does not migrate.
    pub async fn open(config: &DatabaseConfig) -> Result<Self, DbError> {
        match &config.url {
            DatabaseUrl::Sqlite(path) => {
                let options = SqliteOptions { readers: config.readers, read_limit: config.read_limit };
                Sqlite::open(path, options).await.map(Self::Sqlite)
            }
            DatabaseUrl::Mssql(url) => Mssql::open(url, config.mssql).await.map(Self::Mssql),
        }
    }

    /// Makes an empty database where there is none, with the rights of whoever is named; with SQLite, [`Self::open`] does.
    pub async fn create_if_missing(config: &DatabaseConfig) -> Result<(), DbError> {
        match &config.url {
            DatabaseUrl::Sqlite(_) => Ok(()),
            DatabaseUrl::Mssql(url) => Mssql::create_if_missing(url).await.map(drop),
        }
    }

    /// Makes the log-ins of the services; with SQLite there are none to make. See [`Mssql::provision`].
    pub async fn provision(&self, logins: &[ServiceLogin]) -> Result<(), DbError> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Mssql(db) => db.provision(logins).await,
        }
    }

    /// A round trip to the database, for readiness.
    pub async fn ping(&self) -> Result<(), DbError> {
        match self {
            Self::Sqlite(db) => db.read(|conn| Ok(conn.query_row("SELECT 1", [], |_| Ok(()))?)).await,
            Self::Mssql(db) => db.query_apart(Sql::new("SELECT 1")).await.map(drop),
        }
    }
}
