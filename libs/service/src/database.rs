//! Opening the database when it is not there yet.

use std::time::Duration;

use anyhow::Context as _;
use chatapp_db::{Database, DatabaseConfig, DbError, MigrationError};
use tokio_util::sync::CancellationToken;

/// The first wait between two tries.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// Waits grow up to this.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Opens the database and checks that it has the schema that this program was built for.
///
/// A database that is away, or not migrated yet, is waited for, with a line in the log at each try: processes start
/// in any order. A schema that this program cannot work with, and the end of the process, are errors.
pub async fn open_when_there(config: &DatabaseConfig, shutdown: &CancellationToken) -> anyhow::Result<Database> {
    let mut wait = FIRST_WAIT;
    loop {
        let reason = match open(config).await {
            Ok(db) => return Ok(db),
            Err(MigrationError::Db(DbError::Unavailable(reason))) => reason,
            Err(pending @ MigrationError::Pending(_)) => pending.to_string(),
            Err(other) => return Err(other).context("the database cannot be used"),
        };
        tracing::warn!(reason, retry_in_s = wait.as_secs_f64(), "the database is not ready, waiting for it");
        if shutdown.run_until_cancelled(tokio::time::sleep(wait)).await.is_none() {
            anyhow::bail!("ended while waiting for the database: {reason}");
        }
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

async fn open(config: &DatabaseConfig) -> Result<Database, MigrationError> {
    let db = Database::open(config).await?;
    db.check_migrated().await?;
    Ok(db)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatapp_db::DatabaseUrl;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_database_that_appears_and_is_migrated_later_is_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let later = dir.path().join("later");
        let config = DatabaseConfig::new(DatabaseUrl::sqlite(later.join("chatapp.db")));
        let waiting = tokio::spawn({
            let config = config.clone();
            async move { open_when_there(&config, &CancellationToken::new()).await.map(|_| ()) }
        });
        std::fs::create_dir(&later).unwrap();
        Database::open(&config).await.unwrap().migrate().await.unwrap();
        waiting.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn waiting_ends_with_the_process() {
        let dir = tempfile::tempdir().unwrap();
        let config = DatabaseConfig::new(DatabaseUrl::sqlite(dir.path().join("nowhere/chatapp.db")));
        let shutdown = CancellationToken::new();
        shutdown.cancel();
        let Err(error) = open_when_there(&config, &shutdown).await else { panic!("opened") };
        assert!(error.to_string().contains("nowhere"), "{error}");
    }
}
