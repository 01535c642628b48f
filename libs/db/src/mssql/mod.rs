//! Microsoft SQL Server: a pool of connections, and operations that are safe to cancel.
//!
//! Each operation runs in a task of its own, with a connection of its own, and runs to its end whether or not its caller
//! still waits. An operation that fails, or takes too long, gives its connection up: it is closed, and the server rolls
//! back what it was doing. So no transaction, lock or half-read answer is ever handed to the next one.
//!
//! | | transaction | for |
//! |---|---|---|
//! | [`Mssql::write`] | one, READ COMMITTED | decide under a lock and write |
//! | [`Mssql::read`] | one, SNAPSHOT: all statements see the same commit | pages |
//! | [`Mssql::run`] | none but what its batches hold | few round trips |

mod config;
mod error;
mod noted;
mod pool;
pub(crate) mod provision;
mod row;
mod session;
mod statement;
#[cfg(test)]
mod tests;

use std::hash::{BuildHasher as _, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chatapp_metrics::{DB, DbOperation, DbSystem};

use tracing::Instrument as _;

use crate::DbError;
use noted::Noted;
use pool::Pool;
use session::Kind;

pub use config::{MssqlOptions, MssqlTls, MssqlUrl};
pub use provision::{ServiceLogin, check_password};
pub use row::Row;
pub use session::Session;
pub use statement::{Param, Sql};

/// What OpenTelemetry calls this database.
pub const SYSTEM: &str = "microsoft.sql_server";
/// How often an operation is tried that lost a deadlock, or met a connection that had died at rest.
const TRIES: u32 = 8;
/// The longest pause before the second try; each further one may be twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(8);

/// What an operation does on its connection. It may be called more than once, when the first try came to nothing.
pub type Work<'a, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'a>>;

/// An open database on SQL Server. Cloning shares its connections.
#[derive(Clone)]
pub struct Mssql {
    inner: Arc<Inner>,
}

struct Inner {
    url: MssqlUrl,
    options: MssqlOptions,
    pool: Pool,
    /// One connection, for what may not wait behind pages.
    apart: Pool,
}

#[derive(Clone, Copy)]
enum Mode {
    Write,
    Read,
    Plain,
}

impl Mode {
    const fn name(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Read => "read",
            Self::Plain => "batch",
        }
    }

    const fn operation(self) -> DbOperation {
        match self {
            Self::Write => DbOperation::Write,
            Self::Read => DbOperation::Read,
            Self::Plain => DbOperation::Batch,
        }
    }

    const fn begin(self) -> Option<&'static str> {
        match self {
            Self::Write => Some("BEGIN TRANSACTION"),
            Self::Read => Some("SET TRANSACTION ISOLATION LEVEL SNAPSHOT; BEGIN TRANSACTION"),
            Self::Plain => None,
        }
    }

    const fn commit(self) -> Option<&'static str> {
        match self {
            Self::Write => Some("COMMIT"),
            Self::Read => Some("COMMIT; SET TRANSACTION ISOLATION LEVEL READ COMMITTED"),
            Self::Plain => None,
        }
    }

    /// A statement that failed has ended the transaction by itself.
    const fn roll_back(self) -> Option<&'static str> {
        match self {
            Self::Write => Some("IF @@TRANCOUNT > 0 ROLLBACK"),
            Self::Read => Some("IF @@TRANCOUNT > 0 ROLLBACK; SET TRANSACTION ISOLATION LEVEL READ COMMITTED"),
            Self::Plain => None,
        }
    }
}

impl Mssql {
    /// Connects, so that a wrong setting is told at once.
    pub async fn open(url: &MssqlUrl, options: MssqlOptions) -> Result<Self, DbError> {
        let db = Self::unconnected(url, options);
        db.inner.apart.try_connect().await?;
        match url.tls {
            MssqlTls::Verify => {}
            MssqlTls::Trust => tracing::warn!(db.url = %url, "the database server's certificate is not checked"),
            MssqlTls::Off => tracing::warn!(db.url = %url, "the database is spoken to in clear, the password too"),
        }
        Ok(db)
    }

