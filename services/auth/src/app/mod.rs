//! The rules of accounts. No HTTP and no SQL: what comes in was parsed at the edge, what is kept goes through
//! [`crate::store`].
//!
//! Pure rules have modules of their own ([`passwords`], [`throttle`], [`refresh`], [`signing`]); the use cases put them
//! together, a file each, as methods of [`Accounts`].

pub mod access;
pub mod account;
pub mod api_tokens;
pub mod client_name;
pub mod hashing;
pub mod keys;
pub mod login;
pub mod original;
pub mod password_change;
pub mod passwords;
pub mod refresh;
pub mod registration;
pub mod sessions;
pub mod signing;
pub mod throttle;

use std::net::IpAddr;
use std::sync::Arc;

use chatapp_http::{Audience, MasterSecret};
use chatapp_types::{Clock, Secret, Username};

use crate::config::AuthConfig;
use crate::error::AuthResult;
use crate::store::AuthStore;
use access::Issuer;
use hashing::Hasher;
use keys::KeyRing;
use refresh::RefreshKey;
use throttle::Throttle;

/// The use cases, and what they work with.
pub struct Accounts {
    store: Arc<dyn AuthStore>,
    clock: Arc<dyn Clock>,
    hasher: Hasher,
    keys: Arc<KeyRing>,
    issuer: Issuer,
    refresh_key: RefreshKey,
    throttle: Throttle,
    config: AuthConfig,
}

/// Who wants to get in, and from where.
#[derive(Clone, Debug)]
pub struct Entrant {
    /// The name as it was typed.
    pub username: String,
    /// The password as it was typed.
    pub password: Secret,
    /// What the client calls itself, made presentable by [`client_name::presentable`].
    pub client: String,
    /// The client's address or network.
    pub network: IpAddr,
    /// Which interface it uses.
    pub audience: Audience,
}

impl Accounts {
    /// The use cases on this store. Makes the first signing key when there is none; fails when the keys there are were
    /// sealed under another secret.
    pub async fn open(
        store: Arc<dyn AuthStore>,
        clock: Arc<dyn Clock>,
        secret: &MasterSecret,
        config: AuthConfig,
    ) -> AuthResult<Self> {
        let keys = Arc::new(KeyRing::open(store.clone(), secret, clock.clone()).await?);
        Ok(Self {
            hasher: Hasher::new(&config.passwords)?,
            issuer: Issuer::new(keys.clone(), clock.clone()),
            refresh_key: RefreshKey::new(secret),
            throttle: Throttle::new(store.clone(), clock.clone(), secret, &config),
            store,
            clock,
            keys,
            config,
        })
    }

    /// The signing keys.
    pub fn keys(&self) -> &Arc<KeyRing> {
        &self.keys
    }

    /// How many password hashes have been computed.
    pub fn hashes_computed(&self) -> u64 {
        self.hasher.computed()
    }
}

/// Bytes of a name beyond which no account has it; the longest that today's rules allow has 128.
const NAME_MAX_BYTES: usize = 512;

/// What an account is looked up by: the name in its normal form. A name that could not be registered today may be an
/// imported one, and is looked up as it was typed; a monstrous one is nobody's.
pub(crate) fn lookup_name(typed: &str) -> String {
    match Username::parse(typed) {
        Ok(name) => name.as_str().to_owned(),
        Err(_) if typed.len() <= NAME_MAX_BYTES => typed.to_owned(),
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_however_it_is_typed() {
        assert_eq!(lookup_name("Alice"), "alice");
        assert_eq!(lookup_name("Ａlice"), "alice", "full-width letters are the same letters");
        assert_eq!(lookup_name("an imported name"), "an imported name");
        assert_eq!(lookup_name(&"x".repeat(60_000)), "");
    }
}
