//! Migrating SQL Server.

use std::time::Duration;

use super::files::{Dialect, History, Migration};
use super::{Applied, MigrationError};
use crate::mssql::{Session, Sql};
use crate::{DbError, Mssql};

/// Who is there besides the tables; run before the migrations, and again harmless.
const ROLES: &str = "roles.sql";
/// For everything together, the wait for another migrator included.
const LIMIT: Duration = Duration::from_mins(30);

pub(super) async fn migrate(db: &Mssql) -> Result<Vec<Applied>, MigrationError> {
    // One session holds the lock from the first look to the last file; the server frees it when the session ends.
    db.with_operation_limit(LIMIT).run(|session| Box::pin(locked(session))).await
}

async fn locked(session: &mut Session) -> Result<Vec<Applied>, MigrationError> {
    session.control("SET LOCK_TIMEOUT -1").await?;
    let lock = "DECLARE @got INT; EXEC @got = sp_getapplock @Resource = N'chatapp.migrations', @LockMode = 'Exclusive', \
                @LockOwner = 'Session', @LockTimeout = 1500000; SELECT @got";
    if session.query_one(lock).await?.int(0)? < 0 {
        let reason = "another migrator has held the database for 25 minutes".to_owned();
        return Err(DbError::Unavailable(reason).into());
    }
    let applied = apply_missing(session).await;
    let unlock = "EXEC sp_releaseapplock @Resource = N'chatapp.migrations', @LockOwner = 'Session'";
    let unlocked = session.control(unlock).await;
    session.control("SET LOCK_TIMEOUT 5000").await?;
    let applied = applied?;
    unlocked?;
    Ok(applied)
}

async fn apply_missing(session: &mut Session) -> Result<Vec<Applied>, MigrationError> {
    for batch in batches(Dialect::Mssql.file(ROLES)) {
        session.control(&batch).await.map_err(|source| MigrationError::Failed { name: ROLES.to_owned(), source })?;
    }
    let mut applied = Vec::new();
    for migration in Dialect::Mssql.missing(&history(session).await?)? {
        tracing::info!(migration.name, "applying");
        apply(session, &migration)
            .await
            .map_err(|source| MigrationError::Failed { name: migration.name.clone(), source })?;
        applied.push(Applied { name: migration.name });
    }
    Ok(applied)
}

/// One file, one transaction. Each batch is read to its end: an error may follow what looks like an answer.
async fn apply(session: &mut Session, migration: &Migration) -> Result<(), DbError> {
    session.control("BEGIN TRANSACTION").await?;
    for batch in batches(migration.sql) {
        session.control(&batch).await?;
    }
    let note = Sql::new(
        "INSERT INTO dbo.chatapp_migrations (schema_name, number, name, checksum) VALUES (@P1, @P2, @P3, @P4)",
    )
    .bind(migration.schema)
    .bind(migration.number)
    .bind(migration.name.as_str())
    .bind(migration.checksum.clone());
    session.execute(note).await?;
    session.control("COMMIT").await
}

async fn history(session: &mut Session) -> Result<History, DbError> {
    let rows = session.query("SELECT schema_name, number, name, checksum FROM dbo.chatapp_migrations").await?;
    rows.iter().map(|row| Ok(((row.text(0)?, row.int(1)?), (row.text(2)?, row.bytes(3)?)))).collect()
}

pub(super) async fn check(db: &Mssql) -> Result<(), MigrationError> {
    db.run(|session| {
        Box::pin(async {
            let there = "SELECT CASE WHEN OBJECT_ID(N'dbo.chatapp_migrations') IS NULL THEN 0 ELSE 1 END";
            let applied =
                if session.query_one(there).await?.flag(0)? { history(session).await? } else { History::new() };
            match Dialect::Mssql.missing(&applied)?.into_iter().next() {
                Some(migration) => Err(MigrationError::Pending(migration.name)),
                None => Ok(()),
            }
        })
    })
    .await
}

/// The batches of a file: what stands between lines that say GO.
fn batches(sql: &str) -> Vec<String> {
    let mut batches = vec![String::new()];
    for line in sql.lines() {
        if line.trim().eq_ignore_ascii_case("GO") {
            batches.push(String::new());
        } else if let Some(batch) = batches.last_mut() {
            batch.push_str(line);
            batch.push('\n');
        }
    }
    batches.retain(|batch| batch.lines().any(|line| !line.trim().is_empty() && !line.trim().starts_with("--")));
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_split_at_lines_that_say_go() {
        let file =
            "-- about\nCREATE TABLE go_there (x INT);\ngo\n\nGO\n-- nothing\n GO \nCREATE VIEW v AS\nSELECT 1 AS go;\n";
        assert_eq!(
            batches(file),
            ["-- about\nCREATE TABLE go_there (x INT);\n", "CREATE VIEW v AS\nSELECT 1 AS go;\n"]
        );
    }
}
