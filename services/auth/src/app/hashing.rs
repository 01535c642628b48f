//! The hashing of passwords, the one costly thing that anybody may ask for.
//!
//! As many hashes are computed at once as there are cores; a bounded number of callers waits in line for them, and who
//! comes after that is told to try again. So a flood of log-ins delays log-ins and nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use aws_lc_rs::rand;
use chatapp_types::{FieldError, Secret};
use tokio::sync::Semaphore;

use super::passwords;
use crate::config::PasswordConfig;

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

/// Computes password hashes: argon2id, in the PHC string format, so that a hash says how it was made.
pub struct Hasher(Arc<Inner>);

struct Inner {
    params: Params,
    /// What a password is checked against when there is no account: nobody knows its password.
    nobody: String,
    line: Arc<Semaphore>,
    running: Arc<Semaphore>,
    computed: AtomicU64,
}

impl Hasher {
    /// A hasher by these settings.
    pub fn new(config: &PasswordConfig) -> Result<Self, HashError> {
        let params = Params::new(config.memory_kib, config.passes, config.lanes, Some(Params::DEFAULT_OUTPUT_LEN))
            .map_err(|e| HashError::Failed(e.to_string()))?;
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let parallelism = if config.parallelism == 0 { cores() } else { config.parallelism as usize };
        Ok(Self(Arc::new(Inner {
            nobody: nobodys_hash(&params)?,
            params,
            line: Arc::new(Semaphore::new(parallelism + config.queue as usize)),
            running: Arc::new(Semaphore::new(parallelism)),
            computed: AtomicU64::new(0),
        })))
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
            let Some(hash) = hash else {
                inner.matches(&password, &inner.nobody)?;
                return Ok(Verdict::Wrong);
            };
            if !inner.matches(&password, &hash)? {
                return Ok(Verdict::Wrong);
            }
            let rehashed = if inner.is_current(&hash) { None } else { Some(inner.hash(&password)?) };
            Ok(Verdict::Right { rehashed })
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
    fn hash(&self, password: &Secret) -> Result<String, HashError> {
        self.computed.fetch_add(1, Ordering::Relaxed);
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone());
        let hash = argon2.hash_password(password.expose().as_bytes()).map_err(|e| HashError::Failed(e.to_string()))?;
        Ok(hash.to_string())
    }

    /// The hash says by which parameters it is to be computed.
    fn matches(&self, password: &Secret, hash: &str) -> Result<bool, HashError> {
        self.computed.fetch_add(1, Ordering::Relaxed);
        let hash = PasswordHash::new(hash).map_err(|e| HashError::Failed(e.to_string()))?;
        match Argon2::default().verify_password(password.expose().as_bytes(), &hash) {
            Ok(()) => Ok(true),
            Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
            Err(e) => Err(HashError::Failed(e.to_string())),
        }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn config() -> PasswordConfig {
        PasswordConfig { memory_kib: 64, passes: 1, ..PasswordConfig::default() }
    }

    fn secret(text: &str) -> Secret {
        Secret::new(text)
    }

    async fn hashed(hasher: &Hasher, text: &str) -> String {
        hasher.hash_new("password", secret(text), "alice".into()).await.unwrap()
    }

    #[tokio::test]
    async fn a_hash_is_argon2id_with_the_parameters_in_it() {
        let hasher = Hasher::new(&PasswordConfig::default()).unwrap();
        let hash = hashed(&hasher, "tea-at-four-oclock").await;
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    }

    #[tokio::test]
    async fn the_whole_password_counts() {
        let hasher = Hasher::new(&config()).unwrap();
        let long = "ab3-".repeat(64);
        let hash = hashed(&hasher, &long).await;
        let cut = secret(&long[..255]);
        assert_eq!(hasher.verify(cut, Some(hash.clone())).await.unwrap(), Verdict::Wrong);
        assert_eq!(hasher.verify(secret(&long), Some(hash)).await.unwrap(), Verdict::Right { rehashed: None });
    }

    #[tokio::test]
    async fn nobody_costs_as_many_hashes_as_somebody_and_is_never_right() {
        let hasher = Hasher::new(&config()).unwrap();
        let hash = hashed(&hasher, "tea-at-four-oclock").await;
        let before = hasher.computed();
        assert_eq!(hasher.verify(secret("wrong"), Some(hash)).await.unwrap(), Verdict::Wrong);
        let somebody = hasher.computed() - before;
        assert_eq!(hasher.verify(secret("wrong"), None).await.unwrap(), Verdict::Wrong);
        assert_eq!(hasher.computed() - before, 2 * somebody);
    }

    #[tokio::test]
    async fn a_hash_of_other_parameters_is_renewed_when_the_password_is_right() {
        let old = Hasher::new(&config()).unwrap();
        let new = Hasher::new(&PasswordConfig { memory_kib: 128, ..config() }).unwrap();
        let hash = hashed(&old, "tea-at-four-oclock").await;
        assert_eq!(new.verify(secret("wrong"), Some(hash.clone())).await.unwrap(), Verdict::Wrong);
        let verdict = new.verify(secret("tea-at-four-oclock"), Some(hash)).await.unwrap();
        let Verdict::Right { rehashed: Some(renewed) } = verdict else { panic!("{verdict:?}") };
        assert!(renewed.contains("m=128"), "{renewed}");
        let again = new.verify(secret("tea-at-four-oclock"), Some(renewed)).await.unwrap();
        assert_eq!(again, Verdict::Right { rehashed: None });
    }

    #[tokio::test]
    async fn who_comes_when_the_line_is_full_is_told_so() {
        let hasher = Hasher::new(&PasswordConfig { parallelism: 1, queue: 1, ..config() }).unwrap();
        let held = hasher.0.running.clone().acquire_owned().await.unwrap();
        let mut waiting: Vec<_> = (0..2).map(|_| Box::pin(hasher.verify(secret("x"), None))).collect();
        for future in &mut waiting {
            assert!(futures::poll!(future).is_pending());
        }
        assert!(matches!(hasher.verify(secret("x"), None).await, Err(HashError::Busy)));
        drop(held);
        for future in waiting {
            assert_eq!(future.await.unwrap(), Verdict::Wrong);
        }
        assert_eq!(hasher.verify(secret("x"), None).await.unwrap(), Verdict::Wrong, "the line moves on");
    }

    #[tokio::test]
    async fn no_more_hashes_run_at_once_than_allowed() {
        let hasher = Hasher::new(&PasswordConfig { parallelism: 2, queue: 20, ..config() }).unwrap();
        let most = Arc::new(AtomicU64::new(0));
        let now = Arc::new(AtomicU64::new(0));
        let jobs = (0..12).map(|_| {
            let (most, now) = (most.clone(), now.clone());
            hasher.run(move |inner| {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                inner.hash(&secret("x"))?;
                now.fetch_sub(1, Ordering::SeqCst);
                Ok(())
            })
        });
        futures::future::try_join_all(jobs).await.unwrap();
        assert!(most.load(Ordering::SeqCst) <= 2);
    }
}
