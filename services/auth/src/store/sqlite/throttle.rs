//! Counters of tries.

use async_trait::async_trait;
use chatapp_db::WriteTx;
use chatapp_types::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::SqliteAuthStore;
use crate::app::throttle::Counter;
use crate::store::{Hash, StoreResult, ThrottleStore, Try};

#[async_trait]
impl ThrottleStore for SqliteAuthStore {
    async fn admit(&self, tries: Vec<Try>, now: Timestamp) -> StoreResult<Result<(), i64>> {
        self.write(move |tx| {
            let mut counters = Vec::with_capacity(tries.len());
            for attempt in &tries {
                counters.push(counter(tx, attempt.subject, now)?);
            }
            if let Some(wait) = counters.iter().filter_map(|counter| counter.wait_ms(now)).max() {
                return Ok(Err(wait));
            }
            for (attempt, counter) in tries.iter().zip(counters).filter(|(attempt, _)| attempt.counted) {
                put(tx, attempt, counter.failed(attempt.policy, now))?;
            }
            Ok(Ok(()))
        })
        .await
    }

    async fn count_failures(&self, tries: Vec<Try>, now: Timestamp) -> StoreResult<()> {
        self.write(move |tx| {
            for attempt in &tries {
                let counter = counter(tx, attempt.subject, now)?;
                put(tx, attempt, counter.failed(attempt.policy, now))?;
            }
            Ok(())
        })
        .await
    }

    async fn take_back(&self, taken: Try, now: Timestamp) -> StoreResult<()> {
        self.write(move |tx| {
            let counter = counter(tx, taken.subject, now)?;
            put(tx, &taken, counter.taken_back(now))
        })
        .await
    }

    async fn forget(&self, subject: Hash) -> StoreResult<()> {
        self.write(move |tx| {
            tx.prepare_cached("DELETE FROM auth_throttle WHERE subject = ?1")?.execute([subject])?;
            Ok(())
        })
        .await
    }
}

fn counter(conn: &Connection, subject: Hash, now: Timestamp) -> StoreResult<Counter> {
    let found = conn
        .prepare_cached("SELECT failures, counted_from, blocked_until FROM auth_throttle WHERE subject = ?1")?
        .query_row([subject], |row| {
            Ok(Counter {
                failures: row.get(0)?,
                counted_from: Timestamp::from_millis(row.get(1)?),
                blocked_until: Timestamp::from_millis(row.get(2)?),
            })
        })
        .optional()?;
    Ok(found.unwrap_or(Counter::blank(now)))
}

fn put(tx: &WriteTx<'_>, attempt: &Try, counter: Counter) -> StoreResult<()> {
    tx.prepare_cached(
        "INSERT INTO auth_throttle (subject, failures, counted_from, blocked_until, forgotten_at)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (subject) DO UPDATE SET failures = excluded.failures, counted_from = excluded.counted_from,
             blocked_until = excluded.blocked_until, forgotten_at = excluded.forgotten_at",
    )?
    .execute(params![
        attempt.subject,
        counter.failures,
        counter.counted_from.millis(),
        counter.blocked_until.millis(),
        counter.forgotten_at(attempt.policy).millis(),
    ])?;
    Ok(())
}
