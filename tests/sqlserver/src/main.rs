//! Starts Microsoft SQL Server in a container, runs the command that follows with its URL in `CHATAPP_TEST_MSSQL_URL`,
//! and removes the container.
//!
//! Whoever runs this accepts the licence of SQL Server's Developer Edition, by which it may be used for tests.

use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use testcontainers_modules::mssql_server::MssqlServer;
use testcontainers_modules::testcontainers::runners::AsyncRunner as _;
use testcontainers_modules::testcontainers::ImageExt as _;

/// Of a server that nobody else reaches and that is gone in some minutes.
const PASSWORD: &str = "Only-4-these-tests";
const TAG: &str = "2022-latest";

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let command: Vec<String> = std::env::args().skip(1).collect();
    ensure!(!command.is_empty(), "usage: with-sql-server COMMAND [ARGUMENT...]");
    let image = MssqlServer::default().with_accept_eula().with_sa_password(PASSWORD).with_tag(TAG);
    let server = image.start().await.context("SQL Server does not start")?;
    let (host, port) = (server.get_host().await?, server.get_host_port_ipv4(1433).await?);
    let url = format!("mssql://sa:{PASSWORD}@{host}:{port}/?tls=trust");
    let status = tokio::process::Command::new(&command[0])
        .args(&command[1..])
        .env("CHATAPP_TEST_MSSQL_URL", url)
        .status()
        .await
        .with_context(|| format!("cannot run {}", command[0]))?;
    // Dropping it removes it too, but tells nobody when that fails.
    server.rm().await.context("the container stays")?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}
