//! Scripts' tokens, exchanged for access tokens (the phantom-token pattern).
//!
//! A script's token is opaque and lives long; the services know access tokens alone. The gateway asks auth for one in
//! exchange, keeps it for some seconds, and passes that on: so a script's token is checked in one place, and taking it
//! back works like ending a session.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chatapp_http::{AuthFailure, CallError, Revocations, ServiceClient};
use chatapp_types::{Problem, Secret, SessionId};
use moka::future::Cache;
use serde::{Deserialize, Serialize};

use super::{Client, RequestLimits};

/// What a script's token begins with.
pub(crate) const PREFIX: &str = "cat_";
/// How long an access token is used again; well below its life.
const KEPT_FOR: Duration = Duration::from_secs(30);
/// Scripts' tokens that are remembered.
const KEPT_MAX: u64 = 10_000;
/// Ours have some 50 bytes.
const TOKEN_MAX_BYTES: usize = 256;

/// Whether a bearer token is a script's.
pub(crate) fn is_script_token(token: &str) -> bool {
    token.starts_with(PREFIX)
}

/// What auth gives for a script's token.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Exchanged {
    /// An access token of a few minutes.
    pub(crate) access_token: Secret,
    /// The session it belongs to, which is the script's token's id.
    pub(crate) session_id: SessionId,
}

/// Where scripts' tokens are exchanged.
#[async_trait]
pub(crate) trait Exchange: Send + Sync + 'static {
    /// The access token for a script's token.
    async fn exchange(&self, token: &Secret) -> Result<Exchanged, CallError>;
}

#[derive(Serialize)]
struct ExchangeRequest<'a> {
    token: &'a Secret,
}

#[async_trait]
impl Exchange for ServiceClient {
    async fn exchange(&self, token: &Secret) -> Result<Exchanged, CallError> {
        self.post_json("/internal/tokens/exchange", &ExchangeRequest { token }, None).await
    }
}

/// The exchange, with a memory.
pub(crate) struct ScriptTokens {
    exchange: Arc<dyn Exchange>,
    revocations: Revocations,
    kept: Cache<String, Exchanged>,
}

impl ScriptTokens {
    /// Exchanges through `exchange`; what `revocations` says has ended is not used again.
    pub(crate) fn new(exchange: Arc<dyn Exchange>, revocations: Revocations) -> Self {
        let kept = Cache::builder().max_capacity(KEPT_MAX).time_to_live(KEPT_FOR).build();
        Self { exchange, revocations, kept }
    }

    /// What is remembered for the token, if its session has not ended since.
    pub(crate) async fn remembered(&self, token: &Secret) -> Option<Secret> {
        let kept = self.kept.get(token.expose()).await?;
        if self.revocations.is_revoked(kept.session_id) == Ok(false) {
            return Some(kept.access_token);
        }
        self.kept.invalidate(token.expose()).await;
        None
    }

    /// As [`ScriptTokens::access_token`], for a request: a token that is not remembered costs auth a look-up, so it counts for
    /// the address until it has proved good.
    pub(crate) async fn exchange_for(
        &self,
        client: &Client,
        token: &Secret,
        limits: &RequestLimits,
    ) -> Result<Secret, Problem> {
        if let Some(access_token) = self.remembered(token).await {
            return Ok(access_token);
        }
        limits.check_address(client)?;
        self.access_token(token).await
    }

    /// An access token for the script's token: the remembered one, or one that auth gives now. Many who ask at once
    /// cause one exchange.
    pub(crate) async fn access_token(&self, token: &Secret) -> Result<Secret, Problem> {
        if token.expose().len() > TOKEN_MAX_BYTES {
            return Err(AuthFailure::Invalid.into());
        }
        if let Some(access_token) = self.remembered(token).await {
            return Ok(access_token);
        }
        let exchanged = self
            .kept
            .try_get_with(token.expose().to_owned(), self.exchange.exchange(token))
            .await
            .map_err(|err| of_this_request(CallError::clone(&err).into()))?;
        Ok(exchanged.access_token)
    }
}

/// The problem as the caller's: what auth says of the exchange names a path and a request that the caller never made.
fn of_this_request(problem: Problem) -> Problem {
    Problem { instance: None, trace_id: None, ..problem }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::atomic::{AtomicU32, Ordering};

    use chatapp_types::{ErrorCode, Timestamp};

    use super::*;

    struct Auth {
        session_id: SessionId,
        asked: AtomicU32,
    }

    #[async_trait]
    impl Exchange for Auth {
        async fn exchange(&self, token: &Secret) -> Result<Exchanged, CallError> {
            let n = self.asked.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            if token.expose() == "cat_good" {
                return Ok(Exchanged { access_token: format!("jwt{n}").into(), session_id: self.session_id });
            }
            let mut problem = Problem::from(ErrorCode::Unauthenticated);
            problem.instance = Some("/internal/tokens/exchange".to_owned());
            problem.trace_id = Some("of-the-exchange".to_owned());
            Err(CallError::Problem(problem))
        }
    }

    fn scene() -> (Arc<Auth>, Revocations, ScriptTokens) {
        let auth = Arc::new(Auth { session_id: SessionId::new(), asked: AtomicU32::new(0) });
        let revocations = Revocations::fixed();
        let tokens = ScriptTokens::new(auth.clone(), revocations.clone());
        (auth, revocations, tokens)
    }

    #[tokio::test]
    async fn a_token_is_exchanged_once_for_many_calls() {
        let (auth, _, tokens) = scene();
        let token = Secret::new("cat_good");
        let (a, b) = tokio::join!(tokens.access_token(&token), tokens.access_token(&token));
        assert_eq!((a.unwrap().expose(), b.unwrap().expose()), ("jwt0", "jwt0"));
        assert_eq!(tokens.access_token(&token).await.unwrap().expose(), "jwt0");
        assert_eq!(auth.asked.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn what_was_taken_back_is_not_used_again() {
        let (auth, revocations, tokens) = scene();
        let token = Secret::new("cat_good");
        tokens.access_token(&token).await.unwrap();
        revocations.note(auth.session_id, Timestamp::from_millis(0));
        assert!(tokens.remembered(&token).await.is_none());
        assert_eq!(tokens.access_token(&token).await.unwrap().expose(), "jwt1", "auth decides anew");
    }

    #[tokio::test]
    async fn a_refusal_is_not_remembered_and_passed_on() {
        let (auth, _, tokens) = scene();
        for _ in 0..2 {
            let problem = tokens.access_token(&Secret::new("cat_bad")).await.unwrap_err();
            assert_eq!(problem.code, ErrorCode::Unauthenticated);
            assert_eq!((problem.instance, problem.trace_id), (None, None), "the caller made no such request");
        }
        assert_eq!(auth.asked.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn an_overlong_token_is_refused_without_asking() {
        let (auth, _, tokens) = scene();
        assert!(tokens.access_token(&Secret::new(format!("cat_{}", "x".repeat(300)))).await.is_err());
        assert_eq!(auth.asked.load(Ordering::SeqCst), 0);
    }
}