    fn unconnected(url: &MssqlUrl, options: MssqlOptions) -> Self {
        let pool = Pool::new("main", url, options, options.connections.max(1), options.idle_connections);
        let apart = Pool::new("apart", url, options, 1, 0);
        Self { inner: Arc::new(Inner { url: url.clone(), options, pool, apart }) }
    }

    /// Where it is.
    pub fn url(&self) -> &MssqlUrl {
        &self.inner.url
    }

    /// Runs `work` in a transaction and returns after the commit. An error of `work` rolls it back.
    ///
    /// `work` is called again when it lost a deadlock, or its connection had died at rest, up to 8 times in all; it must do
    /// nothing but work on the session. Not undone by dropping the future: once begun, it runs to its end.
    /// [`DbError::OutcomeUnknown`] when the connection was lost while committing.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'a> Fn(&'a mut Session) -> Work<'a, T, E> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        self.detached(Mode::Write, false, work).await
    }

    /// Runs `work` in a transaction that sees one commit, whatever is committed meanwhile. It must not write.
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'a> Fn(&'a mut Session) -> Work<'a, T, E> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        self.detached(Mode::Read, false, work).await
    }

    /// Runs `work` on a connection, without a transaction around it: each of its batches begins and commits its own
    /// ([`Session::commit_batch`]). Application locks that it takes for the session it must give back.
    pub async fn run<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'a> Fn(&'a mut Session) -> Work<'a, T, E> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        self.detached(Mode::Plain, false, work).await
    }

    /// The answer to one batch of SELECTs that see one commit: a page in one round trip.
    pub async fn snapshot(&self, sql: Sql) -> Result<Vec<Vec<Row>>, DbError> {
        let mut batch = Sql::new("SET TRANSACTION ISOLATION LEVEL SNAPSHOT; BEGIN TRANSACTION; ");
        batch.append(sql).push("; COMMIT; SET TRANSACTION ISOLATION LEVEL READ COMMITTED");
        self.run(move |session| {
            let batch = batch.clone();
            Box::pin(async move { session.query_sets(batch).await })
        })
        .await
    }

    /// The answer to one short SELECT, on the one connection that serves no pages: for what must be fresh however busy the
    /// others are.
    pub async fn query_apart(&self, sql: Sql) -> Result<Vec<Row>, DbError> {
        self.detached(Mode::Plain, true, move |session| {
            let sql = sql.clone();
            Box::pin(async move { session.query(sql).await })
        })
        .await
    }

    /// In a task of its own: a caller that goes away does not leave a query running on a connection of the pool.
    async fn detached<T, E, F>(&self, mode: Mode, apart: bool, work: F) -> Result<T, E>
    where
        F: for<'a> Fn(&'a mut Session) -> Work<'a, T, E> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let (inner, noted, begun) = (Arc::clone(&self.inner), Arc::<Noted>::default(), Instant::now());
        let (noting, span) = (Arc::clone(&noted), crate::operation(SYSTEM, mode.name()));
        let task = tokio::spawn(async move { inner.try_often(mode, apart, &noting, work).await }.instrument(span));
        let result = task.await.unwrap_or_else(|error| {
            let text = if error.is_panic() { "an operation panicked" } else { "the process is ending" };
            let error = DbError::OutcomeUnknown(text.to_owned());
            noted.saw(&error);
            Err(error.into())
        });
        DB.operated(DbSystem::Mssql, mode.operation(), noted.failure(&result), begun.elapsed());
        result
    }
}

/// How one try ended.
enum Tried<T, E> {
    Done(Result<T, E>),
    Again(E),
}

