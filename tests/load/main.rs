//! The load tool: one way to measure a running gateway, by its URL.
//!
//! The primary figure is the CPU time of the server's processes a delivery (or a send), since wall time on shared
//! machines wanders. The tool's own CPU is not counted. A run with a gap or a duplicate is a failed run.
#![allow(clippy::print_stdout, clippy::expect_used)]

mod cases;
mod idle;
mod process;
mod report;
mod traffic;
mod world;

use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;

use cases::{CASES, Case};
use process::ServerProcesses;
use world::World;

/// Measures a ChatApp gateway under load.
///
/// Without --url a release or debug build of `chatapp up`, whichever this tool is, is started on a temporary folder.
#[derive(Debug, Parser)]
#[command(name = "load", version)]
struct Args {
    /// The cases to run, in order: fan200, fan200x16, fan1000, rate100, acked16, acked64, idle1000, idle5000.
    #[arg(default_values_t = ["fan200".to_owned(), "fan200x16".to_owned(), "rate100".to_owned(), "acked16".to_owned(), "acked64".to_owned(), "idle1000".to_owned()])]
    cases: Vec<String>,
    /// A gateway that runs already, started with `CHATAPP_RATE_LIMITS=off`.
    #[arg(long)]
    url: Option<String>,
    /// The server's processes, where --url is given: their CPU time and memory are read.
    #[arg(long)]
    pid: Vec<u32>,
    /// How many times each case is run; medians are reported, with the least and the most.
    #[arg(long, default_value_t = 1)]
    runs: usize,
    /// A tenth of the messages, for a check of counts alone.
    #[arg(long)]
    short: bool,
    /// One JSON object a run instead of the table.
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let args = Args::parse();
    let cases = args.cases.iter().map(|name| find(name)).collect::<anyhow::Result<Vec<_>>>()?;
    let mut platform = None;
    let (url, pids) = if let Some(url) = &args.url {
        (url.clone(), args.pid.clone())
    } else {
        let started = platform.insert(chatapp_testkit::Platform::start().await);
        (started.url(), vec![started.pid()])
    };
    let server = ServerProcesses::new(pids);
    let world = World::new(&url).await.context("the gateway cannot be used")?;
    let mut results = report::Report::new(args.json);
    for case in cases {
        let case = if args.short { case.shortened() } else { case };
        for _ in 0..args.runs.max(1) {
            let run = match case {
                Case::Traffic(traffic) => traffic::run(&world, &server, &traffic).await?,
                Case::Idle(idle) => idle::run(&world, &server, &idle).await?,
            };
            results.add(run);
        }
    }
    results.print();
    drop(platform);
    Ok(if results.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn find(name: &str) -> anyhow::Result<Case> {
    let known = || CASES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let case = CASES.iter().find(|(known, _)| *known == name);
    case.map(|(_, case)| *case).with_context(|| format!("no case `{name}`; there are {}", known()))
}
