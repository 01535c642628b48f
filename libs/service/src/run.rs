//! A process that hosts one service, from the command line to its exit code.

use std::process::ExitCode;

use anyhow::Context as _;
use chatapp_http::{ServiceParts, serve};
use chatapp_telemetry::{Control, TelemetryConfig};
use clap::{Args, CommandFactory as _, Parser};
use tokio::net::TcpListener;

use crate::lifetime::Lifetime;
use crate::readiness::{Readiness, serve_operations};
use crate::settings::{self, ConfigFileArg, Settings};
use crate::{Host, PeerUrls, ProcessArgs, StorageArgs, build_info, health};

/// Threads for work that blocks: readers of the database, password hashes, files. Each costs memory once it was used.
const BLOCKING_THREADS: usize = 32;

/// A program that hosts one service.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// Its name, as in the log.
    pub name: &'static str,
    /// Where it listens by default.
    pub listen: &'static str,
    /// Where its operations port is by default.
    pub ops_listen: &'static str,
}

/// One service of the chat platform, as a process of its own.
#[derive(Parser, Debug)]
#[command(version = build_info::LONG_VERSION)]
struct ServiceArgs<C: Args> {
    /// Ask the same program that runs on this machine whether it is ready, by its operations port, and exit with 0 or 1
    #[arg(long)]
    healthcheck: bool,
    #[command(flatten)]
    config: ConfigFileArg,
    #[command(flatten)]
    storage: StorageArgs,
    #[command(flatten)]
    process: ProcessArgs,
    #[command(flatten)]
    telemetry: TelemetryConfig,
    #[command(flatten)]
    peers: PeerUrls,
    #[command(flatten)]
    service: C,
}

/// Hosts the service that `build` makes: parses settings, opens the log, builds, listens, and ends in order at SIGTERM
/// or SIGINT.
///
/// Exit codes: 0 after an orderly end, 1 when the process could not start or had to give up (the log says why), 2 for
/// wrong arguments or settings, 130 when a second signal forced the end. Of `--healthcheck`: 0 for a program that is
/// ready, 1 for one that is not or does not answer (standard output says why).
pub fn run<C, F>(program: Program, build: F) -> ExitCode
where
    C: Args,
    F: AsyncFnOnce(&Host, C) -> anyhow::Result<ServiceParts>,
{
    let defaults = [("listen", program.listen), ("ops_listen", program.ops_listen)];
    let command = ServiceArgs::<C>::command().name(program.name);
    let settings = match settings::parse::<ServiceArgs<C>>(command, std::env::args_os(), &defaults) {
        Ok(settings) => settings,
        Err(error) => return ExitCode::from(error.report()),
    };
    if settings.args.healthcheck {
        return health::report(settings.args.process.ops_listen);
    }
    // The word of logs, tokens and the bus for the service. Before the log, which counts.
    let service = program.name.strip_prefix("chatapp-").unwrap_or(program.name);
    chatapp_metrics::begin(service, build_info::VERSION, build_info::COMMIT);
    let log = match chatapp_telemetry::init(&settings.args.telemetry, program.name) {
        Ok(log) => log,
        Err(error) => return failed(&error.into()),
    };
    let ended = runtime().map_err(Into::into).and_then(|runtime| {
        let ended = runtime.block_on(host(program, settings, log.control(), build));
        // A read that still runs on a thread of its own must not hold the end up.
        runtime.shutdown_background();
        ended
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "giving up");
            drop(log);
            ExitCode::FAILURE
        }
    }
}

/// The runtime of every process: as many workers as cores, few threads for what blocks.
pub fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().max_blocking_threads(BLOCKING_THREADS).build()
}

#[expect(clippy::print_stderr, reason = "there is no log")]
fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("error: {error:#}");
    ExitCode::FAILURE
}

async fn host<C, F>(
    program: Program,
    settings: Settings<ServiceArgs<C>>,
    telemetry: Control,
    build: F,
) -> anyhow::Result<()>
where
    C: Args,
    F: AsyncFnOnce(&Host, C) -> anyhow::Result<ServiceParts>,
{
    let Settings { args, file, unknown } = settings;
    let version = build_info::LONG_VERSION;
    tracing::info!(version, settings.file = file.as_deref().map(tracing::field::debug), "starting");
    if !unknown.is_empty() {
        tracing::info!(settings.keys = unknown.join(", "), "settings of other programs are passed over");
    }
    args.process.check()?;
    let lifetime = Lifetime::until_signal(args.process.drain_delay());
    let (readiness, ended) = (Readiness::default(), tokio_util::sync::CancellationToken::new());
    if let Some(address) = args.process.ops_listen {
        serve_operations(address, program.name, &readiness, telemetry, ended.clone()).await?;
    }
    let bus = args.process.bus.open(program.name).await?;
    let host = Host::new(args.storage.resolve()?, bus.clone(), args.peers, lifetime.clone(), readiness.clone())?;
    let parts = match build(&host, args.service).await {
        // Ended while it waited for the database: what was asked for has happened.
        Err(error) if lifetime.stopping.is_cancelled() => {
            tracing::info!(reason = format!("{error:#}"), "ended before it had started");
            return Ok(());
        }
        parts => parts?,
    };

    let address = args.process.server.listen;
    let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
    let tls = args.process.server.tls.is_some();
    tracing::info!(listen.address = %listener.local_addr()?, listen.tls = tls, "listening");
    readiness.serving();
    let announced = readiness.clone();
    let leaving = lifetime.leaving.clone();
    tokio::spawn(async move {
        leaving.cancelled().await;
        announced.stopping();
    });
    let served = serve(listener, parts.router, args.process.server, lifetime.stopping.clone()).await;
    lifetime.finish().await;
    bus.close().await;
    ended.cancel();
    served.context("the server failed")?;
    tracing::info!("ended");
    Ok(())
}
