//! Counters of tries.

use async_trait::async_trait;
use chatapp_db::DbError;
use chatapp_db::mssql::{Row, Session, Sql};
use chatapp_types::Timestamp;

use super::{MssqlAuthStore, number};
use crate::app::throttle::Counter;
use crate::store::{Hash, StoreError, StoreResult, ThrottleStore, Try};

/// How often an operation is begun anew that two began on a subject of which nothing was known.
const TRIES: u32 = 5;

/// What an operation does to the counters of the subjects it is about.
#[derive(Clone, Copy)]
enum Change {
    /// Counts a failure against those with [`Try::counted`], if all of them admit a try.
    Admit,
    /// Counts a failure against each.
    Fail,
    /// Takes a failure back from each.
    TakeBack,
}

#[async_trait]
impl ThrottleStore for MssqlAuthStore {
    async fn admit(&self, tries: Vec<Try>, now: Timestamp) -> StoreResult<Result<(), i64>> {
        self.change(tries, Change::Admit, now).await
    }

    async fn count_failures(&self, tries: Vec<Try>, now: Timestamp) -> StoreResult<()> {
        self.change(tries, Change::Fail, now).await.map(drop)
    }

    async fn take_back(&self, taken: Try, now: Timestamp) -> StoreResult<()> {
        self.change(vec![taken], Change::TakeBack, now).await.map(drop)
    }

    async fn forget(&self, subject: Hash) -> StoreResult<()> {
        self.execute(Sql::new("DELETE FROM auth.throttle WHERE subject = @P1").bind(subject)).await?;
        Ok(())
    }
}

impl MssqlAuthStore {
    /// Subjects of which nothing is known have no row to lock. Of two that make one at once, one is stopped by the
    /// primary key; it begins anew, and now there is a row.
    async fn change(&self, mut tries: Vec<Try>, change: Change, now: Timestamp) -> StoreResult<Result<(), i64>> {
        // Locked by everybody in the same order, so that no two wait for one another.
        tries.sort_by_key(|attempt| attempt.subject);
        for _ in 1..TRIES {
            match self.change_once(tries.clone(), change, now).await {
                Err(StoreError::Db(DbError::Conflict(_))) => {}
                changed => return changed,
            }
        }
        self.change_once(tries, change, now).await
    }

    async fn change_once(&self, tries: Vec<Try>, change: Change, now: Timestamp) -> StoreResult<Result<(), i64>> {
        self.write((tries, change, now), |session, _, (tries, change, now)| {
            Box::pin(async move {
                let counters = locked(session, &tries).await?;
                let known = |attempt: &Try| counters.iter().find(|(subject, _)| *subject == attempt.subject);
                let counter = |attempt: &Try| known(attempt).map_or(Counter::blank(now), |(_, counter)| *counter);
                if matches!(change, Change::Admit)
                    && let Some(wait) = tries.iter().filter_map(|attempt| counter(attempt).wait_ms(now)).max()
                {
                    return Ok(Err(wait));
                }
                let mut batch = Sql::default();
                for attempt in &tries {
                    let changed = match change {
                        Change::Admit if !attempt.counted => continue,
                        Change::Admit | Change::Fail => counter(attempt).failed(attempt.policy, now),
                        Change::TakeBack => counter(attempt).taken_back(now),
                    };
                    batch.append(put(attempt, changed, known(attempt).is_some()));
                }
                if batch.params() > 0 {
                    session.execute(batch).await?;
                }
                Ok(Ok(()))
            })
        })
        .await
    }
}

/// Locks the counters that there are, in the order of `tries`, and reads them.
async fn locked(session: &mut Session, tries: &[Try]) -> StoreResult<Vec<(Hash, Counter)>> {
    let mut batch = Sql::default();
    let subjects: Vec<_> = tries.iter().map(|attempt| batch.hold(attempt.subject)).collect();
    for subject in &subjects {
        batch.push("UPDATE auth.throttle SET failures = failures WHERE subject = ").push(subject).push("; ");
    }
    batch.push("SELECT subject, failures, counted_from, blocked_until FROM auth.throttle WHERE subject IN (");
    batch.push(&subjects.join(", ")).push(")");
    let rows = session.query(batch).await?;
    let counter = |row: &Row| {
        let counter = Counter { failures: number(row, 1)?, counted_from: row.time(2)?, blocked_until: row.time(3)? };
        Ok((row.hash(0)?, counter))
    };
    rows.iter().map(counter).collect()
}

/// What keeps a counter.
fn put(attempt: &Try, counter: Counter, known: bool) -> Sql {
    let sql = Sql::new(if known {
        "UPDATE auth.throttle SET failures = @P2, counted_from = @P3, blocked_until = @P4, forgotten_at = @P5
         WHERE subject = @P1; "
    } else {
        "INSERT INTO auth.throttle (subject, failures, counted_from, blocked_until, forgotten_at)
         VALUES (@P1, @P2, @P3, @P4, @P5); "
    });
    sql.bind(attempt.subject)
        .bind(counter.failures)
        .bind(counter.counted_from)
        .bind(counter.blocked_until)
        .bind(counter.forgotten_at(attempt.policy))
}
