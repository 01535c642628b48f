//! Argon2id for chosen codes, no more at once than there are cores.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::{Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier};
use chatapp_types::Secret;
use tokio::sync::{Semaphore, TryAcquireError};

use super::Refusal;

/// Callers that wait for a core at most; a further one is told to come back.
const WAITING_MAX: usize = 64;
/// 19 MiB, two passes, one lane: what OWASP asks for at least.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
/// What is verified where there is no hash, so that a missing one costs the same. Nothing hashes to zeros that anyone
/// could find, and it is never taken for right anyhow.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm8gcm9vbSBoYXMgaXQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes and verifies chosen codes. Cloning shares its limits.
#[derive(Clone)]
pub struct CodeHasher {
    inner: Arc<Inner>,
}

struct Inner {
    argon2: Argon2<'static>,
    /// Those that wait or work.
    admitted: Arc<Semaphore>,
    working: Arc<Semaphore>,
    done: AtomicU64,
}

impl CodeHasher {
    /// A hasher that keeps no more cores busy than there are.
    pub fn for_this_machine() -> anyhow::Result<Self> {
        Self::new(std::thread::available_parallelism().map_or(1, usize::from))
    }

    /// A hasher that works on `parallel` codes at once.
    pub fn new(parallel: usize) -> anyhow::Result<Self> {
        let parallel = parallel.max(1);
        let params = Params::new(MEMORY_KIB, PASSES, 1, None)?;
        let argon2 = Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
        let inner = Inner {
            argon2,
            admitted: Arc::new(Semaphore::new(parallel + WAITING_MAX)),
            working: Arc::new(Semaphore::new(parallel)),
            done: AtomicU64::new(0),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The hash of a code, as a PHC string. [`Refusal::Busy`] when too many wait.
    pub async fn hash(&self, code: Secret) -> Result<String, Refusal> {
        let hashed = self.work(move |argon2| argon2.hash_password(code.expose().as_bytes()).map(|h| h.to_string()));
        hashed.await?.map_err(|error| {
            tracing::error!(error = %error, "a code could not be hashed");
            Refusal::Busy
        })
    }

    /// Whether the code is the one behind `hash`. Without a hash it is not, after the same work.
    /// [`Refusal::Busy`] when too many wait.
    pub async fn verify(&self, code: Secret, hash: Option<String>) -> Result<bool, Refusal> {
        self.work(move |argon2| {
            let right = PasswordHash::new(hash.as_deref().unwrap_or(NOBODY))
                .is_ok_and(|hash| argon2.verify_password(code.expose().as_bytes(), &hash).is_ok());
            right & hash.is_some()
        })
        .await
    }

    /// How many codes were hashed or verified so far.
    pub fn done(&self) -> u64 {
        self.inner.done.load(Ordering::Relaxed)
    }

    /// Runs `work` on a thread for blocking work. It is not interrupted when its caller goes away, and keeps its
    /// place until it has ended.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Argon2<'static>) -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let inner = Arc::clone(&self.inner);
        let admitted = Arc::clone(&inner.admitted).try_acquire_owned();
        let admitted = admitted.map_err(|_: TryAcquireError| Refusal::Busy)?;
        let working = Arc::clone(&inner.working).acquire_owned().await.map_err(|_| Refusal::Busy)?;
        let done = tokio::task::spawn_blocking(move || {
            let _places = (admitted, working);
            let result = work(&inner.argon2);
            inner.done.fetch_add(1, Ordering::Relaxed);
            result
        });
        done.await.map_err(|_| Refusal::Busy)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn a_code_is_verified_by_its_own_hash_alone() {
        let hasher = CodeHasher::new(2).unwrap();
        let hash = hasher.hash(Secret::new("open sesame")).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(hasher.verify(Secret::new("open sesame"), Some(hash.clone())).await.unwrap());
        assert!(!hasher.verify(Secret::new("open sesam"), Some(hash)).await.unwrap());
    }

    #[tokio::test]
    async fn a_missing_hash_costs_the_same_and_is_never_right() {
        let hasher = CodeHasher::new(1).unwrap();
        assert!(!hasher.verify(Secret::new("open sesame"), None).await.unwrap());
        assert_eq!(hasher.done(), 1);
        let nobody = PasswordHash::new(NOBODY).unwrap();
        let somebody = hasher.hash(Secret::new("open sesame")).await.unwrap();
        let work =
            |hash: &PasswordHash| (hash.algorithm, hash.version, hash.params.clone(), hash.hash.map(|h| h.len()));
        assert_eq!(work(&nobody), work(&PasswordHash::new(&somebody).unwrap()));
    }

    #[tokio::test]
    async fn beyond_the_queue_callers_are_told_to_come_back() {
        let hasher = CodeHasher::new(1).unwrap();
        let occupied = Arc::clone(&hasher.inner.working).acquire_owned().await.unwrap();
        let tries = (0..WAITING_MAX + 20).map(|_| hasher.verify(Secret::new("xxxxxxxx"), Some(String::new())));
        let mut all = std::pin::pin!(futures::future::join_all(tries));
        assert!(futures::poll!(all.as_mut()).is_pending(), "those who wait have come all at once");
        drop(occupied);
        let busy = all.await.iter().filter(|r| **r == Err(Refusal::Busy)).count();
        assert_eq!(busy, 19);
    }
}
