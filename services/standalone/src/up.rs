//! `chatapp up`: the whole platform in one process, from one command.

mod greeting;
mod listen;
mod wiring;

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use chatapp_auth::AuthConfig;
use chatapp_db::Database;
use chatapp_gateway::GatewayConfig;
use chatapp_http::serve;
use chatapp_messages::MessagesConfig;
use chatapp_rooms::RoomsConfig;
use chatapp_service::{InstanceLock, Lifetime, ProcessArgs, Readiness, Storage, build_info, serve_operations};
use chatapp_telemetry::Control;
use clap::builder::Resettable;
use clap::{Args, Command};
use tokio_util::sync::CancellationToken;

use crate::screen::{Screen, aside};
use greeting::{Greeting, clear_text_warning};
pub use wiring::{Configs, Platform, assemble};

/// How long the start waits until ended sessions are known, without which every request would be refused.
const SESSIONS_KNOWN_WITHIN: Duration = Duration::from_secs(5);

/// Settings of the platform.
#[derive(Args, Clone, Debug)]
pub struct UpArgs {
    /// Where it listens.
    #[command(flatten)]
    pub process: ProcessArgs,
    /// Settings of accounts.
    #[command(flatten)]
    pub auth: AuthConfig,
    /// Settings of rooms.
    #[command(flatten)]
    pub rooms: RoomsConfig,
    /// Settings of messages.
    #[command(flatten)]
    pub messages: MessagesConfig,
    /// Settings of the gateway.
    #[command(flatten)]
    pub gateway: GatewayConfig,
}

/// Makes `--rate-limits` of `up`, with its variable, the switch of all services: the flags that their own programs have
/// follow it, and need not be shown.
pub(crate) fn one_switch_for_all_limits(up: Command) -> Command {
    let help = "Limits of log-ins, codes, requests, sockets and frames; `off` is for load tests on a closed machine";
    let up = up.mut_arg("rate_limits", |arg| arg.help(help));
    ["auth_rate_limits", "rooms_rate_limits"].into_iter().fold(up, |up, id| {
        up.mut_arg(id, |arg| arg.hide(true).env(Resettable::Reset).default_value_if("rate_limits", "off", "off"))
    })
}

/// Runs the platform until SIGTERM or SIGINT. `logs` is where its log goes, unless to standard error.
pub async fn up(
    args: UpArgs,
    storage: Storage,
    logs: Option<&Path>,
    telemetry: Control,
    screen: Screen,
) -> anyhow::Result<()> {
    args.process.check()?;
    chatapp_metrics::begin("chatapp", build_info::VERSION, build_info::COMMIT);
    storage.prepare()?;
    let _alone = InstanceLock::exclusive(&storage.lock_file())?;
    let listener = listen::listen(args.process.server.listen).await?;
    let lifetime = Lifetime::until_signal(args.process.drain_delay());
    let (readiness, ended) = (Readiness::default(), CancellationToken::new());
    if let Some(address) = args.process.ops_listen {
        serve_operations(address, "chatapp", &readiness, telemetry, ended.clone()).await?;
    }
    let db = open(&storage).await?;
    readiness.has_database(&db);
    let configs = Configs { auth: args.auth, rooms: args.rooms, messages: args.messages, gateway: args.gateway };
    let bus = args.process.bus.open("chatapp").await?;
    let platform = assemble(db, storage.secret()?, bus.clone(), configs, &lifetime).await?;
    readiness.has_revocations(&platform.revocations);
    platform.until_sessions_are_known(SESSIONS_KNOWN_WITHIN).await;

    let (address, tls) = (listener.local_addr()?, args.process.server.tls.is_some());
    let served = tokio::spawn(serve(listener, platform.router, args.process.server, lifetime.stopping.clone()));
    readiness.serving();
    tracing::info!(listen.address = %address, listen.tls = tls, "listening");
    let greeting = Greeting { address, tls, data: &storage.data_dir, logs };
    screen.line(greeting.lines(screen).join("\n"));
    if let Some(warning) = clear_text_warning(address, tls) {
        tracing::warn!(listen.address = %address, "passwords travel in clear: there is no TLS");
        aside(warning);
    }
    let served = until_ended(served, &lifetime, &readiness, logs.is_some()).await;
    bus.close().await;
    ended.cancel();
    merge_log(&storage);
    served
}

async fn open(storage: &Storage) -> anyhow::Result<Database> {
    let db = Database::open(&storage.database_config()).await.context("the database cannot be opened")?;
    for migration in db.migrate().await.context("the database cannot be migrated")? {
        tracing::info!(migration = migration.name, "migration applied");
    }
    Ok(db)
}

/// Waits for the server's end and ends everything else after it.
async fn until_ended(
    served: tokio::task::JoinHandle<std::io::Result<()>>,
    lifetime: &Lifetime,
    readiness: &Readiness,
    on_terminal: bool,
) -> anyhow::Result<()> {
    let (leaving, announced) = (lifetime.leaving.clone(), readiness.clone());
    tokio::spawn(async move {
        leaving.cancelled().await;
        announced.stopping();
        if on_terminal {
            aside("\nStopping; Ctrl-C once more ends it at once.");
        }
    });
    let served = served.await;
    lifetime.finish().await;
    served.context("the server stopped unexpectedly")?.context("the server failed")?;
    tracing::info!("ended");
    Ok(())
}

/// Leaves the database as one file where that is possible, for whoever copies it. What is still in the log is safe
/// there too.
fn merge_log(storage: &Storage) {
    let Some(file) = storage.database_file() else { return };
    let merged = rusqlite::Connection::open(file)
        .and_then(|conn| conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())));
    if let Err(err) = merged {
        tracing::debug!(error = %err, "the database's log was not merged");
    }
}
