//! The caller of a handler.

use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use chatapp_types::auth::Scope;
use chatapp_types::{ErrorCode, Problem, SessionId, Timestamp, UserId, UserRef};
use http::request::Parts;
use http::{HeaderMap, header};

use super::{AuthFailure, TokenVerifier};
use crate::{ApiError, Audience};

/// A user whose access token was verified. As an extractor it takes `Authorization: Bearer` and accepts tokens of
/// [`Audience::App`] alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account.
    pub user: UserId,
    /// The account's name when the token was issued.
    pub username: String,
    /// The session, or the script's token.
    pub session: SessionId,
    /// What the token may do.
    pub scopes: Vec<Scope>,
    /// Which interface the token is for.
    pub audience: Audience,
    /// When the token ends.
    pub expires_at: Timestamp,
}

impl Caller {
    /// Id and name, as others see them.
    pub fn user_ref(&self) -> UserRef {
        UserRef { id: self.user, username: self.username.clone() }
    }

    /// 403 `insufficient_scope` unless the token has the scope.
    pub fn require(&self, scope: Scope) -> Result<(), Problem> {
        if self.scopes.contains(&scope) {
            return Ok(());
        }
        let detail = format!("this needs the scope `{}`", scope.as_str());
        Err(Problem::new(ErrorCode::InsufficientScope).with_detail(detail))
    }
}

/// A user of the original interface: the same, for tokens of [`Audience::V0`] alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct V0Caller(pub Caller);

/// The token of an `Authorization: Bearer` header; [`AuthFailure::Missing`] without exactly one.
fn bearer(headers: &HeaderMap) -> Result<&str, AuthFailure> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(AuthFailure::Missing);
    };
    let (scheme, token) = value.to_str().ok().and_then(|v| v.split_once(' ')).ok_or(AuthFailure::Missing)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(AuthFailure::Missing) }
}

async fn caller<S>(parts: &Parts, state: &S, audience: Audience) -> Result<Caller, ApiError>
where
    Arc<TokenVerifier>: FromRef<S>,
{
    let token = bearer(&parts.headers)?;
    let caller = Arc::<TokenVerifier>::from_ref(state).verify(token, audience).await?;
    tracing::Span::current().record("user.id", tracing::field::display(caller.user));
    Ok(caller)
}

impl<S> FromRequestParts<S> for Caller
where
    S: Send + Sync,
    Arc<TokenVerifier>: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        caller(parts, state, Audience::App).await
    }
}

impl<S> FromRequestParts<S> for V0Caller
where
    S: Send + Sync,
    Arc<TokenVerifier>: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        caller(parts, state, Audience::V0).await.map(Self)
    }
}
