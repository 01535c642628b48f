//! `chatapp users`: the accounts, for whoever runs the platform.

use std::sync::Arc;

use anyhow::anyhow;
use chatapp_auth::error::AuthError;
use chatapp_auth::operator::{Operator, UserSummary};
use chatapp_auth::{AuthConfig, PasswordConfig};
use chatapp_service::Storage;
use chatapp_types::{Secret, SystemClock, Timestamp, UserId, UserRef};
use clap::{Args, Subcommand};
use serde::Serialize;

use crate::cli::JsonArg;
use crate::confirm;
use crate::keys::open;
use crate::password::Source;
use crate::screen::{Screen, Style, harmless};

/// Accounts read at once.
const PAGE: u32 = 500;

/// `chatapp users`.
#[derive(Subcommand, Debug)]
pub(crate) enum UsersCommand {
    /// List the accounts, in the order of their names
    List(JsonArg),
    /// Make an account
    Create(PasswordArgs),
    /// Set another password; all sessions and tokens of the account end
    ResetPassword(PasswordArgs),
    /// End all sessions and tokens of an account, and let nobody log in to it
    Disable(NameArgs),
    /// Let an account's owner log in again
    Enable(NameArgs),
    /// Delete an account for good; its messages stay without a name, its rooms pass to others
    Delete(DeleteArgs),
}

/// Which account.
#[derive(Args, Debug)]
pub(crate) struct NameArgs {
    /// The account's name
    pub(crate) username: String,
    /// For programs.
    #[command(flatten)]
    pub(crate) json: JsonArg,
}

/// Which account is to go.
#[derive(Args, Debug)]
pub(crate) struct DeleteArgs {
    /// The account.
    #[command(flatten)]
    pub(crate) name: NameArgs,
    /// Do not ask; without a terminal to ask on this is needed
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Which account, and its password.
#[derive(Args, Debug)]
pub(crate) struct PasswordArgs {
    /// The account.
    #[command(flatten)]
    pub(crate) name: NameArgs,
    /// Read the password from the first line of standard input, instead of asking for it
    #[arg(long)]
    pub(crate) password_stdin: bool,
    /// Make a password that nobody can guess, and print it
    #[arg(long, conflicts_with = "password_stdin")]
    pub(crate) generate_password: bool,
    /// How passwords are hashed.
    #[command(flatten)]
    pub(crate) hashing: PasswordConfig,
}

/// An account, as `list` shows it.
#[derive(Serialize)]
struct Listed {
    id: UserId,
    username: String,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled_at: Option<Timestamp>,
    sessions: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<Timestamp>,
}

impl From<UserSummary> for Listed {
    fn from(user: UserSummary) -> Self {
        let UserSummary { id, username, created_at, disabled_at, sessions, last_used_at } = user;
        Self { id, username, created_at, disabled_at, sessions, last_used_at }
    }
}

/// What was done to an account.
#[derive(Serialize)]
struct Outcome<'a> {
    #[serde(flatten)]
    user: &'a UserRef,
    done: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
}

/// Does it. The platform may run meanwhile: sessions that end are refused there within a second.
pub(crate) async fn run(command: UsersCommand, storage: &Storage, screen: Screen) -> anyhow::Result<()> {
    let plain = PasswordConfig::default;
    match command {
        UsersCommand::List(args) => list(&operator(storage, plain()).await?, args.json, screen).await,
        UsersCommand::Create(args) => {
            let operator = operator(storage, args.hashing.clone()).await?;
            let password = args.password()?;
            let user = operator.create_user(&args.name.username, password.clone()).await;
            tell(&args.name, "created", user, args.shown(&password), screen)
        }
        UsersCommand::ResetPassword(args) => {
            let operator = operator(storage, args.hashing.clone()).await?;
            let password = args.password()?;
            let user = operator.reset_password(&args.name.username, password.clone()).await;
            tell(&args.name, "has another password", user, args.shown(&password), screen)
        }
        UsersCommand::Disable(args) => {
            let user = operator(storage, plain()).await?.disable_user(&args.username).await;
            tell(&args, "disabled", user, None, screen)
        }
        UsersCommand::Enable(args) => {
            let user = operator(storage, plain()).await?.enable_user(&args.username).await;
            tell(&args, "enabled", user, None, screen)
        }
        UsersCommand::Delete(args) => {
            let DeleteArgs { name, yes } = args;
            if !yes {
                tokio::task::block_in_place(|| confirm::deletion(&name.username))?;
            }
            let user = operator(storage, plain()).await?.delete_user(&name.username).await;
            tell(&name, "deleted", user, None, screen)
        }
    }
}

