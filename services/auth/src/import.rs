//! Accounts that come from the original: what exists here, and what is put beside it.
//!
//! The names they get are decided by whoever imports, since that has to be told to people too. While accounts are
//! imported nobody else may make any.

use std::sync::Arc;

use async_trait::async_trait;
use chatapp_db::{Database, DbError};
use chatapp_types::{Timestamp, UserId};

use crate::announce;
pub use crate::app::hashing::{is_importable, unknown_password};
use crate::store::StoreResult;
use crate::store::mssql::MssqlAuthStore;
use crate::store::sqlite::SqliteAuthStore;

/// An account that is here, deleted or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownAccount {
    /// Its id.
    pub id: UserId,
    /// Its name; `None` once it was deleted.
    pub username: Option<String>,
    /// What names are alike by; `None` where two imported ones are.
    pub skeleton: Option<String>,
}

/// An account to be made as it was elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedAccount {
    /// Its id.
    pub id: UserId,
    /// Its name, as nobody else has it.
    pub username: String,
    /// What it looks like, if no other account does.
    pub skeleton: Option<String>,
    /// The hash of its password: bcrypt or argon2id.
    pub password_hash: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether nobody may log in to it.
    pub disabled: bool,
}

/// What importing needs of the database.
#[async_trait]
pub trait AccountImport: Send + Sync {
    /// Up to `limit` accounts whose ids come after `after`, in the order of ids, deleted ones included.
    async fn known_accounts(&self, after: Option<UserId>, limit: u32) -> StoreResult<Vec<KnownAccount>>;

    /// Makes all of these accounts or none. Fails with a conflict when an id, a name or a skeleton is in use.
    async fn import_accounts(&self, accounts: Vec<ImportedAccount>) -> StoreResult<()>;
}

/// The importer for that database, which must have been migrated.
pub fn open(db: &Database) -> Result<Arc<dyn AccountImport>, DbError> {
    match db {
        Database::Sqlite(db) => Ok(Arc::new(SqliteAuthStore::new(db.clone(), announce::nobody()))),
        Database::Mssql(db) => Ok(Arc::new(MssqlAuthStore::new(db.clone(), announce::nobody()))),
        _ => Err(DbError::Unavailable("accounts cannot be imported into this kind of database".to_owned())),
    }
}
