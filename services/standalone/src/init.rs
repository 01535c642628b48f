//! `chatapp init`: what must be there before the services start as processes of their own: secrets, the settings of
//! the event bus, and the database.
//!
//! It is made for a container that runs once before the others, in an image without a shell. Every step keeps what is
//! there, so that it may run at every start; a secret that is given counts before one that was made here.
//!
//! Each service has a directory of its own for its secrets, to be mounted in that service alone:
//!
//! | directory | holds |
//! |---|---|
//! | `auth`, `rooms`, `messages` | `secret.key`, `bus-password`, `database-password` |
//! | `gateway` | `secret.key`, `bus-password` |
//! | `nats` | `nats.conf`: who may say what, with the passwords' hashes |

mod database;
mod nats;
mod vault;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use chatapp_auth::operator::generate_password;
use chatapp_bus::permissions::PERMISSIONS;
use chatapp_http::MasterSecret;
use chatapp_service::Storage;
use chatapp_types::Secret;
use clap::Args;

use crate::screen::Screen;
use vault::{Vault, Wanted};

/// The master secret's file.
const MASTER: &str = "secret.key";
/// The password of a service on the event bus.
const BUS_PASSWORD: &str = "bus-password";
/// The password of a service's login on the database server.
const DATABASE_PASSWORD: &str = "database-password";

/// `chatapp init`.
#[derive(Args, Debug)]
pub(crate) struct InitArgs {
    /// Directory with a directory for each service's secrets: auth, rooms, messages, gateway and nats; made when missing
    #[arg(long, env = "CHATAPP_SECRETS_DIR", value_name = "DIR")]
    secrets_dir: PathBuf,

    /// Directory with secrets that are given and count before those made here, any of: secret.key,
    /// SERVICE-bus-password, SERVICE-database-password
    #[arg(long, env = "CHATAPP_GIVEN_SECRETS_DIR", default_value = "/run/secrets", value_name = "DIR")]
    given_dir: PathBuf,

    /// Make and check the secrets, and leave the database alone
    #[arg(long)]
    secrets_only: bool,

    /// Seconds to wait for a database server that is not ready
    #[arg(long, env = "CHATAPP_INIT_WAIT_S", default_value_t = 300, value_name = "SECONDS")]
    wait_s: u64,
}

/// Makes what is missing.
pub(crate) async fn init(args: &InitArgs, storage: &Storage, screen: Screen) -> anyhow::Result<()> {
    // Before anything is made: a database server that is given a password it does not like says so less clearly.
    database::check(storage)?;
    let vault = Vault::new(&args.secrets_dir, &args.given_dir, screen);
    let master = master_secret(&vault)?;
    nats::configure(&vault, &master)?;
    let logins = database::logins(&vault, storage)?;
    if args.secrets_only {
        return Ok(());
    }
    database::prepare(storage, &logins, Duration::from_secs(args.wait_s), screen).await
}

/// The one secret, the same for every service.
fn master_secret(vault: &Vault) -> anyhow::Result<MasterSecret> {
    let services = PERMISSIONS.map(|one| one.service);
    let wanted = Wanted { file: MASTER, given: MASTER.to_owned(), holders: &services };
    let parse = |secret: &Secret| MasterSecret::from_base64(secret.expose());
    let secret = vault.settle(&wanted, |secret| Ok(parse(secret).map(|_| ())?), || new_master_secret(vault))?;
    Ok(parse(&secret)?)
}

/// Made as every program makes its own: on disk, at once.
fn new_master_secret(vault: &Vault) -> anyhow::Result<Secret> {
    let file = vault.path(PERMISSIONS[0].service, MASTER)?;
    let cannot = || format!("cannot make {}", file.display());
    MasterSecret::load_or_create(&file).with_context(cannot)?;
    let text = std::fs::read_to_string(&file).with_context(cannot)?;
    Ok(Secret::new(text.trim()))
}

/// A password for a program: letters and digits that nobody can guess, and one character of each kind that a server may
/// ask for.
fn new_password() -> anyhow::Result<Secret> {
    Ok(Secret::new(format!("{}-aA1", generate_password()?.expose())))
}

#[cfg(test)]
mod tests;
