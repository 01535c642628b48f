//! Tokens for scripts: named, scoped, long-lived, and shown once.
//!
//! What a script sends is opaque. The gateway exchanges it here for a short-lived access token whose session is the
//! token's id, so that the services behind it see access tokens alone, and ending the token is ending its session.

use aws_lc_rs::{digest, rand};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chatapp_http::{Audience, Caller};
use chatapp_types::auth::{ApiToken, CreateApiTokenRequest, CreatedApiToken, Scope};
use chatapp_types::names::visible_line;
use chatapp_types::{ErrorCode, FieldError, Page, Secret, SessionId, Timestamp};

use super::Accounts;
use super::access::Grant;
use crate::error::{AuthError, AuthResult};
use crate::store::{Hash, NewApiToken, StoredApiToken};

/// By what a token is known, to the gateway and in a leak scan.
const PREFIX: &str = "cat_";
/// Bytes of a token that nobody can guess.
const SECRET_BYTES: usize = 32;
/// No token is longer.
const TOKEN_MAX_BYTES: usize = 128;
/// Characters of a token's name.
const NAME_MAX_CHARS: usize = 64;

/// What an exchange gives.
#[derive(Clone, Debug)]
pub struct Exchanged {
    /// The access token.
    pub access_token: Secret,
    /// Seconds that it lives.
    pub expires_in: u64,
    /// Its session: the token's id.
    pub session_id: SessionId,
}

/// The name, scopes and end of a token to be made, or everything that is wrong with them.
fn check(
    request: &CreateApiTokenRequest,
    now: Timestamp,
) -> Result<(String, Vec<Scope>, Option<Timestamp>), Vec<FieldError>> {
    let mut errors = Vec::new();
    let name = visible_line("name", &request.name, NAME_MAX_CHARS).unwrap_or_else(|error| {
        errors.push(error);
        String::new()
    });
    if errors.is_empty() && name.is_empty() {
        errors.push(FieldError::new("name", "too_short", "at least 1 character"));
    }
    let mut scopes = request.scopes.clone().unwrap_or_else(|| vec![Scope::Read, Scope::Write]);
    scopes.sort_unstable();
    scopes.dedup();
    if scopes.is_empty() {
        errors.push(FieldError::new("scopes", "required", "at least one scope"));
    }
    if scopes.contains(&Scope::Account) {
        errors.push(FieldError::new("scopes", "out_of_range", "only a log-in has the scope `account`"));
    }
    if request.expires_at.is_some_and(|end| end <= now) {
        errors.push(FieldError::new("expires_at", "out_of_range", "in the future"));
    }
    if errors.is_empty() { Ok((name, scopes, request.expires_at)) } else { Err(errors) }
}

fn hash_of(token: &str) -> Hash {
    let mut hash = Hash::default();
    hash.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
    hash
}

fn new_token() -> AuthResult<Secret> {
    let mut bytes = [0; SECRET_BYTES];
    rand::fill(&mut bytes).map_err(|_| AuthError::Internal("the operating system gives no random bytes".into()))?;
    Ok(Secret::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))))
}

impl Accounts {
    /// Makes a token. Its value is in this answer and nowhere else.
    ///
    /// Refuses: 422, `token_name_taken`, `conflict` when the account has too many.
    pub async fn create_api_token(
        &self,
        caller: &Caller,
        request: &CreateApiTokenRequest,
    ) -> AuthResult<CreatedApiToken> {
        let now = self.clock.now();
        let (name, scopes, expires_at) = check(request, now).map_err(AuthError::Invalid)?;
        let value = new_token()?;
        let token = NewApiToken {
            id: SessionId::new(),
            user: caller.user,
            name: name.clone(),
            hash: hash_of(value.expose()),
            scopes: scopes.clone(),
            now,
            expires_at,
        };
        let id = token.id;
        self.store.create_api_token(token, self.config.tokens.script_tokens_max).await?;
        tracing::info!(user.id = %caller.user, session.id = %id, "script token made");
        let info = ApiToken { id, name, scopes, created_at: now, expires_at, last_used_at: None };
        Ok(CreatedApiToken { info, token: value })
    }

