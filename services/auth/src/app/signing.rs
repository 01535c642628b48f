//! The keys that sign access tokens: made, sealed, opened, published, rotated.
//!
//! A key is published for a while before it signs, so that whoever verifies knows it in time, and it stays published
//! after its successor has begun, until the last token that it signed has ended. Which key signs follows from the
//! times of the keys alone: nothing has to happen at the moment of the change.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::rand::{self, SystemRandom};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chatapp_http::MasterSecret;
use chatapp_types::Timestamp;
use jsonwebtoken::EncodingKey;
use jsonwebtoken::jwk::{
    AlgorithmParameters, CommonParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, OctetKeyPairParameters,
    OctetKeyPairType, PublicKeyUse, ThumbprintHash,
};
use time::Duration;

use crate::store::KeyRow;

/// How long a key stays published after its last signature: the longest life of a token (30 minutes, the original
/// API's), and some for clocks that differ.
pub const PUBLISHED_AFTER: Duration = Duration::minutes(35);

/// A key cannot be made or opened.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The operating system or the library failed.
    #[error("a signing key cannot be made")]
    NotMade,
    /// It was sealed under another master secret, or is damaged.
    #[error("signing key {0} cannot be opened: it was sealed under another secret key")]
    NotOpened(String),
}

/// Seals private keys, so that a copy of the database signs nothing: AES-256-GCM with a random nonce, bound to the
/// key's id.
pub struct Sealer(LessSafeKey);

impl Sealer {
    /// The sealer that belongs to this master secret.
    pub fn new(secret: &MasterSecret) -> Result<Self, KeyError> {
        let key = UnboundKey::new(&AES_256_GCM, &secret.derive("auth.keys")).map_err(|_| KeyError::NotMade)?;
        Ok(Self(LessSafeKey::new(key)))
    }

    /// Makes a key that signs from `signs_from` on.
    pub fn make_key(&self, now: Timestamp, signs_from: Timestamp) -> Result<KeyRow, KeyError> {
        // Version 1 of PKCS#8, the one that jsonwebtoken reads.
        let private = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()).map_err(|_| KeyError::NotMade)?;
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(private.as_ref()).map_err(|_| KeyError::NotMade)?;
        let public_key = pair.public_key().as_ref().to_vec();
        let kid = jwk(&public_key).thumbprint(ThumbprintHash::SHA256).map_err(|_| KeyError::NotMade)?;
        let sealed = self.seal(&kid, private.as_ref())?;
        Ok(KeyRow { kid, public_key, sealed, created_at: now, signs_from })
    }

    fn seal(&self, kid: &str, private: &[u8]) -> Result<Vec<u8>, KeyError> {
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).map_err(|_| KeyError::NotMade)?;
        let mut text = private.to_vec();
        self.0
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(kid), &mut text)
            .map_err(|_| KeyError::NotMade)?;
        Ok([&nonce[..], &text].concat())
    }

    fn open(&self, row: &KeyRow) -> Result<EncodingKey, KeyError> {
        let failed = || KeyError::NotOpened(row.kid.clone());
        let (nonce, sealed) = row.sealed.split_first_chunk::<NONCE_LEN>().ok_or_else(failed)?;
        let mut text = sealed.to_vec();
        let private = self
            .0
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(row.kid.as_str()), &mut text)
            .map_err(|_| failed())?;
        Ok(EncodingKey::from_ed_der(private))
    }
}

/// A key that signs, has signed, or will.
pub struct SigningKey {
    /// Its id.
    pub kid: String,
    /// Its private half.
    pub private: EncodingKey,
    public: Jwk,
    signs_from: Timestamp,
}

/// The keys at one moment, in the order in which they begin to sign.
#[derive(Default)]
pub struct KeySet(Vec<SigningKey>);

impl KeySet {
    /// Opens the keys that are kept.
    pub fn open(sealer: &Sealer, mut rows: Vec<KeyRow>) -> Result<Self, KeyError> {
        rows.sort_by(|a, b| (a.signs_from, &a.kid).cmp(&(b.signs_from, &b.kid)));
        let open = |row: KeyRow| {
            let private = sealer.open(&row)?;
            let mut public = jwk(&row.public_key);
            public.common.key_id = Some(row.kid.clone());
            Ok(SigningKey { kid: row.kid, private, public, signs_from: row.signs_from })
        };
        rows.into_iter().map(open).collect::<Result<_, _>>().map(Self)
    }

