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
    SqlServer,
}

impl From<FormArg> for Form {
    fn from(form: FormArg) -> Self {
        match form {
            FormArg::Alone => Self::Alone,
            FormArg::Replicas => Self::Replicas,
            FormArg::SqlServer => Self::SqlServer,
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
                let forms = |forms: &[Form]| format!("{forms:?}");
                let (forms, quick) = (forms(scenario.forms), forms(scenario.quick));
                println!("{:20} {forms:29} quick: {quick:18} {}", scenario.name, scenario.about);
            }
            ExitCode::SUCCESS
        }
        Command::Run { name, form, full, seeds } => {
            let Some(scenario) = find(&name) else {
                println!("no scenario is named {name}; `faults list` names them");
                return ExitCode::from(2);
            };
            let length = if full { Length::Full } else { Length::Quick };
            let wanted = |own: &Form| form.map_or(own.is_there(), |form| Form::from(form) == *own);
            let parts = scenario.forms.iter().filter(|own| wanted(own)).map(|form| (scenario, *form)).collect();
            play(parts, length, seeds).await
        }
        Command::Quick(seeds) => play(each(|s| s.quick), Length::Quick, seeds).await,
        Command::All(seeds) => play(each(|s| s.forms), Length::Full, seeds).await,
    }
}

/// Every scenario in those of the forms that `forms` gives which can be played here.
fn each(forms: fn(&'static Scenario) -> &'static [Form]) -> Vec<(&'static Scenario, Form)> {
    let there = |scenario| forms(scenario).iter().filter(|form| form.is_there());
    all().flat_map(|scenario| there(scenario).map(move |form| (scenario, *form))).collect()
}

async fn play(parts: Vec<(&Scenario, Form)>, length: Length, seeds: Seeds) -> ExitCode {
    let first = seeds.seed.unwrap_or_else(|| std::time::UNIX_EPOCH.elapsed().map_or(1, |time| time.as_secs()));
    let mut reports = Vec::new();
    for seed in first..first + seeds.runs {
        for (scenario, form) in &parts {
            let report = perform(scenario, *form, seed, length).await;
            print!("{report}");
            reports.push(report);
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
