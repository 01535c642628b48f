//! The database: operations, commits, and what waits for a connection.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Unit;

use crate::label::{Label, Pair, label};
use crate::probe::{LookedUp, Probe};
use crate::registry::{Owner, register, registered};

/// The database of this process.
pub static DB: LazyLock<Db> = LazyLock::new(Db::registered);

/// Upper bounds of the buckets of operations, in seconds: a read of a page takes a tenth of a millisecond.
const OPERATION_BOUNDS: [f64; 15] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];
/// Upper bounds of the buckets of group commits.
pub const BATCH_BOUNDS: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

label! {
    /// Which database.
    pub enum DbSystem("db_system_name") {
        /// SQLite.
        Sqlite = "sqlite",
        /// SQL Server.
        Mssql = "microsoft.sql_server",
    }
}

label! {
    /// What a store does.
    pub enum DbOperation("db_operation_name") {
        /// A transaction that sees one commit.
        Read = "read",
        /// A transaction that writes.
        Write = "write",
        /// Round trips that hold their own transactions.
        Batch = "batch",
    }
}

label! {
    /// How an operation failed.
    pub enum DbFailure("error_type") {
        /// A constraint objected.
        Conflict = "conflict",
        /// The database was away, full, locked, or took too long.
        Unavailable = "unavailable",
        /// It failed while committing.
        OutcomeUnknown = "outcome_unknown",
        /// A bug of ours, or a damaged database.
        Internal = "internal",
    }
}

/// What there is of one pool of connections at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolState {
    /// Connections at work.
    pub used: u64,
    /// Connections at rest.
    pub idle: u64,
    /// Connections at most.
    pub max: u64,
    /// Callers that wait for one.
    pub waiting: u64,
}

type Operation = [Pair; 3];
type Pools = Arc<Probe<(DbSystem, &'static str, PoolState)>>;

/// What is counted of the database.
#[derive(Debug)]
pub struct Db {
    operations: Family<Operation, Histogram, fn() -> Histogram>,
    /// Writes that shared a commit.
    pub batches: Histogram,
    timeouts: Family<[Pair; 2], Counter>,
    pools: Pools,
}

impl Db {
    fn registered() -> Self {
        let pools = Pools::default();
        register_pools(&pools);
        let operations: Family<Operation, Histogram, fn() -> Histogram> =
            Family::new_with_constructor(|| Histogram::new(OPERATION_BOUNDS));
        Self {
            operations: registered(
                Owner::Process,
                "db_client_operation_duration",
                "Operations of stores, from the call to the answer, waiting included",
                Some(Unit::Seconds),
                operations,
            ),
            batches: registered(
                Owner::Process,
                "chatapp_db_commit_batch_size",
                "Writes that shared one commit",
                None,
                Histogram::new(BATCH_BOUNDS),
            ),
            timeouts: registered(
                Owner::Process,
                "db_client_connection_timeouts",
                "Callers that waited for a connection in vain, or were refused because too many waited",
                None,
                Family::default(),
            ),
            pools,
        }
    }

    /// Registers them, if nothing has done so yet.
    pub fn announce(&self) {}

    /// Counts an operation that has ended; `failure` is how, unless it did what it was to do (a refusal by the rules is
    /// no failure).
    pub fn operated(&self, system: DbSystem, operation: DbOperation, failure: Option<DbFailure>, took: Duration) {
        let labels = [
            (DbSystem::NAME, system.word()),
            (DbOperation::NAME, operation.word()),
            (DbFailure::NAME, failure.map_or("", Label::word)),
        ];
        self.operations.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// Has a pool looked at, at each scrape, until `look` gives nothing.
    pub fn watch_pool(
        &self,
        system: DbSystem,
        pool: &'static str,
        look: impl Fn() -> Option<PoolState> + Send + Sync + 'static,
    ) {
        let _ = self.timeouts.get_or_create(&pool_labels(system, pool));
        self.pools.watch(move || look().map(|state| (system, pool, state)));
    }

    /// Counts a caller that got no connection.
    pub fn timed_out(&self, system: DbSystem, pool: &'static str) {
        self.timeouts.get_or_create(&pool_labels(system, pool)).inc();
    }
}

fn pool_labels(system: DbSystem, pool: &'static str) -> [Pair; 2] {
    [(DbSystem::NAME, system.word()), ("pool", pool)]
}

fn register_pools(pools: &Pools) {
    let of = Arc::clone(pools);
    let counts = LookedUp::gauges(move || {
        let states = states(&of).into_iter();
        states
            .flat_map(|([system, pool], state)| {
                let series = |word, count| ([system, pool, ("state", word)], count_of(count));
                [series("used", state.used), series("idle", state.idle)]
            })
            .collect()
    });
    register(Owner::Process, "db_client_connection_count", "Connections, by whether they work or rest", None, counts);
    let each = |field: fn(&PoolState) -> u64| {
        let of = Arc::clone(pools);
        LookedUp::gauges(move || {
            states(&of).into_iter().map(|(labels, state)| (labels, count_of(field(&state)))).collect()
        })
    };
    let max = each(|state| state.max);
    register(Owner::Process, "db_client_connection_max", "Connections at most", None, max);
    let waiting = each(|state| state.waiting);
    let help = "Callers that wait for a connection";
    register(Owner::Process, "db_client_connection_pending_requests", help, None, waiting);
}

/// What the pools say; those of one name are added up.
fn states(pools: &Probe<(DbSystem, &'static str, PoolState)>) -> BTreeMap<[Pair; 2], PoolState> {
    let mut all: BTreeMap<[Pair; 2], PoolState> = BTreeMap::new();
    for (system, pool, state) in pools.values() {
        let sum = all.entry(pool_labels(system, pool)).or_default();
        sum.used += state.used;
        sum.idle += state.idle;
        sum.max += state.max;
        sum.waiting += state.waiting;
    }
    all
}

#[expect(clippy::cast_precision_loss, reason = "no pool has 2^52 connections")]
fn count_of(count: u64) -> f64 {
    count as f64
}