impl PasswordArgs {
    fn source(&self) -> Source {
        match (self.password_stdin, self.generate_password) {
            (true, _) => Source::Stdin,
            (_, true) => Source::Generated,
            _ => Source::Prompt,
        }
    }

    /// The password, asked for where it has to be.
    fn password(&self) -> anyhow::Result<Secret> {
        tokio::task::block_in_place(|| self.source().read())
    }

    /// What of it is to be shown: one that was made here is known to nobody yet.
    fn shown<'a>(&self, password: &'a Secret) -> Option<&'a str> {
        (self.source() == Source::Generated).then(|| password.expose())
    }
}

async fn operator(storage: &Storage, passwords: PasswordConfig) -> anyhow::Result<Operator> {
    let db = open(storage).await?;
    let config = AuthConfig { passwords, ..AuthConfig::default() };
    Ok(Operator::new(&db, Arc::new(SystemClock), &config)?)
}

fn tell(
    args: &NameArgs,
    done: &'static str,
    user: Result<UserRef, AuthError>,
    password: Option<&str>,
    screen: Screen,
) -> anyhow::Result<()> {
    let user = user.map_err(|error| anyhow!("{}: {}", harmless(&args.username), explained(error)))?;
    if args.json.json {
        return screen.json(&Outcome { user: &user, done, password });
    }
    screen.line(format!("{} {done}", harmless(&user.username)));
    if let Some(password) = password {
        screen.line(format!("password: {}", screen.styled(Style::Strong, password)));
    }
    Ok(())
}

/// A refusal in words for people.
fn explained(error: AuthError) -> String {
    match error {
        AuthError::Refused(code) => code.title().to_owned(),
        AuthError::Invalid(fields) => {
            let fields: Vec<_> = fields.iter().map(|field| format!("{}: {}", field.field, field.message)).collect();
            fields.join("; ")
        }
        other => format!("{:#}", anyhow::Error::from(other)),
    }
}

async fn list(operator: &Operator, json: bool, screen: Screen) -> anyhow::Result<()> {
    if !json {
        let heading = format!("{:<32}  {:<16}  {:>8}  {:<16}  {}", "NAME", "SINCE", "SESSIONS", "LAST USED", "STATE");
        screen.line(screen.styled(Style::Strong, heading.trim_end()));
    }
    let mut after: Option<String> = None;
    loop {
        let page = operator.list_users(after.as_deref(), PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.username.clone());
        for user in page.into_iter().map(Listed::from) {
            if json {
                screen.json(&user)?;
            } else {
                screen.line(row(&user, screen));
            }
        }
    }
}

fn row(user: &Listed, screen: Screen) -> String {
    let last = user.last_used_at.map_or_else(|| "never".to_owned(), minute);
    let state = if user.disabled_at.is_some() { screen.styled(Style::Warning, "disabled") } else { String::new() };
    let name = harmless(&user.username);
    format!("{name:<32}  {:<16}  {:>8}  {last:<16}  {state}", minute(user.created_at), user.sessions)
        .trim_end()
        .to_owned()
}

/// A time to the minute, UTC.
fn minute(at: Timestamp) -> String {
    at.to_string().get(..16).unwrap_or_default().replace('T', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disabled_account_is_shown_as_such_and_odd_names_do_no_harm() {
        let at = Timestamp::from_millis(1_700_000_000_000);
        let user = Listed {
            id: UserId::new(),
            username: "ann\x1b[2J".to_owned(),
            created_at: at,
            disabled_at: Some(at),
            sessions: 0,
            last_used_at: None,
        };
        let row = row(&user, Screen::plain());
        assert!(row.contains("2023-11-14 22:13") && row.ends_with("disabled") && row.contains("never"), "{row}");
        assert!(!row.contains('\x1b'), "{row}");
    }
}
