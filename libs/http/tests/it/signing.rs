//! An issuer of access tokens.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chatapp_http::claims::ISSUER;
use chatapp_http::{CallError, KeySource, Revocations, TokenVerifier};
use chatapp_types::clock::ManualClock;
use chatapp_types::{Clock as _, SessionId, Timestamp, UserId};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

/// The time at which these tests happen.
pub(crate) fn noon() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

/// A key with its id.
pub(crate) struct SigningKey {
    kid: String,
    key: EncodingKey,
}

impl SigningKey {
    pub(crate) fn generate(kid: &str) -> Self {
        let document = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()).unwrap();
        Self { kid: kid.to_owned(), key: EncodingKey::from_ed_der(document.as_ref()) }
    }

    pub(crate) fn jwk(&self) -> Jwk {
        let mut jwk = Jwk::from_encoding_key(&self.key, Algorithm::EdDSA).unwrap();
        jwk.common.key_id = Some(self.kid.clone());
        jwk
    }

    pub(crate) fn header(&self) -> Header {
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.kid.clone());
        header
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.sign_with(&self.header(), claims)
    }

    pub(crate) fn sign_with(&self, header: &Header, claims: &Value) -> String {
        encode(header, claims, &self.key).unwrap()
    }

    /// The public key's 32 bytes.
    pub(crate) fn public(&self) -> Vec<u8> {
        let jwk = serde_json::to_value(self.jwk()).unwrap();
        URL_SAFE_NO_PAD.decode(jwk["x"].as_str().unwrap()).unwrap()
    }
}

/// The claims of a good token at [`noon`].
pub(crate) fn claims(session: SessionId) -> Value {
    let now = noon().seconds();
    json!({
        "iss": ISSUER, "aud": "chatapp", "sub": UserId::new(), "name": "alice", "sid": session,
        "scope": "read write", "iat": now, "exp": now + 600,
    })
}

/// Publishes keys and counts how often they are asked for.
#[derive(Default)]
pub(crate) struct Published {
    keys: Mutex<Vec<Jwk>>,
    asked: AtomicUsize,
    away: AtomicBool,
}

impl Published {
    pub(crate) fn set(&self, keys: &[&SigningKey]) {
        *self.keys.lock().unwrap() = keys.iter().map(|key| key.jwk()).collect();
    }

    pub(crate) fn be_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl KeySource for Published {
    async fn fetch(&self) -> Result<JwkSet, CallError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.away.load(Ordering::SeqCst) {
            return Err(CallError::Unavailable { sent: false });
        }
        Ok(JwkSet { keys: self.keys.lock().unwrap().clone() })
    }
}

/// A verifier and all that it depends on.
pub(crate) struct Bench {
    pub(crate) key: SigningKey,
    pub(crate) published: Arc<Published>,
    pub(crate) revocations: Revocations,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) verifier: Arc<TokenVerifier>,
    pub(crate) session: SessionId,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let key = SigningKey::generate("key-1");
        let published = Arc::new(Published::default());
        published.set(&[&key]);
        let clock = Arc::new(ManualClock::new(noon()));
        let revocations = Revocations::fixed();
        let verifier = Arc::new(TokenVerifier::new(published.clone(), revocations.clone(), clock.clone()));
        assert_eq!(clock.now(), noon());
        Self { key, published, revocations, clock, verifier, session: SessionId::new() }
    }

    pub(crate) fn claims(&self) -> Value {
        claims(self.session)
    }

    /// A good token.
    pub(crate) fn token(&self) -> String {
        self.key.sign(&self.claims())
    }

    /// A token whose claims have been changed.
    pub(crate) fn token_with(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = self.claims();
        change(&mut claims);
        self.key.sign(&claims)
    }
}
