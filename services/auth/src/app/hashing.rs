//! The hashing of passwords, the one costly thing that anybody may ask for.
//!
//! As many hashes are computed at once as there are cores; a bounded number of callers waits in line for them, and who
//! comes after that is told to try again. So a flood of log-ins delays log-ins and nothing else.

mod imported;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use aws_lc_rs::rand;
use chatapp_metrics::AUTH;
use chatapp_types::{FieldError, Secret};
use tokio::sync::Semaphore;

use super::passwords;
use crate::config::PasswordConfig;
use imported::Bcrypt;
pub use imported::is_importable;

/// Why nothing was hashed.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// The line is full.
    #[error("too many passwords wait to be hashed")]
    Busy,
    /// The password may not be chosen.
    #[error("the password is refused: {}", .0.message)]
    Refused(FieldError),
    /// The stored hash is damaged, of an unknown kind, or could not be computed for want of memory.
    #[error("the password hash cannot be computed: {0}")]
    Failed(String),
}

/// What a password was found to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Not the one.
    Wrong,
    /// The one. `rehashed` when hashes are made in another way by now: keep that instead.
    Right {
        /// The hash as it would be made today.
        rehashed: Option<String>,
    },
}

/// Computes password hashes: argon2id, in the PHC string format, so that a hash says how it was made. Imported hashes
/// are bcrypt's until the first log-in with them.
pub struct Hasher(Arc<Inner>);

struct Inner {
    params: Params,
    /// What a password is checked against when there is no account: nobody knows its password.
    nobody: String,
    /// The greatest cost of bcrypt seen so far; 0 when none was.
    bcrypt_cost: AtomicU32,
    /// Those that may wait or run, and those that may run.
    places: (usize, usize),
    line: Arc<Semaphore>,
    running: Arc<Semaphore>,
    computed: AtomicU64,
}

impl Hasher {
    /// A hasher by these settings.
    pub fn new(config: &PasswordConfig) -> Result<Self, HashError> {
        let params = params(config)?;
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let parallelism = if config.parallelism == 0 { cores() } else { config.parallelism as usize };
        let places = (parallelism + config.queue as usize, parallelism);
        let inner = Arc::new(Inner {
            nobody: nobodys_hash(&params)?,
            bcrypt_cost: AtomicU32::new(0),
            params,
            line: Arc::new(Semaphore::new(places.0)),
            running: Arc::new(Semaphore::new(places.1)),
            computed: AtomicU64::new(0),
            places,
        });
        let watched = Arc::downgrade(&inner);
        AUTH.hashes_waiting.watch(move || watched.upgrade().map(|inner| inner.waiting()));
        Ok(Self(inner))
    }

    /// Hashes a password that somebody chose, if it is not too common. `field` is where a refusal points to.
    /// Its length must have been checked.
    pub async fn hash_new(&self, field: &'static str, password: Secret, username: String) -> Result<String, HashError> {
        self.run(move |inner| {
            passwords::check_strength(field, password.expose(), &username).map_err(HashError::Refused)?;
            inner.hash(&password)
        })
        .await
    }

    /// Checks a password against a hash; without one, against nobody's, which takes the same work and is wrong.
    pub async fn verify(&self, password: Secret, hash: Option<String>) -> Result<Verdict, HashError> {
        self.run(move |inner| {
            let right = inner.matches(&password, hash.as_deref().unwrap_or(&inner.nobody))?;
            match hash {
                Some(hash) if right => {
                    let rehashed = if inner.is_current(&hash) { None } else { Some(inner.hash(&password)?) };
                    Ok(Verdict::Right { rehashed })
                }
                hash => {
                    inner.even_out(&password, hash.as_deref())?;
                    Ok(Verdict::Wrong)
                }
            }
        })
        .await
    }

    /// How many hashes have been computed.
    pub fn computed(&self) -> u64 {
        self.0.computed.load(Ordering::Relaxed)
    }

    /// Runs `work` on a thread of its own when its turn comes. Dropping the future leaves the line; work that has
    /// begun goes on to its end, and keeps its place until then.
    async fn run<T, F>(&self, work: F) -> Result<T, HashError>
    where
        T: Send + 'static,
        F: FnOnce(&Inner) -> Result<T, HashError> + Send + 'static,
    {
        let inner = self.0.clone();
        let place = inner.line.clone().try_acquire_owned().map_err(|_| HashError::Busy)?;
        let turn = inner.running.clone().acquire_owned().await.map_err(|_| HashError::Busy)?;
        let task = tokio::task::spawn_blocking(move || {
            let result = work(&inner);
            drop((turn, place));
            result
        });
        task.await.unwrap_or_else(|e| Err(HashError::Failed(e.to_string())))
    }
}