    /// A page of the caller's tokens, newest first; the key of the next page is the last one's id.
    pub async fn api_tokens(
        &self,
        caller: &Caller,
        after: Option<SessionId>,
        limit: u32,
    ) -> AuthResult<Page<ApiToken>> {
        let stored = self.store.list_api_tokens(caller.user, after, limit + 1).await?;
        Ok(Page::from_surplus(stored.into_iter().map(shown).collect(), limit as usize, |token: &ApiToken| token.id))
    }

    /// Ends a token of the caller. Refuses: `token_not_found`.
    pub async fn revoke_api_token(&self, caller: &Caller, name: &str) -> AuthResult<()> {
        let name = visible_line("name", name, NAME_MAX_CHARS).map_err(|_| ErrorCode::TokenNotFound)?;
        self.store.revoke_api_token(caller.user, name, self.clock.now()).await?;
        tracing::info!(user.id = %caller.user, "script token ended");
        Ok(())
    }

    /// An access token for a script's token, never outliving it. Refuses: `unauthenticated`, whatever is wrong with it.
    pub async fn exchange_api_token(&self, token: &Secret) -> AuthResult<Exchanged> {
        let text = token.expose();
        if text.len() > TOKEN_MAX_BYTES || !text.starts_with(PREFIX) {
            return Err(ErrorCode::Unauthenticated.into());
        }
        let now = self.clock.now();
        let found = self.store.use_api_token(hash_of(text), now).await?.ok_or(ErrorCode::Unauthenticated)?;
        let left_s = found.token.expires_at.map_or(i64::MAX, |end| end.seconds() - now.seconds());
        let life_s = u32::try_from(left_s).unwrap_or(u32::MAX).min(self.config.tokens.script_s);
        if left_s <= 0 {
            return Err(ErrorCode::Unauthenticated.into());
        }
        let session_id = found.token.id;
        let grant = Grant {
            user: &found.user,
            session: session_id,
            audience: Audience::App,
            scopes: &found.token.scopes,
            life_s,
        };
        let access_token = self.issuer.issue(&grant)?;
        Ok(Exchanged { access_token, expires_in: u64::from(life_s), session_id })
    }
}

fn shown(token: StoredApiToken) -> ApiToken {
    ApiToken {
        id: token.id,
        name: token.name,
        scopes: token.scopes,
        created_at: token.created_at,
        expires_at: token.expires_at,
        last_used_at: token.last_used_at,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn request(name: &str, scopes: Option<Vec<Scope>>, expires_at: Option<i64>) -> CreateApiTokenRequest {
        CreateApiTokenRequest { name: name.into(), scopes, expires_at: expires_at.map(Timestamp::from_millis) }
    }

    fn fields(request: &CreateApiTokenRequest) -> Vec<(String, String)> {
        let errors = check(request, Timestamp::from_millis(1_000)).unwrap_err();
        errors.into_iter().map(|e| (e.field, e.code)).collect()
    }

    #[test]
    fn a_token_reads_and_writes_unless_said_otherwise() {
        let (name, scopes, end) = check(&request(" backup ", None, None), Timestamp::from_millis(0)).unwrap();
        assert_eq!((name.as_str(), scopes, end), ("backup", vec![Scope::Read, Scope::Write], None));
    }

    #[test]
    fn a_token_never_manages_the_account() {
        let all = fields(&request("x", Some(Scope::ALL.to_vec()), None));
        assert_eq!(all, [("scopes".to_owned(), "out_of_range".to_owned())]);
        assert_eq!(fields(&request("x", Some(vec![]), None)), [("scopes".to_owned(), "required".to_owned())]);
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let wrong = fields(&request("\u{7}", None, Some(1_000)));
        assert_eq!(
            wrong,
            [("name", "bad_characters"), ("expires_at", "out_of_range")].map(|(f, c)| (f.into(), c.into()))
        );
    }
}
