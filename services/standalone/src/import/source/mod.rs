//! The original's database, as far as it is imported: three tables of which nothing is taken for granted.

mod mssql;
mod sqlite;
mod written_time;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::Context as _;
use async_trait::async_trait;
use chatapp_db::MssqlUrl;

pub(super) use written_time::WrittenTime;

/// A row of `users`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OriginalUser {
    pub(super) id: i64,
    pub(super) username: Option<String>,
    pub(super) hashed_password: Option<String>,
}

/// A row of `chat_rooms`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OriginalRoom {
    pub(super) id: i64,
    pub(super) name: Option<String>,
}

/// A row of `messages`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OriginalMessage {
    pub(super) id: i64,
    pub(super) content: Option<String>,
    pub(super) username: Option<String>,
    pub(super) timestamp: WrittenTime,
    pub(super) chat_room_id: Option<i64>,
}

impl OriginalMessage {
    /// The name that it was written under.
    pub(super) fn author_name(&self) -> &str {
        self.username.as_deref().unwrap_or_default()
    }
}

/// The original's database, read in pages by the order of ids. It is never written to.
#[async_trait]
pub(super) trait Original: Send + Sync {
    /// Rows of `messages`.
    async fn count_messages(&self) -> anyhow::Result<u64>;

    /// Up to `limit` rows of `users` whose ids come after `after`.
    async fn users(&self, after: i64, limit: u32) -> anyhow::Result<Vec<OriginalUser>>;

    /// Up to `limit` rows of `chat_rooms` whose ids come after `after`.
    async fn rooms(&self, after: i64, limit: u32) -> anyhow::Result<Vec<OriginalRoom>>;

    /// Up to `limit` rows of `messages` whose ids come after `after`.
    async fn messages(&self, after: i64, limit: u32) -> anyhow::Result<Vec<OriginalMessage>>;
}

/// Where the original's database is: on SQL Server, as `mssql://user:password@host:1433/database`, or a file of SQLite's,
/// by its path or as `sqlite:///path`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum OriginalUrl {
    /// A SQLite copy.
    Sqlite(PathBuf),
    /// The database itself.
    Mssql(MssqlUrl),
}

impl FromStr for OriginalUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once("://") {
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(PathBuf::from(path))),
            None if !text.is_empty() => Ok(Self::Sqlite(PathBuf::from(text))),
            Some(("mssql" | "sqlserver", _)) => text.parse().map(Self::Mssql),
            _ => Err("expected a file of SQLite's, or mssql://user:password@host:1433/database".to_owned()),
        }
    }
}

/// What may be printed of it: never a password.
impl fmt::Display for OriginalUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "{}", path.display()),
            Self::Mssql(url) => write!(f, "{url}"),
        }
    }
}

impl fmt::Debug for OriginalUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Opens the original's database.
pub(super) async fn open(url: &OriginalUrl) -> anyhow::Result<Box<dyn Original>> {
    let original: Box<dyn Original> = match url {
        OriginalUrl::Sqlite(path) => Box::new(sqlite::SqliteOriginal::open(path)?),
        OriginalUrl::Mssql(url) => Box::new(mssql::MssqlOriginal::open(url).await?),
    };
    original.count_messages().await.with_context(|| format!("{url} is not the original's database"))?;
    Ok(original)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_by_its_path_or_as_a_url() {
        let file = |path: &str| Ok(OriginalUrl::Sqlite(PathBuf::from(path)));
        assert_eq!("old.db".parse(), file("old.db"));
        assert_eq!("sqlite:///srv/old.db".parse(), file("/srv/old.db"));
        assert!("".parse::<OriginalUrl>().is_err());
        let server: OriginalUrl = "mssql://sa:hidden@db/ChatAppDB".parse().expect("a URL");
        assert_eq!(format!("{server} {server:?}"), "mssql://db:1433/ChatAppDB mssql://db:1433/ChatAppDB");
        assert!("mysql://x".parse::<OriginalUrl>().is_err());
    }
}
