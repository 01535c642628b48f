//! The public keys that auth signs with.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use chatapp_types::{Clock, Timestamp};
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm};
use tokio::sync::Mutex;

use super::AuthFailure;
use crate::CallError;

/// Where the keys come from: auth's published set.
#[async_trait]
pub trait KeySource: Send + Sync + 'static {
    /// The set as it is now. Called rarely; its result is kept.
    async fn fetch(&self) -> Result<JwkSet, CallError>;
}

/// An unknown `kid` causes one fetch in this time at most, so that made-up tokens cost auth nothing.
const UNKNOWN_KEY_EVERY_MS: i64 = 30_000;
/// A fetch that failed is not repeated sooner.
const RETRY_AFTER_MS: i64 = 1_000;
/// A set is asked for again when it is this old, so that a key taken back is forgotten.
const REFRESH_AFTER_MS: i64 = 5 * 60_000;

/// One set of keys, by `kid`. Each fetch makes another one.
#[derive(Default)]
pub(super) struct KeySet {
    keys: HashMap<String, Arc<DecodingKey>>,
    fetched_at: Option<Timestamp>,
}

/// When it was last tried, to hold the limits above.
#[derive(Default)]
struct Attempts {
    last: Option<Timestamp>,
    last_failed: bool,
    for_unknown: Option<Timestamp>,
}

/// The keys, fetched when they are needed.
pub(super) struct KeyRing {
    source: Arc<dyn KeySource>,
    clock: Arc<dyn Clock>,
    set: ArcSwap<KeySet>,
    attempts: Mutex<Attempts>,
}

impl KeyRing {
    pub(super) fn new(source: Arc<dyn KeySource>, clock: Arc<dyn Clock>) -> Self {
        Self { source, clock, set: ArcSwap::default(), attempts: Mutex::default() }
    }

    /// The set in use; another pointer after each fetch.
    pub(super) fn current(&self) -> Arc<KeySet> {
        self.set.load_full()
    }

    /// The key of that id. [`AuthFailure::Invalid`] when there is none, [`AuthFailure::Unavailable`] when that cannot
    /// be known. Also the set that the key is from. The fetch runs in a task of its own: a caller that goes away does
    /// not waste it.
    pub(super) async fn get(self: &Arc<Self>, kid: &str) -> Result<(Arc<DecodingKey>, Arc<KeySet>), AuthFailure> {
        let set = self.current();
        if let Some(key) = set.keys.get(kid).cloned() {
            if !self.within(set.fetched_at, REFRESH_AFTER_MS) {
                drop(tokio::spawn(self.clone().refresh()));
            }
            return Ok((key, set));
        }
        let (ring, wanted) = (self.clone(), kid.to_owned());
        let failed = tokio::spawn(async move { ring.look_for(&wanted).await }).await.unwrap_or(true);
        let set = self.current();
        match set.keys.get(kid).cloned() {
            Some(key) => Ok((key, set)),
            None if failed => Err(AuthFailure::Unavailable),
            None => Err(AuthFailure::Invalid),
        }
    }

    /// Fetches for the sake of an unknown id, within the limits. Returns whether the last fetch failed.
    async fn look_for(&self, kid: &str) -> bool {
        let mut attempts = self.attempts.lock().await;
        let set = self.set.load();
        if set.keys.contains_key(kid) {
            return false;
        }
        if attempts.last_failed && self.within(attempts.last, RETRY_AFTER_MS) {
            return true;
        }
        if set.fetched_at.is_some() && !attempts.last_failed {
            if self.within(attempts.for_unknown, UNKNOWN_KEY_EVERY_MS) {
                return false;
            }
            attempts.for_unknown = Some(self.clock.now());
        }
        self.fetch(&mut attempts).await;
        attempts.last_failed
    }

    /// Fetches since the set has become old. Whoever asks meanwhile is served from the old one.
    async fn refresh(self: Arc<Self>) {
        let Ok(mut attempts) = self.attempts.try_lock() else {
            return;
        };
        let busy = attempts.last_failed && self.within(attempts.last, RETRY_AFTER_MS);
        if !busy && !self.within(self.set.load().fetched_at, REFRESH_AFTER_MS) {
            self.fetch(&mut attempts).await;
        }
    }

    async fn fetch(&self, attempts: &mut Attempts) {
        attempts.last = Some(self.clock.now());
        match self.source.fetch().await {
            Ok(set) => {
                attempts.last_failed = false;
                let keys = set.keys.iter().filter_map(usable).collect();
                self.set.store(Arc::new(KeySet { keys, fetched_at: Some(self.clock.now()) }));
            }
            Err(err) => {
                attempts.last_failed = true;
                tracing::warn!(error = %err, "signing keys could not be fetched");
            }
        }
    }

    /// Whether `at` is less than `span_ms` ago. A clock that was set back is as good as one that ran on.
    fn within(&self, at: Option<Timestamp>, span_ms: i64) -> bool {
        at.is_some_and(|at| (0..span_ms).contains(&(self.clock.now().millis() - at.millis())))
    }
}

/// An Ed25519 key with an id; anything else in the set is passed over.
fn usable(jwk: &Jwk) -> Option<(String, Arc<DecodingKey>)> {
    let AlgorithmParameters::OctetKeyPair(pair) = &jwk.algorithm else {
        return None;
    };
    let right_algorithm = matches!(jwk.common.key_algorithm, None | Some(KeyAlgorithm::EdDSA));
    if pair.curve != EllipticCurve::Ed25519 || !right_algorithm {
        return None;
    }
    let key = DecodingKey::from_ed_components(&pair.x).ok()?;
    Some((jwk.common.key_id.clone()?, Arc::new(key)))
}
