//! Settings: flags, environment variables, a file and defaults, in this order.
//!
//! The file is TOML and optional: `--config FILE` or `CHATAPP_CONFIG`. Its keys are the environment variables without
//! `CHATAPP_`, in lower case; a table's name is put before its keys, so `listen = "…"` is `CHATAPP_LISTEN`, and `cert`
//! in `[tls]` is `CHATAPP_TLS_CERT`. One file can serve several programs: a key that only another one knows is passed
//! over, and reported by [`parse`].
//!
//! The file is handed to the command line parser as if it had been typed, for those settings that neither a flag nor a
//! variable gives. So there is one definition of every setting, and one check of its value.

mod file;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::Resettable;
use clap::parser::ValueSource;
use clap::{ArgAction, ArgMatches, Args, Command, Id, Parser};

use file::FileSettings;

/// What every environment variable of the platform begins with.
const PREFIX: &str = "CHATAPP_";

/// The setting that names the file. Flatten it into a program's arguments.
#[derive(Args, Clone, Debug, Default)]
pub struct ConfigFileArg {
    /// TOML file with settings; flags and environment variables count before it
    #[arg(id = "config", long = "config", env = "CHATAPP_CONFIG", global = true, value_name = "FILE")]
    pub path: Option<PathBuf>,
}

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A flag or variable is wrong, or help was asked for.
    #[error(transparent)]
    Arguments(#[from] clap::Error),
    /// A value of the file is wrong.
    #[error("in {file}: {source}", file = file.display())]
    Value {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        source: clap::Error,
    },
    /// The file cannot be read or is no TOML.
    #[error("settings file {}: {reason}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

impl SettingsError {
    /// Prints the error (or the help that was asked for) and gives the exit code: 0 for help, else 2.
    pub fn report(&self) -> u8 {
        match self {
            Self::Arguments(error) => {
                let _ = error.print();
                u8::from(error.use_stderr()) * 2
            }
            #[expect(clippy::print_stderr, reason = "there is no log yet")]
            other => {
                eprintln!("error: {other}");
                2
            }
        }
    }
}

/// Parsed settings.
#[derive(Debug)]
pub struct Settings<P> {
    /// The program's arguments.
    pub args: P,
    /// The file they came from, where there is one.
    pub file: Option<PathBuf>,
    /// Keys of the file that this program does not know.
    pub unknown: Vec<String>,
}

/// Parses the command line `argv` (the program's name first), the environment and the file by `command`, which is
/// `P::command()` with whatever the program changes in it. `defaults` replaces default values of arguments, by id.
pub fn parse<P: Parser>(
    command: Command,
    argv: impl IntoIterator<Item = OsString>,
    defaults: &[(&str, &'static str)],
) -> Result<Settings<P>, SettingsError> {
    let argv: Vec<OsString> = argv.into_iter().collect();
    let keys = keys(&command);
    let mut command = prepare(command, defaults);
    let given = command.try_get_matches_from_mut(argv.iter().cloned())?;
    let (mut matches, mut file, mut unknown) = (given, None, Vec::new());
    if let Some(path) = config_path(&matches) {
        let settings = FileSettings::read(&path)?;
        unknown = settings.unknown(&keys);
        let from_file = arguments(&command, &matches, &keys, &settings);
        matches = command
            .try_get_matches_from_mut(spliced(argv, from_file))
            .map_err(|source| SettingsError::Value { file: path.clone(), source })?;
        file = Some(path);
    }
    Ok(Settings { args: P::from_arg_matches(&matches)?, file, unknown })
}

/// Gives `command` its defaults, and makes an empty variable one that is not set: compose files and shells set a
/// variable to nothing when they mean none.
fn prepare(command: Command, defaults: &[(&str, &'static str)]) -> Command {
    let command = command.mut_args(|arg| {
        let empty = arg.get_env().is_some_and(|name| std::env::var_os(name).is_some_and(|value| value.is_empty()));
        let arg = if empty { arg.env(Resettable::Reset) } else { arg };
        match defaults.iter().find(|(id, _)| arg.get_id() == id) {
            Some((_, value)) => arg.default_value(*value),
            None => arg,
        }
    });
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    names.into_iter().fold(command, |command, name| command.mut_subcommand(name, |sub| prepare(sub, defaults)))
}

fn config_path(matches: &ArgMatches) -> Option<PathBuf> {
    let here = matches.try_get_one::<PathBuf>("config").ok().flatten().cloned();
    here.or_else(|| matches.subcommand().and_then(|(_, sub)| config_path(sub)))
}

/// The keys of all settings of the program, by the id of their argument.
fn keys(command: &Command) -> BTreeMap<Id, String> {
    let own = command.get_arguments().filter_map(|arg| {
        let variable = arg.get_env()?.to_str()?;
        Some((arg.get_id().clone(), variable.strip_prefix(PREFIX)?.to_ascii_lowercase()))
    });
    own.chain(command.get_subcommands().flat_map(keys)).collect()
}

/// The file's settings as arguments of the subcommand that was called, where nothing counts before them.
fn arguments(
    command: &Command,
    matches: &ArgMatches,
    keys: &BTreeMap<Id, String>,
    settings: &FileSettings,
) -> Vec<OsString> {
    if let Some((name, matches)) = matches.subcommand()
        && let Some(command) = command.find_subcommand(name)
    {
        return arguments(command, matches, keys, settings);
    }
    let mut typed = Vec::new();
    for arg in command.get_arguments() {
        let given = matches.value_source(arg.get_id().as_str()).is_some_and(|s| s != ValueSource::DefaultValue);
        let (Some(key), Some(flag), false) = (keys.get(arg.get_id()), arg.get_long(), given) else { continue };
        let Some(values) = settings.get(key) else { continue };
        let switch = matches!(arg.get_action(), ArgAction::SetTrue);
        typed.extend(values.iter().filter(|value| !switch || *value == "true").map(|value| {
            let typed = if switch { format!("--{flag}") } else { format!("--{flag}={value}") };
            OsString::from(typed)
        }));
    }
    typed
}

/// Puts `typed` behind what was typed, but before a `--`, behind which nothing is a flag.
fn spliced(mut argv: Vec<OsString>, typed: Vec<OsString>) -> Vec<OsString> {
    let end = argv.iter().position(|arg| arg == "--").unwrap_or(argv.len());
    argv.splice(end..end, typed);
    argv
}

#[cfg(test)]
mod tests;
