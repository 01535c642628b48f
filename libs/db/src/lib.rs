//! Database plumbing, and nothing of any domain: connections, transactions, error mapping, migrations.
//!
//! Stores are written against one backend each ([`Sqlite`], [`Mssql`]) and chosen at start from [`Database`]; no code
//! outside a store and this crate knows which one is in use.

mod config;
mod error;
mod failure;
mod migrations;
pub mod mssql;
pub mod sqlite;
pub mod views;

pub use config::{Database, DatabaseConfig, DatabaseUrl};
pub use error::DbError;
pub use migrations::{Applied, MigrationError, SCHEMAS};
pub use mssql::{Mssql, MssqlUrl};
pub use sqlite::{Sqlite, WriteTx};
