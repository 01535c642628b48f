//! An issuer of access tokens.

use async_trait::async_trait;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::Ed25519KeyPair;
use chatapp_http::claims::ISSUER;
use chatapp_http::{Audience, CallError, Claims, KeySource};
use chatapp_types::{Clock as _, SessionId, SystemClock, UserId};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};

/// Issues tokens, and publishes its key.
pub(crate) struct Issuer(EncodingKey);

impl Issuer {
    pub(crate) fn new() -> Self {
        let document = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()).unwrap();
        Self(EncodingKey::from_ed_der(document.as_ref()))
    }

    /// A token of a new session.
    pub(crate) fn token(&self, user: UserId, name: &str, aud: Audience) -> String {
        self.token_of(user, name, aud, SessionId::new())
    }

    pub(crate) fn token_of(&self, user: UserId, name: &str, aud: Audience, sid: SessionId) -> String {
        let now = SystemClock.now().seconds();
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud,
            sub: user,
            name: name.to_owned(),
            sid,
            scope: "read write moderate".to_owned(),
            iat: now,
            exp: now + 600,
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some("k1".to_owned());
        encode(&header, &claims, &self.0).unwrap()
    }
}

#[async_trait]
impl KeySource for Issuer {
    async fn fetch(&self) -> Result<JwkSet, CallError> {
        let mut jwk = Jwk::from_encoding_key(&self.0, Algorithm::EdDSA).unwrap();
        jwk.common.key_id = Some("k1".to_owned());
        Ok(JwkSet { keys: vec![jwk] })
    }
}
