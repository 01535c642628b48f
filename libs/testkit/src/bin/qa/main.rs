//! `cargo qa`: everything that must hold before a change is merged, in one command, the same on a laptop and in CI.
//!
//! It is a program and not a shell script so that it reads the same on every system, and its own rules (what counts as
//! a secret, how results are counted) are tested like the rest.
#![allow(clippy::print_stdout, reason = "a program for people who wait for its words")]

mod api;
mod containers;
mod dependencies;
mod deploy;
mod plan;
mod process;
mod python;
mod report;
mod sbom;
mod secrets;
mod sql;
mod sqlserver;
mod steps;
mod tally;
mod tools;
mod websocket;

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::plan::Plan;
use crate::report::Report;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--help" || argument == "-h") {
        println!("{}", plan::help());
        return ExitCode::SUCCESS;
    }
    match plan::parse(&arguments).and_then(|plan| run(&plan)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("{error:#}");
            ExitCode::from(2)
        }
    }
}

/// Runs the plan's steps up to the first that fails; whether all passed.
fn run(plan: &Plan) -> Result<bool> {
    enter_workspace()?;
    let mut report = Report::default();
    let mut times = vec![];
    for (number, step) in plan.steps.iter().enumerate() {
        println!("{}", heading(&format!("[{}/{}] {}: {}", number + 1, plan.steps.len(), step.name(), step.title())));
        let started = Instant::now();
        let outcome = steps::run(*step, plan, &mut report);
        let took = started.elapsed();
        times.push(format!("{} {}", step.name(), seconds(took)));
        if let Err(error) = outcome {
            println!("\n{}", failed(&format!("{} failed after {}: {error:#}", step.name(), seconds(took))));
            println!("run this step alone: cargo qa {}", step.name());
            report.print();
            return Ok(false);
        }
        println!("{} passed in {}", step.name(), seconds(took));
    }
    println!("\nall steps passed: {}", times.join(", "));
    report.print();
    Ok(true)
}

/// Everything is relative to the workspace's root, from wherever the command was typed.
fn enter_workspace() -> Result<()> {
    let manifest = process::output("cargo", &["locate-project", "--workspace", "--message-format", "plain"])?;
    let root = std::path::Path::new(manifest.trim()).parent().context("the workspace's manifest has no folder")?;
    std::env::set_current_dir(root).with_context(|| format!("entering {}", root.display()))
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

fn heading(text: &str) -> String {
    if std::io::stdout().is_terminal() { format!("\n\x1b[1m== {text}\x1b[0m") } else { format!("\n== {text}") }
}

fn failed(text: &str) -> String {
    if std::io::stdout().is_terminal() { format!("\x1b[31m{text}\x1b[0m") } else { text.to_owned() }
}
