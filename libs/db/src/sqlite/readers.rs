//! A small pool of read-only connections, opened as they are needed.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chatapp_metrics::{DB, DbSystem, PoolState};
use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::DbError;

/// Reads that may wait for a reader; a further one is refused, since it would be answered too late to be of use.
pub(super) const WAITING_MAX: usize = 512;
/// Steps of SQLite's between two looks at the clock: some tens of microseconds.
const STEPS: std::ffi::c_int = 1_000;

pub(super) struct Readers {
    name: &'static str,
    size: usize,
    path: PathBuf,
    limit: Duration,
    waiting: Semaphore,
    permits: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Readers {
    pub(super) fn new(name: &'static str, path: PathBuf, size: usize, limit: Duration) -> Self {
        let size = size.max(1);
        let (waiting, permits) = (Semaphore::new(WAITING_MAX), Arc::new(Semaphore::new(size)));
        Self { name, size, path, limit, waiting, permits, idle: Arc::default() }
    }

    pub(super) fn state(&self) -> PoolState {
        let free = self.permits.available_permits();
        PoolState {
            used: self.size.saturating_sub(free) as u64,
            idle: self.idle.lock().unwrap_or_else(PoisonError::into_inner).len() as u64,
            max: self.size as u64,
            waiting: WAITING_MAX.saturating_sub(self.waiting.available_permits()) as u64,
        }
    }

    pub(super) async fn run<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let permit = self.permit().await?;
        let idle = Arc::clone(&self.idle);
        let (path, limit) = (self.path.clone(), self.limit);
        let done = tokio::task::spawn_blocking(move || {
            // Held by the blocking task, not by the caller: a caller that goes away frees no reader still at work.
            let _permit = permit;
            let pooled = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let conn = match pooled {
                Some(conn) => conn,
                None => super::open_reader(&path)?,
            };
            let result = snapshot(&conn, limit, work);
            // A connection that could not end its transaction is closed, not given to the next one.
            if conn.is_autocommit() {
                idle.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
            }
            result
        });
        done.await.unwrap_or_else(|e| Err(DbError::Internal(format!("a read did not finish: {e}")).into()))
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, DbError> {
        let unavailable = |reason: &str| DbError::Unavailable(reason.to_owned());
        let _waiting = self.waiting.try_acquire().map_err(|_| {
            DB.timed_out(DbSystem::Sqlite, self.name);
            unavailable("too many reads are waiting")
        })?;
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        permit.map_err(|_| unavailable("the database is closed"))
    }
}

fn snapshot<T, E: From<DbError>>(
    conn: &Connection,
    limit: Duration,
    work: impl FnOnce(&Connection) -> Result<T, E>,
) -> Result<T, E> {
    let begun = Instant::now();
    conn.progress_handler(STEPS, Some(move || begun.elapsed() > limit)).map_err(DbError::from)?;
    conn.execute_batch("BEGIN DEFERRED").map_err(DbError::from)?;
    let result = work(conn);
    // The end of the transaction is not interrupted, or the connection would be lost.
    conn.progress_handler(0, None::<fn() -> bool>).map_err(DbError::from)?;
    let ended = conn.execute_batch("COMMIT");
    let value = result?;
    ended.map_err(DbError::from)?;
    Ok(value)
}
