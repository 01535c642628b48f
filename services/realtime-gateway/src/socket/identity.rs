//! Who a socket belongs to.

use std::sync::Arc;

use async_trait::async_trait;
use chatapp_http::{Audience, AuthFailure, Caller, TokenVerifier};
use chatapp_types::{Problem, Secret};

use crate::edge::{Client, RequestLimits, ScriptTokens, is_script_token};

/// A caller with the token that proves it.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    /// Who, in which session, until when.
    pub(crate) caller: Caller,
    /// The access token that is passed on to the services.
    pub(crate) token: Secret,
    /// The script's token that it was got for, and another can be got for.
    pub(crate) script: Option<Secret>,
}

/// Where tokens are checked.
#[async_trait]
pub(crate) trait Tokens: Send + Sync + 'static {
    /// Who the token belongs to.
    async fn identify(&self, client: &Client, token: Secret) -> Result<Identity, Problem>;
}

/// The check of access tokens and of scripts' tokens, counted where it fails.
pub(crate) struct TokenDesk {
    pub(crate) verifier: Arc<TokenVerifier>,
    pub(crate) scripts: Arc<ScriptTokens>,
    pub(crate) limits: Arc<RequestLimits>,
}

#[async_trait]
impl Tokens for TokenDesk {
    async fn identify(&self, client: &Client, token: Secret) -> Result<Identity, Problem> {
        let script = is_script_token(token.expose()).then(|| token.clone());
        let token = match &script {
            Some(script) => self.scripts.exchange_for(client, script, &self.limits).await?,
            None => token,
        };
        match self.verifier.verify(token.expose(), Audience::App).await {
            Ok(caller) => Ok(Identity { caller, token, script }),
            Err(failure) => {
                if failure == AuthFailure::Invalid {
                    // Guessing costs: a token that is nobody's counts for its address.
                    self.limits.check_address(client)?;
                }
                Err(failure.into())
            }
        }
    }
}
