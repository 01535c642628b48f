//! Connections, kept and checked.
//!
//! The driver's pool takes back every connection, whatever state it is in, and the driver leaves a query that was
//! dropped half-way running on the server. So a connection is marked while it works, and one that comes back with the
//! mark is closed; the server then rolls back what it was doing.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chatapp_metrics::{DB, DbSystem, PoolState};

use super::config::{MssqlOptions, MssqlUrl};
use super::error::{Failure, refused, untrusted};
use crate::DbError;
use bb8_tiberius::rt::Client;

/// A connection that has rested for longer is asked for a sign of life before it is used.
const TRUSTED_FOR: Duration = Duration::from_secs(1);
/// Unused connections above the number to keep are closed after this.
const CLOSED_AFTER: Duration = Duration::from_mins(1);

/// What every connection is set to. A statement that fails ends its whole transaction; a wait for a lock ends before the
/// operation's own limit does. The rest is what filtered indexes need.
const SETTINGS: &str = "SET XACT_ABORT ON; SET LOCK_TIMEOUT 5000; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
SET ANSI_NULLS, ANSI_PADDING, ANSI_WARNINGS, ARITHABORT, CONCAT_NULL_YIELDS_NULL, QUOTED_IDENTIFIER ON;
SET NUMERIC_ROUNDABORT OFF";

pub(super) struct Connection {
    pub(super) client: Client,
    /// Set while an operation works; what comes back with it is not used again.
    pub(super) dirty: bool,
    used: Instant,
}

impl Connection {
    /// The operation has ended in order.
    pub(super) fn rest(&mut self) {
        self.dirty = false;
        self.used = Instant::now();
    }
}

pub(super) struct Manager {
    inner: bb8_tiberius::ConnectionManager,
    limit: Duration,
}

impl bb8::ManageConnection for Manager {
    type Connection = Connection;
    type Error = DbError;

    async fn connect(&self) -> Result<Connection, DbError> {
        let connected = tokio::time::timeout(self.limit, self.inner.connect()).await;
        let client = connected
            .map_err(|_| DbError::Unavailable(format!("no connection within {:?}", self.limit)))?
            .map_err(|error| connect_error(&error))?;
        let mut connection = Connection { client, dirty: false, used: Instant::now() };
        run(&mut connection.client, SETTINGS).await?;
        Ok(connection)
    }

    async fn is_valid(&self, connection: &mut Connection) -> Result<(), DbError> {
        if connection.used.elapsed() < TRUSTED_FOR {
            return Ok(());
        }
        let alive = run(&mut connection.client, "IF @@TRANCOUNT > 0 ROLLBACK; SELECT 1");
        let limit = || DbError::Unavailable("a connection that rested is dead".to_owned());
        tokio::time::timeout(self.limit, alive).await.map_err(|_| limit())??;
        connection.used = Instant::now();
        Ok(())
    }

    fn has_broken(&self, connection: &mut Connection) -> bool {
        connection.dirty
    }
}

/// Runs a batch without parameters, and reads its answer to the end.
pub(super) async fn run(client: &mut Client, batch: &str) -> Result<(), Failure> {
    let answer = async { client.simple_query(batch).await?.into_results().await };
    answer.await.map(drop).map_err(|error| Failure::of(&error))
}

fn connect_error(error: &bb8_tiberius::Error) -> DbError {
    match error {
        bb8_tiberius::Error::Tiberius(error) if error.to_string().contains("certificate") => {
            DbError::Unavailable(untrusted(&error.to_string()))
        }
        bb8_tiberius::Error::Tiberius(error) if error.code().is_some() => DbError::Unavailable(refused(error)),
        bb8_tiberius::Error::Tiberius(error) => match Failure::of(error) {
            Failure::Final(error) | Failure::TryAgain(error) => DbError::Unavailable(error.to_string()),
            Failure::Lost(reason) => DbError::Unavailable(reason),
        },
        bb8_tiberius::Error::Io(error) => DbError::Unavailable(format!("cannot connect: {error}")),
    }
}

/// Why the last attempt to connect failed: whoever waits in vain for a connection is told.
#[derive(Clone, Debug, Default)]
struct LastError(Arc<Mutex<Option<String>>>);

impl bb8::ErrorSink<DbError> for LastError {
    fn sink(&self, error: DbError) {
        tracing::debug!(error = %error, "cannot connect to the database");
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
    }

    fn boxed_clone(&self) -> Box<dyn bb8::ErrorSink<DbError>> {
        Box::new(self.clone())
    }
}

#[derive(Clone)]
pub(super) struct Pool {
    name: &'static str,
    size: u32,
    connections: Arc<bb8::Pool<Manager>>,
    last_error: LastError,
    limit: Duration,
}

impl Pool {
    /// A pool of up to `size` connections of which `idle` are kept open. Does not wait for them.
    pub(super) fn new(name: &'static str, url: &MssqlUrl, options: MssqlOptions, size: u32, idle: u32) -> Self {
        let inner = bb8_tiberius::ConnectionManager::new(url.driver_config());
        let manager = Manager { inner, limit: options.connect_limit };
        let last_error = LastError::default();
        let connections = bb8::Pool::builder()
            .max_size(size)
            .min_idle(idle.min(size))
            .idle_timeout(CLOSED_AFTER)
            .connection_timeout(options.connect_limit)
            .error_sink(Box::new(last_error.clone()))
            .build_unchecked(manager);
        let connections = Arc::new(connections);
        let this = Self { name, size, connections, last_error, limit: options.connect_limit };
        this.watch();
        this
    }

    /// Has it looked at until nobody holds it.
    fn watch(&self) {
        let (size, connections) = (u64::from(self.size), Arc::downgrade(&self.connections));
        DB.watch_pool(DbSystem::Mssql, self.name, move || {
            let state = connections.upgrade()?.state();
            let (all, idle, gets) = (state.connections, state.idle_connections, &state.statistics);
            let ended = gets.get_direct + gets.get_waited + gets.get_timed_out;
            let waiting = gets.get_started.saturating_sub(ended);
            Some(PoolState { used: u64::from(all.saturating_sub(idle)), idle: u64::from(idle), max: size, waiting })
        });
    }

    /// Connects once, outside the pool: whether it can be done, and why not.
    pub(super) async fn try_connect(&self) -> Result<(), DbError> {
        self.connections.dedicated_connection().await.map(drop)
    }

    /// A connection, marked as working.
    pub(super) async fn get(&self) -> Result<bb8::PooledConnection<'static, Manager>, DbError> {
        let mut connection = self.connections.get_owned().await.map_err(|error| match error {
            bb8::RunError::User(error) => error,
            bb8::RunError::TimedOut => self.timed_out(),
        })?;
        connection.dirty = true;
        Ok(connection)
    }

    fn timed_out(&self) -> DbError {
        DB.timed_out(DbSystem::Mssql, self.name);
        let state = self.connections.state();
        let reason = self.last_error.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        match reason.filter(|_| state.connections == 0) {
            Some(reason) => DbError::Unavailable(reason),
            None => {
                DbError::Unavailable(format!("all {} connections were busy for {:?}", state.connections, self.limit))
            }
        }
    }
}
