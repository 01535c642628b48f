//! The load tool: one way to measure a running gateway, by its URL.
//!
//! The primary figure is the CPU time of the server's processes a delivery (or a send), since wall time on shared
//! machines wanders. The tool's own CPU is not counted. A run with a gap or a duplicate is a failed run.
#![allow(clippy::print_stdout, clippy::expect_used)]

mod cases;
mod floor;
mod history;
mod idle;
mod process;
mod report;
mod rooms;
mod server;
mod traffic;
mod world;

use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;

use cases::{CASES, Case};
use floor::Mode;
use report::{Floors, Report, Run};
use server::Server;
use world::World;

/// Measures a ChatApp gateway under load, and the physical floor beside it.
///
/// Without --url a `chatapp` of the same build as this tool is started on a temporary folder.
#[derive(Debug, Parser)]
#[command(name = "load", version)]
struct Args {
    /// The cases to run, in order: fan10, fan100, fan200, fan200x16, fan1000, rate100, acked1, acked16, acked64,
    /// idle1000, idle5000, idle10000, rooms10, rooms100, rooms1000, history1k, history1m, history10m.
    #[arg(default_values_t = ["fan200", "fan200x16", "rate100", "acked16", "acked64", "idle1000"].map(str::to_owned))]
    cases: Vec<String>,
    /// A gateway that runs already, started with `CHATAPP_RATE_LIMITS=off`.
    #[arg(long, conflicts_with = "distributed")]
    url: Option<String>,
    /// The server's processes, where --url is given: their CPU time and memory are read.
    #[arg(long)]
    pid: Vec<u32>,
    /// Two of each service and an event bus between them; the gateways' and the bus's CPU is counted.
    #[arg(long)]
    distributed: bool,
    /// How many times each case is run; medians are reported, with the least and the most.
    #[arg(long, default_value_t = 1)]
    runs: usize,
    /// A tenth of the messages, for a check of counts alone.
    #[arg(long)]
    short: bool,
    /// Leaves the floor out.
    #[arg(long)]
    no_floor: bool,
    /// One JSON object a run instead of the table.
    #[arg(long)]
    json: bool,
    /// Is the floor, instead of measuring.
    #[arg(long, hide = true)]
    serve_floor: Option<Mode>,
}

fn main() -> anyhow::Result<ExitCode> {
    let args = Args::parse();
    if let Some(mode) = args.serve_floor {
        return floor::serve(mode).map(|()| ExitCode::SUCCESS);
    }
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(measure(args))
}

async fn measure(args: Args) -> anyhow::Result<ExitCode> {
    let cases = args.cases.iter().map(|name| find(name)).collect::<anyhow::Result<Vec<_>>>()?;
    let server = match &args.url {
        Some(url) => Server::given(url, args.pid.clone()),
        None if args.distributed => Server::cluster().await,
        None => Server::standalone().await,
    };
    let world = World::new(server.urls()).await.context("the gateway cannot be used")?;
    let mut results = Report::new(args.json);
    for case in cases {
        let case = if args.short { case.shortened() } else { case };
        for _ in 0..args.runs.max(1) {
            for mut run in run(&world, &server, case).await? {
                if !args.no_floor {
                    run.floor = floor_of(&server, case).await?;
                }
                results.add(run);
            }
        }
    }
    results.print();
    Ok(if results.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn run(world: &World, server: &Server, case: Case) -> anyhow::Result<Vec<Run>> {
    Ok(match case {
        Case::Traffic(case) => vec![traffic::run(world, server, &case).await?],
        Case::Idle(case) => vec![idle::run(world, server, &case).await?],
        Case::Rooms(case) => vec![rooms::run(world, server, &case).await?],
        Case::History(case) => history::run(world, server, &case).await?,
    })
}

/// What the case costs the floor, now.
async fn floor_of(server: &Server, case: Case) -> anyhow::Result<Floors> {
    Ok(match case {
        Case::Traffic(case) if case.acked => {
            let disk = server.disk();
            let commits = tokio::task::spawn_blocking(move || floor::group_commit(&disk, case.senders)).await??;
            Floors { commits_per_s: Some(commits), ..Floors::default() }
        }
        Case::Traffic(case) => Floors {
            single: Some(floor::deliveries(Mode::Single, &case).await?),
            joined: Some(floor::deliveries(Mode::Joined, &case).await?),
            tasks: Some(floor::deliveries(Mode::Tasks, &case).await?),
            ..Floors::default()
        },
        Case::Idle(case) => Floors { pss_kib: Some(floor::idle(&case).await?), ..Floors::default() },
        Case::Rooms(_) | Case::History(_) => Floors::default(),
    })
}

fn find(name: &str) -> anyhow::Result<Case> {
    let known = || CASES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let case = CASES.iter().find(|(known, _)| *known == name);
    case.map(|(_, case)| *case).with_context(|| format!("no case `{name}`; there are {}", known()))
}
