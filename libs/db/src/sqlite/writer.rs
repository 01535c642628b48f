//! The writer thread and its group commit.

use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chatapp_metrics::{DB, PoolState};
use chatapp_telemetry::trace;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};
use tracing::Span;

use super::sync;
use crate::DbError;

/// Writes that share one commit at most.
const GROUP_MAX: usize = 64;
/// How long a group takes in what waits already; it never waits for what might come.
const GROUP_TIME: Duration = Duration::from_millis(3);
/// Writes that may wait; a further caller waits to be queued.
const QUEUE: usize = 1024;

/// What is to be done, within the span of the write that asked for it.
type Hook = (Span, Box<dyn FnOnce() + Send>);

/// The transaction that a write runs in: a connection, and what is to happen once it is committed.
pub struct WriteTx<'a> {
    conn: &'a Connection,
    hooks: Vec<Hook>,
    span: Span,
}

impl WriteTx<'_> {
    /// Runs `hook` once this write is committed, before its caller is answered. Hooks run in the order of the
    /// commits, on the writer's thread: keep them short and never block in them. A write that fails runs none.
    pub fn after_commit(&mut self, hook: impl FnOnce() + Send + 'static) {
        self.hooks.push((self.span.clone(), Box::new(hook)));
    }
}

impl Deref for WriteTx<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.conn
    }
}

/// A queued write, its types erased.
trait Job: Send {
    /// Runs the work in the open savepoint. Says whether to keep what it wrote.
    fn run(&mut self, conn: &Connection, hooks: &mut Vec<Hook>) -> bool;
    /// Answers the caller.
    fn answer(self: Box<Self>, committed: Result<(), CommitFailure>);
}

#[derive(Clone)]
enum CommitFailure {
    /// Nothing was written.
    Refused(String),
    /// It may have been written.
    Unknown(String),
}

impl From<CommitFailure> for DbError {
    fn from(failure: CommitFailure) -> Self {
        match failure {
            CommitFailure::Refused(reason) => Self::Unavailable(reason),
            CommitFailure::Unknown(reason) => Self::OutcomeUnknown(reason),
        }
    }
}

struct TypedJob<T, E, F> {
    work: Option<F>,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
    /// The operation in its caller's trace.
    span: Span,
}

impl<T, E, F> Job for TypedJob<T, E, F>
where
    F: FnOnce(&mut WriteTx<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<DbError> + Send,
{
    fn run(&mut self, conn: &Connection, hooks: &mut Vec<Hook>) -> bool {
        let Some(work) = self.work.take() else { return false };
        let mut tx = WriteTx { conn, hooks: Vec::new(), span: self.span.clone() };
        let _entered = self.span.enter();
        let result = catch_unwind(AssertUnwindSafe(|| work(&mut tx)))
            .unwrap_or_else(|_| Err(DbError::Internal("a write panicked".to_owned()).into()));
        let keep = result.is_ok();
        if keep {
            hooks.append(&mut tx.hooks);
        }
        self.result = Some(result);
        keep
    }

    fn answer(self: Box<Self>, committed: Result<(), CommitFailure>) {
        let result = match (self.result, committed) {
            (Some(Ok(value)), Ok(())) => Ok(value),
            (Some(Err(error)), _) => Err(error),
            (_, Err(failure)) => Err(DbError::from(failure).into()),
            (None, Ok(())) => Err(DbError::Internal("a write did not run".to_owned()).into()),
        };
        // The caller may have gone; the write stands all the same.
        let _ = self.reply.send(result);
    }
}

pub(super) struct Writer {
    queue: mpsc::Sender<Box<dyn Job>>,
    /// Whether a group is being written.
    busy: Arc<AtomicBool>,
}

impl Writer {
    pub(super) fn start(conn: Connection) -> Result<Self, DbError> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let busy = Arc::<AtomicBool>::default();
        let working = Arc::clone(&busy);
        sync::begin_thread("db-writer", move || write_loop(&conn, jobs, &working))
            .map_err(|e| DbError::Unavailable(e.to_string()))?;
        Ok(Self { queue, busy })
    }

    pub(super) fn state(&self) -> PoolState {
        let used = u64::from(self.busy.load(Ordering::Relaxed));
        PoolState { used, idle: 1 - used, max: 1, waiting: (QUEUE - self.queue.capacity()) as u64 }
    }

    pub(super) async fn run<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = TypedJob { work: Some(work), result: None, reply, span: trace::carry() };
        self.queue.send(Box::new(job)).await.map_err(|_| DbError::Unavailable("the database is closed".to_owned()))?;
        answer.await.unwrap_or_else(|_| Err(DbError::OutcomeUnknown("the writer stopped".to_owned()).into()))
    }
}