impl Inner {
    /// How many wait for their turn.
    fn waiting(&self) -> u64 {
        let admitted = self.places.0.saturating_sub(self.line.available_permits());
        let running = self.places.1.saturating_sub(self.running.available_permits());
        admitted.saturating_sub(running) as u64
    }

    fn hash(&self, password: &Secret) -> Result<String, HashError> {
        self.computed.fetch_add(1, Ordering::Relaxed);
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone());
        let hash = argon2.hash_password(password.expose().as_bytes()).map_err(|e| HashError::Failed(e.to_string()))?;
        Ok(hash.to_string())
    }

    /// The hash says by which parameters it is to be computed.
    fn matches(&self, password: &Secret, hash: &str) -> Result<bool, HashError> {
        self.computed.fetch_add(1, Ordering::Relaxed);
        if let Some(hash) = Bcrypt::read(hash) {
            let hash = hash?;
            self.bcrypt_cost.fetch_max(hash.cost(), Ordering::Relaxed);
            return hash.matches(password);
        }
        let hash = PasswordHash::new(hash).map_err(|e| HashError::Failed(e.to_string()))?;
        match Argon2::default().verify_password(password.expose().as_bytes(), &hash) {
            Ok(()) => Ok(true),
            Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
            Err(e) => Err(HashError::Failed(e.to_string())),
        }
    }

    /// Makes a refusal cost the same whatever was refused. Once an account with an imported hash has been met, each
    /// costs a bcrypt and an argon2id: otherwise its time would tell imported accounts from others and from nobody.
    fn even_out(&self, password: &Secret, refused: Option<&str>) -> Result<(), HashError> {
        let greatest = self.bcrypt_cost.load(Ordering::Relaxed);
        if greatest == 0 {
            return Ok(());
        }
        let Some(bcrypt) = refused.and_then(Bcrypt::read) else {
            self.computed.fetch_add(1, Ordering::Relaxed);
            imported::work(password, greatest);
            return Ok(());
        };
        // Each cost is twice the work of the one below: from its own on, they add up to the greatest.
        (bcrypt?.cost()..greatest).for_each(|cost| imported::work(password, cost));
        self.matches(password, &self.nobody).map(drop)
    }

    /// Whether it was made as hashes are made now.
    fn is_current(&self, hash: &str) -> bool {
        let Ok(hash) = PasswordHash::new(hash) else { return false };
        let same = |used: &Params| {
            (used.m_cost(), used.t_cost(), used.p_cost())
                == (self.params.m_cost(), self.params.t_cost(), self.params.p_cost())
        };
        hash.algorithm == ARGON2ID_IDENT
            && hash.version == Some(Version::V0x13.into())
            && Params::try_from(&hash).is_ok_and(|used| same(&used))
    }
}

/// A hash whose password nobody knows, for an account that is to wait until it is given one.
pub fn unknown_password() -> Result<String, HashError> {
    nobodys_hash(&params(&PasswordConfig::default())?)
}

fn params(config: &PasswordConfig) -> Result<Params, HashError> {
    Params::new(config.memory_kib, config.passes, config.lanes, Some(Params::DEFAULT_OUTPUT_LEN))
        .map_err(|e| HashError::Failed(e.to_string()))
}

/// A hash of today's form with a random result, made without hashing: the start of the service need not wait for it.
fn nobodys_hash(params: &Params) -> Result<String, HashError> {
    let failed = |e: &dyn std::fmt::Display| HashError::Failed(e.to_string());
    let (mut salt, mut output) = ([0; 16], [0; Params::DEFAULT_OUTPUT_LEN]);
    rand::fill(&mut salt).and_then(|()| rand::fill(&mut output)).map_err(|e| failed(&e))?;
    let hash = PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(params).map_err(|e| failed(&e))?,
        salt: Some(Salt::new(&salt).map_err(|e| failed(&e))?),
        hash: Some(Output::new(&output).map_err(|e| failed(&e))?),
    };
    Ok(hash.to_string())
}
