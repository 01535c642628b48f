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

use chatapp_telemetry::trace;

pub use config::{Database, DatabaseConfig, DatabaseUrl};
pub use error::DbError;
pub use migrations::{Applied, MigrationError, SCHEMAS};
pub use mssql::{Mssql, MssqlUrl};
pub use sqlite::{Sqlite, WriteTx};

/// The span of an operation on a database, as part of a trace: from the wait for a place to the commit. Nothing unless the
/// present one is recorded; what goes on in the background is part of none. [`Sqlite`] and [`Mssql`] have one for each of
/// theirs; whoever gathers several into one makes one for each himself.
pub fn operation(system: &'static str, name: &'static str) -> tracing::Span {
    if trace::current_recorded().is_none() {
        return tracing::Span::none();
    }
    tracing::info_span!(
        target: trace::TARGET,
        "operation",
        otel.kind = "client",
        otel.name = name,
        db.system.name = system,
        db.operation.name = name,
    )
}
