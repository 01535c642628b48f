//! A small pool of read-only connections, opened as they are needed.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use crate::DbError;

pub(super) struct Readers {
    path: PathBuf,
    permits: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Readers {
    pub(super) fn new(path: PathBuf, size: usize) -> Self {
        Self { path, permits: Arc::new(Semaphore::new(size.max(1))), idle: Arc::default() }
    }

    pub(super) async fn run<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(|_| DbError::Unavailable("the database is closed".to_owned()))?;
        let idle = Arc::clone(&self.idle);
        let path = self.path.clone();
        let done = tokio::task::spawn_blocking(move || {
            // Held by the blocking task, not by the caller: a caller that goes away frees no reader still at work.
            let _permit = permit;
            let pooled = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let conn = match pooled {
                Some(conn) => conn,
                None => super::open_reader(&path)?,
            };
            let result = snapshot(&conn, work);
            // A connection that could not end its transaction is closed, not given to the next one.
            if conn.is_autocommit() {
                idle.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
            }
            result
        });
        done.await.unwrap_or_else(|e| Err(DbError::Internal(format!("a read did not finish: {e}")).into()))
    }
}

fn snapshot<T, E: From<DbError>>(conn: &Connection, work: impl FnOnce(&Connection) -> Result<T, E>) -> Result<T, E> {
    conn.execute_batch("BEGIN DEFERRED").map_err(DbError::from)?;
    let result = work(conn);
    let ended = conn.execute_batch("COMMIT");
    let value = result?;
    ended.map_err(DbError::from)?;
    Ok(value)
}