    /// The key that signs now; `None` when there is none yet. A clock that was set back gets the first key.
    pub fn current(&self, now: Timestamp) -> Option<&SigningKey> {
        self.0.iter().rfind(|key| key.signs_from <= now).or(self.0.first())
    }

    /// What is published now: the keys that will sign, the one that does, and those of which tokens may be alive.
    pub fn published(&self, now: Timestamp) -> JwkSet {
        let successors = self.0.iter().skip(1).map(|next| Some(next.signs_from)).chain([None]);
        let alive = |retired: Option<Timestamp>| retired.is_none_or(|at| now < at.plus(PUBLISHED_AFTER));
        let keys = self.0.iter().zip(successors).filter(|(_, retired)| alive(*retired));
        JwkSet { keys: keys.map(|(key, _)| key.public.clone()).collect() }
    }

    /// Whether these are the keys of those rows.
    pub fn is_of(&self, rows: &[KeyRow]) -> bool {
        self.0.len() == rows.len() && self.0.iter().all(|key| rows.iter().any(|row| row.kid == key.kid))
    }
}

fn jwk(public_key: &[u8]) -> Jwk {
    Jwk {
        common: CommonParameters {
            public_key_use: Some(PublicKeyUse::Signature),
            key_algorithm: Some(KeyAlgorithm::EdDSA),
            ..CommonParameters::default()
        },
        algorithm: AlgorithmParameters::OctetKeyPair(OctetKeyPairParameters {
            key_type: OctetKeyPairType::OctetKeyPair,
            curve: EllipticCurve::Ed25519,
            x: URL_SAFE_NO_PAD.encode(public_key),
        }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn set(sealer: &Sealer, starts: &[i64]) -> (Vec<String>, KeySet) {
        let rows: Vec<_> = starts.iter().map(|s| sealer.make_key(at(0), at(*s)).unwrap()).collect();
        (rows.iter().map(|row| row.kid.clone()).collect(), KeySet::open(sealer, rows).unwrap())
    }

    fn published(keys: &KeySet, now: i64) -> Vec<String> {
        keys.published(at(now)).keys.into_iter().filter_map(|key| key.common.key_id).collect()
    }

    #[test]
    fn a_new_key_is_published_before_it_signs_and_the_old_one_until_its_last_token_has_ended() {
        let sealer = Sealer::new(&MasterSecret::generate()).unwrap();
        let (kids, keys) = set(&sealer, &[0, 1060]);
        assert_eq!(keys.current(at(1059)).unwrap().kid, kids[0]);
        assert_eq!(published(&keys, 1000), kids);
        assert_eq!(keys.current(at(1060)).unwrap().kid, kids[1]);
        assert_eq!(published(&keys, 1060 + 35 * 60 - 1), kids);
        assert_eq!(published(&keys, 1060 + 35 * 60), kids[1..]);
    }

    #[test]
    fn a_sealed_key_opens_under_its_own_secret_and_id_alone() {
        let sealer = Sealer::new(&MasterSecret::generate()).unwrap();
        let row = sealer.make_key(at(0), at(0)).unwrap();
        assert!(sealer.open(&row).is_ok());
        assert!(sealer.open(&KeyRow { kid: "another".into(), ..row.clone() }).is_err());
        assert!(Sealer::new(&MasterSecret::generate()).unwrap().open(&row).is_err());
        assert!(sealer.open(&KeyRow { sealed: vec![1, 2, 3], ..row }).is_err());
    }

    #[test]
    fn what_is_published_holds_nothing_private() {
        let sealer = Sealer::new(&MasterSecret::generate()).unwrap();
        let (kids, keys) = set(&sealer, &[0]);
        let json = serde_json::to_value(keys.published(at(0))).unwrap();
        let key = json["keys"][0].as_object().unwrap();
        let mut names: Vec<_> = key.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x"]);
        assert_eq!(
            (&key["alg"], &key["crv"], &key["kid"]),
            (&"EdDSA".into(), &"Ed25519".into(), &kids[0].clone().into())
        );
    }
}
