//! Tokens whose signature has been checked already.
//!
//! A signature costs some 40 µs to check and a client shows the same token with each request. What is kept here is
//! that the signature and the form were good; audience, expiry and revocation are looked at each time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest;

use super::Caller;
use super::keys::KeySet;

/// Tokens remembered at most, at some 300 bytes each.
const CAPACITY: usize = 8_192;

/// What a token is remembered by: its hash, since a token itself is a secret better not kept.
pub(super) type TokenHash = [u8; 32];

/// The tokens verified under one set of keys. A new set begins anew, so that a key taken back ends its tokens.
#[derive(Default)]
pub(super) struct Verified(Mutex<Remembered>);

#[derive(Default)]
struct Remembered {
    under: Option<Arc<KeySet>>,
    callers: HashMap<TokenHash, Caller>,
}

impl Verified {
    pub(super) fn hash(token: &str) -> TokenHash {
        let mut hash = TokenHash::default();
        hash.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
        hash
    }

    /// The caller of a token that was verified under these keys.
    pub(super) fn get(&self, hash: &TokenHash, keys: &Arc<KeySet>) -> Option<Caller> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.under.as_ref().filter(|under| Arc::ptr_eq(under, keys))?;
        held.callers.get(hash).cloned()
    }

    /// Remembers a token. When there are too many all are forgotten: they are verified once more, no harm done.
    pub(super) fn put(&self, hash: TokenHash, caller: Caller, keys: Arc<KeySet>) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same_keys = held.under.as_ref().is_some_and(|under| Arc::ptr_eq(under, &keys));
        if !same_keys || held.callers.len() >= CAPACITY {
            held.callers.clear();
            held.under = Some(keys);
        }
        held.callers.insert(hash, caller);
    }
}