fn write_loop(conn: &Connection, mut jobs: mpsc::Receiver<Box<dyn Job>>, busy: &AtomicBool) {
    // After a failed fsync what the disk holds is not known; the kernel may even report success the next time. So
    // nothing is acknowledged any more until a restart has read the file anew.
    let mut broken: Option<String> = None;
    while let Some(first) = sync::wait_for_next(&mut jobs) {
        if let Some(reason) = &broken {
            first.answer(Err(CommitFailure::Refused(reason.clone())));
            continue;
        }
        busy.store(true, Ordering::Relaxed);
        let ran = run_group(conn, first, &mut jobs);
        busy.store(false, Ordering::Relaxed);
        if let Err(reason) = ran {
            tracing::error!(error = reason, "writing to disk failed, refusing writes until a restart");
            broken = Some(format!("writes stopped after a disk error, restart to recover: {reason}"));
        }
    }
    let _ = conn.execute_batch("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE);");
}

/// Runs and commits one group. An error means that the disk can no longer be trusted.
fn run_group(conn: &Connection, first: Box<dyn Job>, jobs: &mut mpsc::Receiver<Box<dyn Job>>) -> Result<(), String> {
    if let Err(e) = conn.execute_batch("BEGIN IMMEDIATE") {
        first.answer(Err(CommitFailure::Refused(e.to_string())));
        return Ok(());
    }
    let started = Instant::now();
    let mut done: Vec<Box<dyn Job>> = Vec::new();
    let mut hooks: Vec<Hook> = Vec::new();
    let mut next = Some(first);
    while let Some(mut job) = next.take() {
        if let Err(e) = run_in_savepoint(conn, job.as_mut(), &mut hooks) {
            // The transaction itself is gone (disk full, out of memory): none of the group is written.
            done.push(job);
            let _ = conn.execute_batch("ROLLBACK");
            answer_all(done, &Err(CommitFailure::Refused(e.to_string())));
            return Ok(());
        }
        done.push(job);
        if done.len() < GROUP_MAX && started.elapsed() < GROUP_TIME {
            next = jobs.try_recv().ok();
        }
    }
    commit(conn, done, hooks)
}

fn run_in_savepoint(conn: &Connection, job: &mut dyn Job, hooks: &mut Vec<Hook>) -> rusqlite::Result<()> {
    conn.prepare_cached("SAVEPOINT job")?.execute([])?;
    if !job.run(conn, hooks) {
        conn.prepare_cached("ROLLBACK TO job")?.execute([])?;
    }
    conn.prepare_cached("RELEASE job")?.execute([])?;
    Ok(())
}

fn commit(conn: &Connection, done: Vec<Box<dyn Job>>, hooks: Vec<Hook>) -> Result<(), String> {
    #[expect(clippy::cast_precision_loss, reason = "a group is small")]
    DB.batches.observe(done.len() as f64);
    let Err(error) = conn.execute_batch("COMMIT") else {
        for (span, hook) in hooks {
            if catch_unwind(AssertUnwindSafe(|| span.in_scope(hook))).is_err() {
                tracing::error!("a hook after a commit panicked");
            }
        }
        answer_all(done, &Ok(()));
        return Ok(());
    };
    let _ = conn.execute_batch("ROLLBACK");
    if error.sqlite_error_code() == Some(rusqlite::ErrorCode::SystemIoFailure) {
        answer_all(done, &Err(CommitFailure::Unknown(error.to_string())));
        return Err(error.to_string());
    }
    answer_all(done, &Err(CommitFailure::Refused(error.to_string())));
    Ok(())
}

fn answer_all(done: Vec<Box<dyn Job>>, outcome: &Result<(), CommitFailure>) {
    for job in done {
        job.answer(outcome.clone());
    }
}
