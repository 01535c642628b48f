//! The command line of `chatapp`.

use std::path::PathBuf;

use chatapp_auth::TokenConfig;
use chatapp_http::ServerConfig;
use chatapp_service::settings::ConfigFileArg;
use chatapp_service::{StorageArgs, build_info};
use chatapp_telemetry::TelemetryConfig;
use clap::{Args, Parser, Subcommand};

use crate::up::UpArgs;
use crate::users::UsersCommand;

/// A chat platform for people who live in a terminal: the server, in one program
///
/// Every setting is a flag, an environment variable (CHATAPP_…) and a key of an optional TOML file (--config); a flag
/// counts before the variable, the variable before the file.
#[derive(Parser, Debug)]
#[command(name = "chatapp", version = build_info::LONG_VERSION, arg_required_else_help = true)]
pub(crate) struct Cli {
    /// The settings file.
    #[command(flatten)]
    pub(crate) config: ConfigFileArg,
    /// Where the data is.
    #[command(flatten)]
    pub(crate) storage: StorageArgs,
    /// The log.
    #[command(flatten)]
    pub(crate) telemetry: TelemetryConfig,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What `chatapp` does.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Run the platform: all services in one process
    Up(Box<UpArgs>),
    /// Give the database this version's schema
    Migrate(JsonArg),
    /// The keys that sign access tokens
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Copy everything into one file, while the platform runs or not
    Backup(BackupArgs),
    /// Put a backup in the place of the present data, which is kept aside
    Restore(RestoreArgs),
    /// Look at settings, database, disk, clock and port: what is wrong, and what to do
    Doctor(Box<DoctorArgs>),
    /// The accounts
    #[command(subcommand)]
    Users(UsersCommand),
}

/// For programs.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct JsonArg {
    /// Answer in JSON, one object a line
    #[arg(long)]
    pub(crate) json: bool,
}

/// `chatapp keys`.
#[derive(Subcommand, Debug)]
pub(crate) enum KeysCommand {
    /// Make a new signing key; the old one verifies until the last token it signed has expired
    Rotate(RotateArgs),
}

/// `chatapp keys rotate`.
#[derive(Args, Debug)]
pub(crate) struct RotateArgs {
    /// How long tokens are good, and how long a key is published before it signs.
    #[command(flatten)]
    pub(crate) tokens: TokenConfig,
    /// For programs.
    #[command(flatten)]
    pub(crate) json: JsonArg,
}

/// `chatapp backup`.
#[derive(Args, Debug)]
pub(crate) struct BackupArgs {
    /// The file to make; whoever can read it has the platform
    pub(crate) file: PathBuf,
    /// Replace the file if there is one
    #[arg(long)]
    pub(crate) force: bool,
    /// For programs.
    #[command(flatten)]
    pub(crate) json: JsonArg,
}

/// `chatapp restore`.
#[derive(Args, Debug)]
pub(crate) struct RestoreArgs {
    /// The backup
    pub(crate) file: PathBuf,
    /// For programs.
    #[command(flatten)]
    pub(crate) json: JsonArg,
}

/// `chatapp doctor`.
#[derive(Args, Debug)]
pub(crate) struct DoctorArgs {
    /// Where the platform listens.
    #[command(flatten)]
    pub(crate) server: ServerConfig,
    /// For programs.
    #[command(flatten)]
    pub(crate) json: JsonArg,
}
