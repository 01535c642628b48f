//! From the command line to the exit code.

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;

use chatapp_service::settings::{self, Settings};
use chatapp_service::{Storage, build_info, runtime};
use chatapp_telemetry::{Control, Guard, LogFilter, TelemetryConfig};
use chatapp_types::SystemClock;

use crate::backup::{ProgressBar, back_up, restore};
use crate::cli::{BackupArgs, Cli, Command, DoctorArgs, KeysCommand, RestoreArgs};
use crate::confirm::NotConfirmed;
use crate::doctor::{self, Patient};
use crate::screen::{Screen, aside, bytes};
use crate::{import, init, keys, migrate, up, users};

/// Wrong arguments or settings.
const USAGE: u8 = 2;
/// Settings of the services' own programs, which share a settings file with this one.
const OTHERS_SETTINGS: [&str; 3] = ["auth_url", "rooms_url", "messages_url"];

/// Runs the command line `argv`.
///
/// Exit codes: 0 when it was done, 1 when it was not (standard error says why; for `doctor`, something is wrong), 2 for
/// wrong arguments or settings, or when what cannot be undone was not confirmed, 130 when a second Ctrl-C forced the end.
pub fn main(argv: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut settings = match settings::parse::<Cli>(Cli::whole_command(), argv, &[]) {
        Ok(settings) => settings,
        Err(error) => return ExitCode::from(error.report()),
    };
    settings.unknown.retain(|key| !OTHERS_SETTINGS.contains(&key.as_str()));
    let doctor = matches!(settings.args.command, Command::Doctor(_));
    if let (Some(file), false, false) = (&settings.file, settings.unknown.is_empty(), doctor) {
        aside(format!("error: {} has settings that do not exist: {}", file.display(), settings.unknown.join(", ")));
        return ExitCode::from(USAGE);
    }
    run(settings).unwrap_or_else(|error| {
        aside(format!("error: {error:#}"));
        if error.is::<NotConfirmed>() { ExitCode::from(USAGE) } else { ExitCode::FAILURE }
    })
}

fn run(settings: Settings<Cli>) -> anyhow::Result<ExitCode> {
    let storage = settings.args.storage.resolve()?;
    let (log, logs) = open_log(&settings.args, &storage)?;
    // What goes wrong is told on standard error, and need not be logged there once more.
    let is_logged = logs.is_some();
    let runtime = runtime()?;
    let done = runtime.block_on(dispatch(settings, storage, logs, log.control()));
    // A read that still runs on a thread of its own must not hold the end up.
    runtime.shutdown_background();
    if let (Err(error), true) = (&done, is_logged) {
        tracing::error!(error = format!("{error:#}"), "giving up");
    }
    drop(log);
    done
}

/// Opens the log. The platform's goes to files when the terminal shows what it tells people, and to standard error
/// otherwise; commands say on standard error what they have to warn of. Gives the directory of the files, if any.
fn open_log(args: &Cli, storage: &Storage) -> anyhow::Result<(Guard, Option<PathBuf>)> {
    let config = &args.telemetry;
    if !matches!(args.command, Command::Up(_)) {
        let filter = if config.filter == LogFilter::default() { "warn".parse()? } else { config.filter.clone() };
        let quiet = TelemetryConfig { filter, ..config.clone() };
        return Ok((chatapp_telemetry::init(&quiet, "chatapp")?, config.dir.clone()));
    }
    if !std::io::stdout().is_terminal() {
        return Ok((chatapp_telemetry::init(config, "chatapp")?, config.dir.clone()));
    }
    storage.prepare()?;
    let logs = config.dir.clone().unwrap_or_else(|| storage.logs());
    Ok((chatapp_telemetry::init_files(config, &logs, "chatapp")?, Some(logs)))
}

async fn dispatch(
    settings: Settings<Cli>,
    storage: Storage,
    logs: Option<PathBuf>,
    telemetry: Control,
) -> anyhow::Result<ExitCode> {
    let screen = Screen::stdout();
    let Settings { args, file, unknown } = settings;
    match args.command {
        Command::Up(args) => {
            tracing::info!(version = build_info::LONG_VERSION, data = %storage.data_dir.display(), "starting");
            up::up(*args, storage, logs.as_deref(), telemetry, screen).await?;
        }
        Command::Init(args) => init::init(&args, &storage, screen).await?,
        Command::Migrate(args) => migrate::migrate(&storage, args.json, screen).await?,
        Command::Keys(KeysCommand::Rotate(args)) => keys::rotate(&args, &storage, screen).await?,
        Command::Backup(args) => tokio::task::block_in_place(|| make_backup(&storage, &args, screen))?,
        Command::Restore(args) => tokio::task::block_in_place(|| restore_backup(&storage, &args, screen))?,
        Command::Import(args) => import::import(args, &storage, screen).await?,
        Command::Doctor(args) => {
            let logs = logs.unwrap_or_else(|| storage.logs());
            return examine(*args, &storage, logs, file, unknown, screen).await;
        }
        Command::Users(command) => users::run(command, &storage, screen).await?,
    }
    Ok(ExitCode::SUCCESS)
}

fn make_backup(storage: &Storage, args: &BackupArgs, screen: Screen) -> anyhow::Result<()> {
    let bar = ProgressBar::new();
    let made = back_up(storage, &args.file, args.force, &SystemClock, &bar)?;
    drop(bar);
    if args.json.json {
        return screen.json(&made);
    }
    screen.line(format!("{} has everything up to {} ({})", made.file.display(), made.made_at, bytes(made.bytes)));
    screen.line("It holds the master secret: keep it where nobody else can read it.");
    Ok(())
}

fn restore_backup(storage: &Storage, args: &RestoreArgs, screen: Screen) -> anyhow::Result<()> {
    let bar = ProgressBar::new();
    let restored = restore(storage, &args.file, &bar)?;
    drop(bar);
    if args.json.json {
        return screen.json(&restored);
    }
    screen.line(format!("restored the backup of {} to {}", restored.made_at, restored.database.display()));
    for kept in &restored.kept {
        screen.line(format!("what was there is kept: {}", kept.display()));
    }
    Ok(())
}

async fn examine(
    args: DoctorArgs,
    storage: &Storage,
    logs: PathBuf,
    settings_file: Option<PathBuf>,
    unknown_settings: Vec<String>,
    screen: Screen,
) -> anyhow::Result<ExitCode> {
    let patient = Patient {
        storage,
        server: &args.server,
        logs,
        settings_file,
        unknown_settings,
        clock: &SystemClock,
        built_from_commit_at: build_info::built_from_commit_at(),
    };
    let findings = doctor::examine(&patient).await;
    let well = doctor::report(&findings, args.json.json, screen)?;
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
