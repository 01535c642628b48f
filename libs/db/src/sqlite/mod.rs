//! SQLite: one writer thread with group commit, a small pool of readers.
//!
//! All writes of a process go through one thread. What waits when it is free goes into one transaction, each write
//! in a savepoint of its own, so that a refused write harms no other; one `fsync` then serves them all. A lone writer
//! waits for nobody. Several processes may share one file on one host: the transaction is taken with `BEGIN
//! IMMEDIATE`, and SQLite's file lock orders the processes.

mod readers;
mod sync;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use chatapp_metrics::{DB, DbOperation, DbSystem, PoolState};
use rusqlite::{Connection, OpenFlags};
use tracing::{Instrument as _, Span};

use crate::DbError;
use crate::failure::{measured, noting};
use readers::Readers;
use writer::Writer;

pub use crate::migrations::check_schema;
pub use writer::WriteTx;

/// How long a process waits for another one that holds the file.
const BUSY_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5);
/// Prepared statements kept by each connection.
const STATEMENTS: usize = 128;

/// Settings of SQLite.
#[derive(Clone, Copy, Debug)]
pub struct SqliteOptions {
    /// Readers that may work at once.
    pub readers: usize,
    /// How long a read may work; one that takes longer ends with [`DbError::Unavailable`].
    pub read_limit: std::time::Duration,
}

/// An open SQLite database. Cloning shares the writer and the readers; the writer ends with the last clone.
#[derive(Clone)]
pub struct Sqlite {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    writer: Writer,
    readers: Readers,
    /// One reader, for what may not wait behind pages.
    apart: Readers,
}

impl Sqlite {
    /// Opens (or makes, with mode 0600) the file, in WAL mode with `synchronous=FULL`: what is acknowledged survives
    /// a loss of power.
    pub async fn open(path: &Path, options: SqliteOptions) -> Result<Self, DbError> {
        let path = path.to_owned();
        let for_open = path.clone();
        let connection = tokio::task::spawn_blocking(move || open_writer(&for_open))
            .await
            .map_err(|e| DbError::Internal(e.to_string()))??;
        let readers = |name, size| Readers::new(name, path.clone(), size, options.read_limit);
        let (apart, readers) = (readers("apart", 1), readers("readers", options.readers));
        let this = Self { inner: Arc::new(Inner { writer: Writer::start(connection)?, readers, apart, path }) };
        this.watch("writer", |inner| inner.writer.state());
        this.watch("readers", |inner| inner.readers.state());
        this.watch("apart", |inner| inner.apart.state());
        Ok(this)
    }

    fn watch(&self, pool: &'static str, state: fn(&Inner) -> PoolState) {
        let inner = Arc::downgrade(&self.inner);
        DB.watch_pool(DbSystem::Sqlite, pool, move || inner.upgrade().map(|inner| state(&inner)));
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Runs `work` in the writer's group transaction and returns after the commit.
    ///
    /// `work` sees everything written before it. An error of `work` undoes what `work` wrote, and nothing else. Not
    /// undone by dropping the future: once queued, `work` runs to its end, and so does its commit.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let begun = Instant::now();
        let written = self.inner.writer.run(move |tx: &mut WriteTx<'_>| noting(|| work(tx)));
        measured(DbOperation::Write, begun, written.instrument(operation("write")).await)
    }

    /// Runs `work` on a reader, in one snapshot: all its statements see the same commit.
    ///
    /// [`DbError::Unavailable`] when it works for longer than the limit, and at once when too many wait already.
    /// Dropping the future does not interrupt `work`; its result is thrown away.
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let begun = Instant::now();
        let read = self.inner.readers.run(move |conn: &Connection| noting(|| work(conn)));
        measured(DbOperation::Read, begun, read.instrument(operation("read")).await)
    }

    /// [`read`](Self::read) on the one reader that serves no pages: for short reads that must be fresh however busy
    /// the others are.
    pub async fn read_apart<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let begun = Instant::now();
        let read = self.inner.apart.run(move |conn: &Connection| noting(|| work(conn)));
        measured(DbOperation::Read, begun, read.instrument(operation("read")).await)
    }
}

/// The span of an operation: it waits, works and, for a write, is committed.
fn operation(name: &'static str) -> Span {
    crate::operation("sqlite", name)
}

fn open_writer(path: &Path) -> Result<Connection, DbError> {
    create_private(path)?;
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    let mode: String = conn.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(DbError::Unavailable(format!(
            "{} cannot use a write-ahead log (is it on a network file system?)",
            path.display()
        )));
    }
    // What is deleted is overwritten: an erased text does not stay in the file.
    conn.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA secure_delete = ON;",
    )?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(conn)
}

/// Makes the file readable by its owner alone, before SQLite would make it by the umask; SQLite gives its log and
/// shared memory the same mode.
fn create_private(path: &Path) -> Result<(), DbError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(|_| ()).map_err(|e| DbError::Unavailable(format!("{}: {e}", path.display())))
}

fn open_reader(path: &Path) -> Result<Connection, DbError> {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    conn.execute_batch("PRAGMA query_only = ON; PRAGMA temp_store = MEMORY;")?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(conn)
}

#[cfg(test)]
mod schedules;
#[cfg(test)]
mod tests;
