//! The event bus: a user for each service, and the settings of the server that knows them.

use anyhow::Context as _;
use chatapp_bus::permissions::{PERMISSIONS, authorization};
use chatapp_http::MasterSecret;
use chatapp_types::Secret;

use super::vault::{Vault, Wanted};
use super::{BUS_PASSWORD, new_password};

/// The server's directory among the services'.
const SERVER: &str = "nats";
/// Its settings.
const CONF: &str = "nats.conf";
/// Bytes of a password that the hash takes in; more would count for nothing.
const HASHED_MAX: usize = 72;
/// Hashes are for whoever reads the settings and should not have; the passwords made here are random.
const COST: u32 = 8;
/// For clients, and for the health check of its own container.
const ADDRESSES: &str = "listen: \"0.0.0.0:4222\"\nhttp: \"127.0.0.1:8222\"\n";

/// Gives each service its password, and the server what it needs to know them by.
pub(super) fn configure(vault: &Vault, master: &MasterSecret) -> anyhow::Result<()> {
    let mut hashes = Vec::new();
    for service in PERMISSIONS.map(|one| one.service) {
        let wanted = Wanted { file: BUS_PASSWORD, given: format!("{service}-{BUS_PASSWORD}"), holders: &[service] };
        let password = vault.settle(&wanted, valid, new_password)?;
        hashes.push((service, hash(service, &password, master)?));
    }
    let hash = |service: &str| hashes.iter().find(|(name, _)| *name == service).map(|(_, hash)| format!("\"{hash}\""));
    let users = authorization(|service| hash(service).unwrap_or_default());
    let conf = format!("# Made by `chatapp init`, at each of its runs.\n{ADDRESSES}{users}");
    if vault.put(SERVER, CONF, &conf)? {
        vault.say(&format!("{CONF} of {SERVER}: written (a server that runs reads it at its next start)"));
    }
    Ok(())
}

fn valid(password: &Secret) -> anyhow::Result<()> {
    anyhow::ensure!(password.expose().len() <= HASHED_MAX, "NATS takes passwords of up to {HASHED_MAX} bytes");
    Ok(())
}

/// The salt is derived, so that the same password gives the same settings and a run that changes nothing writes nothing.
fn hash(service: &str, password: &Secret, master: &MasterSecret) -> anyhow::Result<String> {
    let derived = master.derive(&format!("bus.salt.{service}"));
    let salt = derived.first_chunk().copied().context("a salt is half a key")?;
    let hash = bcrypt::non_truncating_hash_with_salt(password.expose(), COST, salt)?;
    Ok(hash.format_for_version(bcrypt::Version::TwoA))
}