impl Inner {
    async fn try_often<T, E, F>(&self, mode: Mode, apart: bool, noted: &Arc<Noted>, work: F) -> Result<T, E>
    where
        F: for<'a> Fn(&'a mut Session) -> Work<'a, T, E> + Send + Sync,
        E: From<DbError>,
    {
        let pool = if apart { &self.apart } else { &self.pool };
        let mut pause = FIRST_PAUSE;
        for _ in 1..TRIES {
            match self.try_once(mode, pool, noted, &work).await {
                Tried::Done(result) => return result,
                Tried::Again(_) => tokio::time::sleep(part_of(pause)).await,
            }
            pause *= 2;
        }
        match self.try_once(mode, pool, noted, &work).await {
            Tried::Done(result) => result,
            Tried::Again(error) => Err(error),
        }
    }

    async fn try_once<T, E, F>(&self, mode: Mode, pool: &Pool, noted: &Arc<Noted>, work: &F) -> Tried<T, E>
    where
        F: for<'a> Fn(&'a mut Session) -> Work<'a, T, E> + Send + Sync,
        E: From<DbError>,
    {
        let connection = match pool.get().await {
            Ok(connection) => connection,
            Err(error) => {
                noted.saw(&error);
                return Tried::Done(Err(error.into()));
            }
        };
        let committing = Arc::new(AtomicBool::new(false));
        let session = Session::new(connection, mode.begin().is_some(), Arc::clone(&committing), Arc::clone(noted));
        let limit = self.options.operation_limit;
        let attempt = attempt(mode, session, work, &committing);
        tokio::time::timeout(limit, attempt).await.unwrap_or_else(|_| {
            // The connection went with the attempt.
            let reason = format!("the database took longer than {limit:?}");
            let unknown = committing.load(Ordering::Acquire);
            let error = if unknown { DbError::OutcomeUnknown(reason) } else { DbError::Unavailable(reason) };
            noted.saw(&error);
            Tried::Done(Err(error.into()))
        })
    }
}

async fn attempt<T, E, F>(mode: Mode, mut session: Session, work: &F, committing: &AtomicBool) -> Tried<T, E>
where
    F: for<'a> Fn(&'a mut Session) -> Work<'a, T, E> + Send + Sync,
    E: From<DbError>,
{
    if let Some(begin) = mode.begin()
        && let Err(error) = session.control(begin).await
    {
        return failed(&session, error.into(), committing);
    }
    let value = match work(&mut session).await {
        Ok(_) if mode.begin().is_some() && session.failure().is_some() => {
            let error = DbError::Internal("a failed statement was passed over, and with it its transaction".to_owned());
            return roll_back(mode, session, error.into(), committing).await;
        }
        Ok(value) => value,
        Err(error) => return roll_back(mode, session, error, committing).await,
    };
    if let Some(commit) = mode.commit() {
        committing.store(true, Ordering::Release);
        if let Err(error) = session.control(commit).await {
            let lost = session.failure() == Some(Kind::Lost);
            let error = if lost { DbError::OutcomeUnknown(error.to_string()) } else { error };
            return Tried::Done(Err(error.into()));
        }
    }
    for hook in session.finish() {
        if catch_unwind(AssertUnwindSafe(hook)).is_err() {
            tracing::error!("a hook after a commit panicked");
        }
    }
    Tried::Done(Ok(value))
}

/// The work refused, or a statement of it failed.
async fn roll_back<T, E: From<DbError>>(
    mode: Mode,
    mut session: Session,
    error: E,
    committing: &AtomicBool,
) -> Tried<T, E> {
    let tried = failed(&session, error, committing);
    let orderly = match mode.roll_back() {
        _ if session.failure() == Some(Kind::Lost) => false,
        // Whatever locks a failed operation without a transaction may hold end with its connection.
        None => session.failure().is_none(),
        Some(roll_back) => session.control(roll_back).await.is_ok(),
    };
    if orderly {
        session.finish();
    }
    tried
}

fn failed<T, E>(session: &Session, error: E, committing: &AtomicBool) -> Tried<T, E> {
    match session.failure() {
        Some(Kind::TryAgain) => Tried::Again(error),
        // Rolled back with the connection, unless it was committing.
        Some(Kind::Lost) if !committing.load(Ordering::Acquire) => Tried::Again(error),
        _ => Tried::Done(Err(error)),
    }
}

/// A random part of `pause`: those that met in a deadlock must not meet again.
fn part_of(pause: Duration) -> Duration {
    let share = RandomState::new().hash_one(0) >> 48;
    pause.mul_f64(f64::from(u32::try_from(share).unwrap_or_default()) / f64::from(u16::MAX))
}
