//! Refresh tokens: what one looks like, and when one is good.
//!
//! A token names its session and its place in the session's chain, holds 256 bits that nobody can guess, and a tag by
//! which even one that was superseded long ago is known to be of our making. Its successor is computed from it under
//! a key of ours. So nothing but two hashes a session has to be kept, a lost answer is repeated word for word, and
//! the reuse of *any* earlier token is noticed, however long ago it was superseded.

use aws_lc_rs::{constant_time, digest, hmac, rand};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chatapp_http::MasterSecret;
use chatapp_types::{Secret, SessionId, Timestamp};
use time::Duration;
use uuid::Uuid;

use crate::store::{Hash, Presented};

/// By what a refresh token is known in a log or a leak scan.
const PREFIX: &str = "crt_";
const SESSION: usize = 16;
const GENERATION: usize = 4;
const SECRET: usize = 32;
const TAG: usize = 16;
const BODY: usize = SESSION + GENERATION + SECRET;

/// Makes and recognises refresh tokens.
pub struct RefreshKey(hmac::Key);

/// A refresh token of our making.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RefreshToken {
    session: SessionId,
    generation: u32,
    secret: [u8; SECRET],
}

impl RefreshKey {
    /// The key that belongs to this master secret.
    pub fn new(secret: &MasterSecret) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, &secret.derive("auth.refresh")))
    }

    /// The first token of a session. `None` when the operating system gives no random bytes.
    pub fn first(&self, session: SessionId) -> Option<RefreshToken> {
        let mut secret = [0; SECRET];
        rand::fill(&mut secret).ok()?;
        Some(RefreshToken { session, generation: 0, secret })
    }

    /// The token that follows `token`: always the same one.
    pub fn successor(&self, token: &RefreshToken) -> RefreshToken {
        let mut secret = [0; SECRET];
        secret.copy_from_slice(self.mac(b"successor", &token.body()).as_ref());
        RefreshToken { session: token.session, generation: token.generation.saturating_add(1), secret }
    }

    /// The token as a client gets it.
    pub fn write(&self, token: &RefreshToken) -> Secret {
        let mut bytes = token.body().to_vec();
        bytes.extend_from_slice(&self.mac(b"tag", &token.body()).as_ref()[..TAG]);
        Secret::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// The token in what a client sent; `None` for anything that is not of our making.
    pub fn read(&self, text: &Secret) -> Option<RefreshToken> {
        let encoded = text.expose().strip_prefix(PREFIX)?;
        if encoded.len() > 2 * (BODY + TAG) {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(encoded).ok()?;
        let (body, tag) = bytes.split_at_checked(BODY)?;
        constant_time::verify_slices_are_equal(tag, &self.mac(b"tag", body).as_ref()[..TAG]).ok()?;
        let (session, rest) = body.split_at(SESSION);
        let (generation, secret) = rest.split_at(GENERATION);
        Some(RefreshToken {
            session: SessionId(Uuid::from_slice(session).ok()?),
            generation: u32::from_be_bytes(generation.try_into().ok()?),
            secret: secret.try_into().ok()?,
        })
    }

    /// What the store needs to know of a token that was presented.
    pub fn presented(&self, token: &RefreshToken) -> Presented {
        Presented {
            session: token.session,
            generation: token.generation,
            hash: token.hash(),
            successor: self.successor(token).hash(),
        }
    }

    fn mac(&self, purpose: &[u8], body: &[u8]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(purpose);
        context.update(&[0]);
        context.update(body);
        context.sign()
    }
}

impl RefreshToken {
    /// The session that it belongs to.
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// What is kept of it.
    pub fn hash(&self) -> Hash {
        let mut hash = Hash::default();
        hash.copy_from_slice(digest::digest(&digest::SHA256, &self.body()).as_ref());
        hash
    }

    fn body(&self) -> [u8; BODY] {
        let mut body = [0; BODY];
        body[..SESSION].copy_from_slice(self.session.as_bytes());
        body[SESSION..SESSION + GENERATION].copy_from_slice(&self.generation.to_be_bytes());
        body[SESSION + GENERATION..].copy_from_slice(&self.secret);
        body
    }
}

/// The chain of a session, as it is kept.
#[derive(Clone, Copy, Debug)]
pub struct Chain {
    /// The place of the last token.
    pub generation: u32,
    /// Its hash; `None` when the session cannot be refreshed.
    pub last: Option<Hash>,
    /// The hash of the one before.
    pub previous: Option<Hash>,
    /// When the last one was made.
    pub rotated_at: Timestamp,
    /// When the session ends.
    pub expires_at: Timestamp,
}

/// What is to be done about a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Its successor becomes the last one.
    Rotate,
    /// Its successor is the last one already, and was made a moment ago: give it once more.
    Repeat,
    /// It was superseded longer ago, or its successor was: two have the chain, and one of them is not its owner.
    Revoke,
    /// It says nothing: the session has run out, or the token is ahead of the chain (as after a restored backup).
    Refuse,
}

