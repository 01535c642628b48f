//! From a token to a caller.

use std::sync::Arc;

use chatapp_types::auth::Scope;
use chatapp_types::{Clock, SessionId, Timestamp, UserId};
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header};
use serde::Deserialize;

use super::keys::{KeyRing, KeySource};
use super::verified::Verified;
use super::{AuthFailure, Caller, Revocations};
use crate::Audience;
use crate::claims::ISSUER;

/// Clocks of two machines may differ by so much.
const LEEWAY_MS: i64 = 5_000;
/// Ours have some 500 bytes; a longer one is refused unread.
const TOKEN_MAX_BYTES: usize = 4_096;

/// Verifies access tokens. Share one in a service: it keeps the keys and the tokens it has seen.
pub struct TokenVerifier {
    keys: Arc<KeyRing>,
    verified: Verified,
    revocations: Revocations,
    clock: Arc<dyn Clock>,
}

/// The claims, with what a foreign issuer might add. Numbers are numbers: text in their place is an error.
#[derive(Deserialize)]
struct SignedClaims {
    iss: String,
    aud: Audience,
    sub: UserId,
    name: String,
    sid: SessionId,
    scope: String,
    iat: i64,
    exp: i64,
    #[serde(default)]
    nbf: Option<i64>,
}

impl TokenVerifier {
    /// A verifier that fetches keys when the first token comes.
    pub fn new(source: Arc<dyn KeySource>, revocations: Revocations, clock: Arc<dyn Clock>) -> Self {
        let keys = Arc::new(KeyRing::new(source, clock.clone()));
        Self { keys, verified: Verified::default(), revocations, clock }
    }

    /// Who shows this token, if it is good for `aud` now.
    ///
    /// The order of the checks is the order of [`AuthFailure`]'s variants: a revoked session is told only to one who
    /// holds a token that is good otherwise. May wait for auth when the key is new. Cancel-safe.
    pub async fn verify(&self, token: &str, aud: Audience) -> Result<Caller, AuthFailure> {
        if token.is_empty() {
            return Err(AuthFailure::Missing);
        }
        let caller = self.signed(token).await?;
        if caller.audience != aud {
            return Err(AuthFailure::Invalid);
        }
        if self.clock.now().millis() >= caller.expires_at.millis() + LEEWAY_MS {
            return Err(AuthFailure::Expired);
        }
        match self.revocations.is_revoked(caller.session) {
            Ok(false) => Ok(caller),
            Ok(true) => Err(AuthFailure::Revoked),
            Err(_) => Err(AuthFailure::Unavailable),
        }
    }

    /// What is known of revocations; the same handle that was given to [`TokenVerifier::new`].
    pub fn revocations(&self) -> &Revocations {
        &self.revocations
    }

    /// The caller that the token names, once its signature and form are found good.
    async fn signed(&self, token: &str) -> Result<Caller, AuthFailure> {
        if token.len() > TOKEN_MAX_BYTES {
            return Err(AuthFailure::Invalid);
        }
        let hash = Verified::hash(token);
        if let Some(caller) = self.verified.get(&hash, &self.keys.current()) {
            return Ok(caller);
        }
        let header = decode_header(token).map_err(|_| AuthFailure::Invalid)?;
        let kid = acceptable(&header)?;
        let (key, set) = self.keys.get(kid).await?;
        let claims = decode::<SignedClaims>(token, &key, &rules()).map_err(|_| AuthFailure::Invalid)?.claims;
        let caller = self.believed(claims)?;
        self.verified.put(hash, caller.clone(), set);
        Ok(caller)
    }

    /// What of the claims does not change with time.
    fn believed(&self, claims: SignedClaims) -> Result<Caller, AuthFailure> {
        let now_s = self.clock.now().seconds();
        let leeway_s = LEEWAY_MS / 1000;
        let life = claims.exp.checked_sub(claims.iat).ok_or(AuthFailure::Invalid)?;
        let lives_too_long = life > claims.aud.max_life_s();
        let from_the_future = claims.iat.max(claims.nbf.unwrap_or(claims.iat)) > now_s.saturating_add(leeway_s);
        if claims.iss != ISSUER || lives_too_long || from_the_future {
            return Err(AuthFailure::Invalid);
        }
        Ok(Caller {
            user: claims.sub,
            username: claims.name,
            session: claims.sid,
            scopes: claims.scope.split_ascii_whitespace().filter_map(|word| word.parse::<Scope>().ok()).collect(),
            audience: claims.aud,
            expires_at: Timestamp::from_millis(claims.exp.saturating_mul(1000)),
        })
    }
}

/// The `kid` of a header that could be ours. The algorithm is ours to choose, not the token's; and a header that
/// brings its own key, says where to fetch one, or asks for extensions is not ours.
fn acceptable(header: &Header) -> Result<&str, AuthFailure> {
    let brings_key = header.jku.is_some()
        || header.jwk.is_some()
        || header.x5u.is_some()
        || header.x5c.is_some()
        || header.x5t.is_some()
        || header.x5t_s256.is_some();
    let extended = header.crit.is_some() || header.enc.is_some() || header.zip.is_some();
    let typed = header.typ.as_deref().is_none_or(|typ| typ.eq_ignore_ascii_case("jwt"));
    if header.alg != Algorithm::EdDSA || brings_key || extended || !typed {
        return Err(AuthFailure::Invalid);
    }
    header.kid.as_deref().filter(|kid| !kid.is_empty()).ok_or(AuthFailure::Invalid)
}

/// The signature alone: times are checked here by the injected clock, and the rest with them.
fn rules() -> Validation {
    let mut rules = Validation::new(Algorithm::EdDSA);
    rules.validate_exp = false;
    rules.validate_aud = false;
    rules.required_spec_claims.clear();
    rules
}
