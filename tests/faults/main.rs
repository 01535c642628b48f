//! Plays faults by name and seed.
#![allow(clippy::print_stdout, clippy::expect_used)]

use std::process::ExitCode;

use chatapp_faults::{Form, Length, Report, Scenario, all, find, perform};
use clap::{Parser, Subcommand, ValueEnum};
use tokio::signal::unix::{SignalKind, signal};

/// Plays faults on the real programs and says which promises held.
#[derive(Debug, Parser)]
#[command(name = "faults", version)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Names every scenario.
    List,
    /// Plays one.
    Run {
        /// Its name.
        name: String,
        /// In one form only.
        #[arg(long)]
        form: Option<FormArg>,
        /// At its full length.
        #[arg(long)]
        full: bool,
        #[command(flatten)]
        seeds: Seeds,
    },
    /// Plays what is played for every change.
    Quick(Seeds),
    /// Plays everything, at its full length.
    All(Seeds),
}

#[derive(Clone, Copy, Debug, clap::Args)]
struct Seeds {
    /// What decides every choice; without it, the time does.
    #[arg(long)]
    seed: Option<u64>,
    /// How often it is played, each time with the next seed.
    #[arg(long, default_value_t = 1)]
    runs: u64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormArg {
    Alone,
    Replicas,
}

impl From<FormArg> for Form {
    fn from(form: FormArg) -> Self {
        match form {
            FormArg::Alone => Self::Alone,
            FormArg::Replicas => Self::Replicas,
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let mut asked_to_end = signal(SignalKind::terminate()).expect("a signal to listen for");
    // Whatever was started ends with what is dropped here.
    tokio::select! {
        code = obey() => code,
        _ = asked_to_end.recv() => ExitCode::FAILURE,
        _ = tokio::signal::ctrl_c() => ExitCode::FAILURE,
    }
}

async fn obey() -> ExitCode {
    match Args::parse().command {
        Command::List => {
            for scenario in all() {
                let quick = if scenario.quick { "quick" } else { "" };
                println!("{:20} {:28} {quick:6} {}", scenario.name, format!("{:?}", scenario.forms), scenario.about);
            }
            ExitCode::SUCCESS
        }
        Command::Run { name, form, full, seeds } => {
            let Some(scenario) = find(&name) else {
                println!("no scenario is named {name}; `faults list` names them");
                return ExitCode::from(2);
            };
            let length = if full { Length::Full } else { Length::Quick };
            play(vec![scenario], form.map(Form::from), length, seeds).await
        }
        Command::Quick(seeds) => play(all().filter(|s| s.quick).collect(), None, Length::Quick, seeds).await,
        Command::All(seeds) => play(all().collect(), None, Length::Full, seeds).await,
    }
}

async fn play(scenarios: Vec<&Scenario>, form: Option<Form>, length: Length, seeds: Seeds) -> ExitCode {
    let first = seeds.seed.unwrap_or_else(|| std::time::UNIX_EPOCH.elapsed().map_or(1, |time| time.as_secs()));
    let mut reports = Vec::new();
    for seed in first..first + seeds.runs {
        for scenario in &scenarios {
            for form in scenario.forms.iter().filter(|f| form.is_none_or(|wanted| wanted == **f)) {
                let report = perform(scenario, *form, seed, length).await;
                print!("{report}");
                reports.push(report);
            }
        }
    }
    sum(&reports);
    if reports.iter().all(Report::is_sound) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn sum(reports: &[Report]) {
    let of = |what: fn(&Report) -> usize| reports.iter().map(what).sum::<usize>();
    println!(
        "{} runs, {} broken: {} operations, {} kills, {} partitions, {} other faults, {} entries and {} pries checked",
        reports.len(),
        of(|r| usize::from(!r.is_sound())),
        of(|r| r.operations),
        of(|r| r.tally.kills),
        of(|r| r.tally.partitions),
        of(|r| r.tally.others),
        of(|r| r.entries),
        of(|r| r.pries)
    );
}
