//! The database: made when it is missing, migrated, and opened to the services.

use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use chatapp_db::mssql::{ServiceLogin, check_password};
use chatapp_db::{Database, DatabaseUrl, DbError, MssqlUrl};
use chatapp_service::{Storage, on_signal};
use chatapp_types::Secret;

use super::vault::{Vault, Wanted};
use super::{DATABASE_PASSWORD, new_password};
use crate::migrate::migrate;
use crate::screen::Screen;

/// The wait between two tries to reach a server.
const PAUSE: Duration = Duration::from_secs(2);
/// A log-in's name that is shorter may be part of its password.
const NAME_COUNTS_FROM: usize = 3;

/// Holds the administrator's password against the server's policy: of one that just starts, it is the one it is to have.
pub(super) fn check(storage: &Storage) -> anyhow::Result<()> {
    let Some(MssqlUrl { user: Some(user), password: Some(password), .. }) = server(storage) else { return Ok(()) };
    let name = if user.len() < NAME_COUNTS_FROM { "" } else { user };
    check_password(name, password)
        .map_err(|reason| anyhow!("SQL Server does not take the password of {user} (DB_PASSWORD): {reason}"))
}

/// The services' log-ins on the server, their passwords made where there are none; no log-ins without a server.
pub(super) fn logins(vault: &Vault, storage: &Storage) -> anyhow::Result<Vec<ServiceLogin>> {
    let Some(url) = server(storage) else { return Ok(Vec::new()) };
    ServiceLogin::SERVICES
        .into_iter()
        .map(|service| {
            let name = ServiceLogin::name(&url.database, service);
            let wanted = Wanted {
                file: DATABASE_PASSWORD,
                given: format!("{service}-{DATABASE_PASSWORD}"),
                holders: &[service],
            };
            let valid = |password: &Secret| {
                check_password(&name, password).map_err(|reason| anyhow!("SQL Server does not take it: {reason}"))
            };
            Ok(ServiceLogin { service, password: vault.settle(&wanted, valid, new_password)? })
        })
        .collect()
}

/// Waits for the server up to `patience`, then makes and migrates the database and opens it to the services.
pub(super) async fn prepare(
    storage: &Storage,
    logins: &[ServiceLogin],
    patience: Duration,
    screen: Screen,
) -> anyhow::Result<()> {
    create(storage, patience).await?;
    migrate(storage, false, screen).await?;
    if !logins.is_empty() {
        let db = Database::open(&storage.database_config()).await?;
        db.provision(logins).await.context("cannot make the services' log-ins")?;
        screen.line("the services' log-ins are as their secrets say");
    }
    Ok(())
}

async fn create(storage: &Storage, patience: Duration) -> anyhow::Result<()> {
    let (begun, stopping, config) = (Instant::now(), on_signal(), storage.database_config());
    let place = server(storage).map(ToString::to_string).unwrap_or_default();
    loop {
        let reason = match Database::create_if_missing(&config).await {
            Err(DbError::Unavailable(reason)) => reason,
            done => return done.context("cannot make the database"),
        };
        anyhow::ensure!(begun.elapsed() < patience, "gave up waiting for {place}: {reason}");
        tracing::warn!(
            reason,
            database.url = place,
            retry_in_s = PAUSE.as_secs_f64(),
            "the database server is not ready, waiting for it"
        );
        if stopping.run_until_cancelled(tokio::time::sleep(PAUSE)).await.is_none() {
            anyhow::bail!("ended while waiting for {place}: {reason}");
        }
    }
}

fn server(storage: &Storage) -> Option<&MssqlUrl> {
    match &storage.database {
        DatabaseUrl::Mssql(url) => Some(url),
        DatabaseUrl::Sqlite(_) => None,
    }
}
