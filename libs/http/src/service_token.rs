//! How one service knows another: a short token, signed with a key that only those two can derive.

use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use chatapp_types::{Clock, ErrorCode};
use http::HeaderMap;
use http::request::Parts;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize};

use crate::{ApiError, MasterSecret};

/// The header that carries the token.
pub const SERVICE_TOKEN_HEADER: &str = "x-service-token";
/// Seconds that a token lives.
const LIFE_S: i64 = 60;
/// Seconds that two machines' clocks may differ by.
const LEEWAY_S: i64 = 5;
/// Ours have some 150 bytes.
const TOKEN_MAX_BYTES: usize = 1_024;

#[derive(Serialize, Deserialize)]
struct ServiceClaims {
    aud: String,
    iat: i64,
    exp: i64,
}

/// Derives the keys of service tokens, one for each callee: HKDF of the master secret for `service.<callee>`.
#[derive(Debug)]
pub struct ServiceKeys(MasterSecret);

impl ServiceKeys {
    /// The keys that belong to this master secret.
    pub fn new(master: &MasterSecret) -> Self {
        Self(master.clone())
    }

    /// A token for one call to `callee`, good for 60 seconds.
    ///
    /// # Panics
    /// Never: signing with HMAC takes any key.
    pub fn mint(&self, callee: &str, clock: &dyn Clock) -> String {
        let now = clock.now().seconds();
        let claims = ServiceClaims { aud: callee.to_owned(), iat: now, exp: now + LIFE_S };
        let key = EncodingKey::from_secret(&self.key(callee));
        encode(&Header::new(Algorithm::HS256), &claims, &key).expect("HMAC signs with any key")
    }

    /// Whether the token is for `callee`, and now.
    fn accepts(&self, token: &str, callee: &str, clock: &dyn Clock) -> bool {
        if token.len() > TOKEN_MAX_BYTES || !decode_header(token).is_ok_and(|h| h.alg == Algorithm::HS256) {
            return false;
        }
        let mut rules = Validation::new(Algorithm::HS256);
        // The times are checked below, by the injected clock.
        rules.validate_exp = false;
        rules.validate_aud = false;
        rules.required_spec_claims.clear();
        let key = DecodingKey::from_secret(&self.key(callee));
        decode::<ServiceClaims>(token, &key, &rules).is_ok_and(|token| {
            let now = clock.now().seconds();
            let ServiceClaims { aud, iat, exp } = token.claims;
            aud == callee
                && exp.saturating_sub(iat) <= LIFE_S
                && iat <= now.saturating_add(LEEWAY_S)
                && now < exp.saturating_add(LEEWAY_S)
        })
    }

    fn key(&self, callee: &str) -> [u8; 32] {
        self.0.derive(&format!("service.{callee}"))
    }
}

/// What a service checks callers of its `/internal` routes by: the keys and its own name.
pub struct ServiceGate {
    keys: Arc<ServiceKeys>,
    name: &'static str,
    clock: Arc<dyn Clock>,
}

impl ServiceGate {
    /// The gate of the service `name`.
    pub fn new(keys: Arc<ServiceKeys>, name: &'static str, clock: Arc<dyn Clock>) -> Self {
        Self { keys, name, clock }
    }

    /// Whether the headers carry exactly one token and it is for this service, now.
    pub fn admits(&self, headers: &HeaderMap) -> bool {
        let mut tokens = headers.get_all(SERVICE_TOKEN_HEADER).iter();
        let (Some(token), None) = (tokens.next(), tokens.next()) else {
            return false;
        };
        token.to_str().is_ok_and(|token| self.keys.accepts(token, self.name, &*self.clock))
    }
}

/// Another service. Every handler under `/internal` takes one; to anybody else such a route is not there: 404
/// `not_found`, the same as for a path that does not exist.
#[derive(Clone, Copy, Debug)]
pub struct ServiceCaller(());

impl<S> FromRequestParts<S> for ServiceCaller
where
    S: Send + Sync,
    Arc<ServiceGate>: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        if Arc::<ServiceGate>::from_ref(state).admits(&parts.headers) {
            return Ok(Self(()));
        }
        Err(ErrorCode::NotFound.into())
    }
}