/// Decides about a token that is known to be of our making and to belong to this chain's session.
pub fn decide(chain: &Chain, presented: &Presented, grace: Duration, now: Timestamp) -> Decision {
    let Some(last) = chain.last.filter(|_| now < chain.expires_at) else {
        return Decision::Refuse;
    };
    let same = |a: &Hash, b: &Hash| constant_time::verify_slices_are_equal(a, b).is_ok();
    if presented.generation == chain.generation {
        return if same(&presented.hash, &last) { Decision::Rotate } else { Decision::Refuse };
    }
    if presented.generation > chain.generation {
        return Decision::Refuse;
    }
    let just_superseded = presented.generation + 1 == chain.generation
        && chain.previous.is_some_and(|previous| same(&presented.hash, &previous))
        && same(&presented.successor, &last)
        && now <= chain.rotated_at.plus(grace);
    if just_superseded { Decision::Repeat } else { Decision::Revoke }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    const GRACE: Duration = Duration::seconds(30);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn key() -> RefreshKey {
        RefreshKey::new(&MasterSecret::generate())
    }

    /// A chain whose last token is the second one, made at second 100.
    fn chain(key: &RefreshKey) -> ([RefreshToken; 3], Chain) {
        let first = key.first(SessionId::new()).unwrap();
        let second = key.successor(&first);
        let chain = Chain {
            generation: 1,
            last: Some(second.hash()),
            previous: Some(first.hash()),
            rotated_at: at(100),
            expires_at: at(10_000),
        };
        ([first, second, key.successor(&second)], chain)
    }

    #[test]
    fn a_token_survives_the_wire_and_a_changed_one_does_not() {
        let key = key();
        let token = key.first(SessionId::new()).unwrap();
        let text = key.write(&token);
        assert!(key.read(&text).is_some_and(|read| read == token));
        for index in PREFIX.len()..text.expose().len() {
            let mut changed = text.expose().as_bytes().to_vec();
            changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
            let changed = Secret::new(String::from_utf8(changed).unwrap());
            assert!(key.read(&changed).is_none_or(|read| read == token), "a change at {index} was not noticed");
        }
        assert!(super::tests::key().read(&text).is_none(), "another installation's key reads it");
    }

    proptest! {
        #[test]
        fn any_text_is_no_token_and_never_a_panic(text in ".{0,200}", encoded in "[A-Za-z0-9_-]{0,200}") {
            let key = key();
            prop_assert!(key.read(&Secret::new(text)).is_none());
            let prefixed = Secret::new(format!("{PREFIX}{encoded}"));
            prop_assert!(key.read(&prefixed).is_none());
        }
    }

    #[test]
    fn a_token_holds_256_bits_and_its_hash_is_all_that_is_kept() {
        let key = key();
        let session = SessionId::new();
        let (a, b) = (key.first(session).unwrap(), key.first(session).unwrap());
        assert_ne!(a.secret, b.secret);
        assert_eq!(a.secret.len() * 8, 256);
    }

    #[test]
    fn the_successor_is_always_the_same_one() {
        let key = key();
        let token = key.first(SessionId::new()).unwrap();
        assert!(key.successor(&token) == key.successor(&token));
        assert_ne!(key.successor(&token).secret, token.secret);
    }

    #[test]
    fn the_last_token_rotates_the_one_before_repeats_and_an_older_one_revokes() {
        let key = key();
        let ([first, second, _], chain) = chain(&key);
        assert_eq!(decide(&chain, &key.presented(&second), GRACE, at(5_000)), Decision::Rotate);
        assert_eq!(decide(&chain, &key.presented(&first), GRACE, at(130)), Decision::Repeat);
        assert_eq!(decide(&chain, &key.presented(&first), GRACE, at(131)), Decision::Revoke);
    }

    #[test]
    fn a_token_superseded_twice_revokes_however_soon() {
        let key = key();
        let ([first, second, third], chain) = chain(&key);
        let chain = Chain { generation: 2, last: Some(third.hash()), previous: Some(second.hash()), ..chain };
        assert_eq!(decide(&chain, &key.presented(&first), GRACE, at(101)), Decision::Revoke);
    }

    #[test]
    fn a_session_that_has_run_out_or_fell_behind_its_tokens_refuses() {
        let key = key();
        let ([_, second, third], chain) = chain(&key);
        assert_eq!(decide(&chain, &key.presented(&second), GRACE, at(10_000)), Decision::Refuse);
        assert_eq!(decide(&chain, &key.presented(&third), GRACE, at(200)), Decision::Refuse);
        let chain = Chain { last: None, ..chain };
        assert_eq!(decide(&chain, &key.presented(&second), GRACE, at(200)), Decision::Refuse);
    }
}
