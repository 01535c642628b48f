//! Access tokens: short-lived JWTs, signed with `EdDSA`.

use std::sync::Arc;

use chatapp_http::claims::ISSUER;
use chatapp_http::{Audience, Claims};
use chatapp_types::auth::Scope;
use chatapp_types::{Clock, Secret, SessionId, UserRef};
use jsonwebtoken::{Algorithm, Header};

use super::keys::KeyRing;
use crate::error::{AuthError, AuthResult};

/// What a token is issued for.
pub struct Grant<'a> {
    /// Who.
    pub user: &'a UserRef,
    /// By which session.
    pub session: SessionId,
    /// For which interface.
    pub audience: Audience,
    /// What it may do.
    pub scopes: &'a [Scope],
    /// Seconds that it lives.
    pub life_s: u32,
}

/// Issues access tokens.
pub struct Issuer {
    keys: Arc<KeyRing>,
    clock: Arc<dyn Clock>,
}

impl Issuer {
    /// An issuer that signs with these keys.
    pub fn new(keys: Arc<KeyRing>, clock: Arc<dyn Clock>) -> Self {
        Self { keys, clock }
    }

    /// Signs a token with the key whose time it is.
    pub fn issue(&self, grant: &Grant<'_>) -> AuthResult<Secret> {
        let now = self.clock.now();
        let iat = now.seconds();
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: grant.audience,
            sub: grant.user.id,
            name: grant.user.username.clone(),
            sid: grant.session,
            scope: words(grant.scopes),
            iat,
            exp: iat + i64::from(grant.life_s),
        };
        let keys = self.keys.current();
        let key = keys.current(now).ok_or_else(|| AuthError::Internal("there is no signing key".to_owned()))?;
        let header = Header { kid: Some(key.kid.clone()), ..Header::new(Algorithm::EdDSA) };
        let token = jsonwebtoken::encode(&header, &claims, &key.private);
        token.map(Secret::new).map_err(|e| AuthError::Internal(format!("a token cannot be signed: {e}")))
    }
}

/// Scopes as the claim, and the database, have them: words separated by blanks.
pub fn words(scopes: &[Scope]) -> String {
    scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ")
}
