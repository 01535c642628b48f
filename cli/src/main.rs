//! `chat`: the command line client.

mod args;
mod attention;
mod clock_text;
mod command;
mod commands;
mod completion;
mod console;
mod context;
mod duration;
mod exit;
mod gateway;
mod lines;
mod links;
mod output;
mod outside;
mod plain;
mod rooms_of_mine;
mod screen;
mod settings;
mod stretches;

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory as _, Parser as _};

use args::{Cli, InteractiveArgs};
use chatapp_telemetry::LogFilter;
use context::Context;
use exit::{Failure, Outcome};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => {
            let _ = e.print();
            return ExitCode::from(u8::try_from(e.exit_code()).unwrap_or(2));
        }
    };
    let is_drawn = cli.command.is_none() && !cli.interactive.plain;
    let telemetry = start_telemetry(is_drawn);
    let as_json = cli.global.json;
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => return Failure::from(e).report(as_json),
    };
    let outcome = runtime.block_on(run(cli));
    // A thread may still wait for a line of input that nobody wants any more.
    runtime.shutdown_timeout(Duration::from_millis(100));
    drop(telemetry);
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(as_json),
    }
}

async fn run(cli: Cli) -> Outcome {
    let context = Context::new(cli.global)?;
    let Some(command) = cli.command else { return converse(&context, cli.interactive).await };
    if cli.interactive != InteractiveArgs::default() {
        return Err(Failure::usage("--plain, --poll, --vim and --theme before a command have no meaning"));
    }
    tokio::select! {
        outcome = commands::run(&context, command) => outcome,
        _ = tokio::signal::ctrl_c() => Err(Failure::interrupted()),
    }
}

/// Opens the full-screen interface where the terminal can show it, else the line-by-line client.
async fn converse(context: &Context, args: InteractiveArgs) -> Outcome {
    let on_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    if !(args.plain || args.poll || on_terminal) {
        let _ = Cli::command().write_help(&mut std::io::stderr());
        return Err(Failure::usage("name a command, or use --plain"));
    }
    let is_dumb = std::env::var("TERM").map_or(true, |term| term == "dumb" || term.is_empty());
    if args.plain || is_dumb || !on_terminal {
        return Box::pin(plain::run(context, args.poll)).await;
    }
    screen::run(context, screen::Options { poll: args.poll, vim: args.vim, theme: args.theme }).await
}

/// Logs go to standard error, and only when they are asked for; never into a picture.
///
/// Traces go where the environment says, if anywhere.
fn start_telemetry(is_drawn: bool) -> Option<chatapp_telemetry::Guard> {
    let filter = std::env::var("CHAT_LOG").ok().filter(|_| !(is_drawn && std::io::stderr().is_terminal()));
    // Whoever asks in words that are none gets what is of interest to most, rather than nothing.
    let filter: Option<LogFilter> =
        filter.filter(|text| !text.trim().is_empty()).map(|text| text.parse().unwrap_or_default());
    chatapp_telemetry::init_client(filter.as_ref().map(LogFilter::as_str), "chat")
}
