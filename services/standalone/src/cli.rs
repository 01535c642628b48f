//! The command line of `chatapp`.

use std::path::PathBuf;

use chatapp_auth::TokenConfig;
use chatapp_http::ServerConfig;
use chatapp_service::settings::ConfigFileArg;
use chatapp_service::{StorageArgs, build_info};
use chatapp_telemetry::TelemetryConfig;
use clap::{Args, CommandFactory as _, Parser, Subcommand};

use crate::import::ImportArgs;
use crate::init::InitArgs;
use crate::up::{UpArgs, one_switch_for_all_limits};
use crate::users::UsersCommand;

/// What the program's end says.
const EXIT_CODES: &str = "\
Exit codes:
    0  It was done
    1  It was not: standard error says why (doctor: something is wrong)
    2  The arguments or settings are wrong, or what cannot be undone was not confirmed
  130  A second Ctrl-C ended it at once";

/// A chat platform for people who live in a terminal: the server, in one program
///
/// Every setting is a flag, an environment variable (CHATAPP_…) and a key of an optional TOML file (--config); a flag
/// counts before the variable, the variable before the file.
#[derive(Parser, Debug)]
#[command(name = "chatapp", version = build_info::LONG_VERSION, arg_required_else_help = true, after_help = EXIT_CODES)]
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

impl Cli {
    /// The command line as it is parsed: what the services' programs have each for itself, `up` has once.
    pub(crate) fn whole_command() -> clap::Command {
        Self::command().mut_subcommand("up", one_switch_for_all_limits)
    }
}

/// What `chatapp` does.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Run the platform: all services in one process
    Up(Box<UpArgs>),
    /// Make what services in processes of their own need before they start: secrets, the event bus's users, the database
    Init(InitArgs),
    /// Give the database this version's schema
    Migrate(JsonArg),
    /// The keys that sign access tokens
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Copy everything into one file, while the platform runs or not
    Backup(BackupArgs),
    /// Put a backup in the place of the present data, which is kept aside
    Restore(RestoreArgs),
    /// Take in users, rooms and messages of the original ChatApp
    #[command(after_long_help = crate::import::RULES)]
    Import(ImportArgs),
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
    /// For programs.
    #[command(flatten)]
    pub(crate) json: JsonArg,
    /// How long tokens are good, and how long a key is published before it signs.
    #[command(flatten)]
    pub(crate) tokens: TokenConfig,
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
    /// For programs.
    #[command(flatten)]
    pub(crate) json: JsonArg,
    /// Where the platform listens.
    #[command(flatten)]
    pub(crate) server: ServerConfig,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use clap::FromArgMatches as _;

    use super::*;

    /// Whether tries to log in, tries of codes and requests are limited.
    fn limited(args: &[&str]) -> [bool; 3] {
        let up = ["chatapp", "up"].iter().chain(args);
        let matches = Cli::whole_command().mut_subcommand("up", |up| up.mut_arg("rate_limits", without_variable));
        let cli = Cli::from_arg_matches(&matches.try_get_matches_from(up).unwrap()).unwrap();
        let Command::Up(up) = cli.command else { panic!("parsed as something else") };
        [up.auth.rate_limits, up.rooms.try_limits().is_some(), up.gateway.rate_limits.is_on()]
    }

    fn without_variable(arg: clap::Arg) -> clap::Arg {
        arg.env(clap::builder::Resettable::Reset)
    }

    #[test]
    fn one_switch_is_for_all_limits() {
        assert_eq!(limited(&[]), [true; 3]);
        assert_eq!(limited(&["--rate-limits", "off"]), [false; 3]);
        assert_eq!(limited(&["--rate-limits", "on"]), [true; 3]);
        assert_eq!(limited(&["--rate-limits", "off", "--auth-rate-limits", "on"]), [true, false, false]);
    }

    #[test]
    fn every_setting_of_up_stands_under_the_heading_of_what_it_is_about() {
        let mut whole = Cli::whole_command();
        whole.build();
        let up = whole.find_subcommand("up").unwrap();
        let heading = |id: &str| up.get_arguments().find(|arg| arg.get_id() == id).unwrap().get_help_heading();
        for (id, expected) in [
            ("listen", "Server"),
            ("ops_listen", "Server"),
            ("bus_url", "Event bus"),
            ("auth_hash_passes", "Accounts"),
            ("auth_session_idle_days", "Accounts"),
            ("auth_account_failures", "Accounts"),
            ("rooms_per_owner", "Rooms"),
            ("body_max_chars", "Messages"),
            ("rate_limits", "Gateway"),
            ("data_dir", "Storage"),
            ("log_filter", "Logging"),
        ] {
            assert_eq!(heading(id), Some(expected), "{id}");
        }
        for arg in up.get_arguments().filter(|arg| arg.get_long().is_some() && arg.get_action().takes_values()) {
            let names = arg.get_value_names().unwrap_or_default();
            let typed = names.iter().all(|name| !name.contains('_'));
            assert!(typed && !names.is_empty(), "{}: {names:?}", arg.get_id());
        }
    }
}
