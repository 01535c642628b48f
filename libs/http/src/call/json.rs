//! Calls that carry JSON both ways.

use axum::body::Body;
use axum::http::{Method, Request, Response};
use bytes::Bytes;
use chatapp_types::{ErrorCode, Problem};
use http::{HeaderValue, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{CallError, ServiceClient};

/// An answer is no longer than this; the longest are pages of messages.
const ANSWER_MAX_BYTES: usize = 8 * 1024 * 1024;

impl ServiceClient {
    /// `GET`, with the user's token if there is one. An answer that is not 2xx is [`CallError::Problem`].
    pub async fn get_json<T: DeserializeOwned>(
        &self,
        path_and_query: &str,
        bearer: Option<&str>,
    ) -> Result<T, CallError> {
        self.exchange(Method::GET, path_and_query, Body::empty(), bearer).await
    }

    /// `POST` of a JSON body, with the user's token if there is one. An answer that is not 2xx is
    /// [`CallError::Problem`]; an empty one is read as `null`, so that `()` takes a 204.
    pub async fn post_json<B: Serialize + Sync, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
        bearer: Option<&str>,
    ) -> Result<T, CallError> {
        let body = serde_json::to_vec(body).map_err(|err| self.unusable(&err))?;
        self.exchange(Method::POST, path, Body::from(body), bearer).await
    }

    async fn exchange<T: DeserializeOwned>(
        &self,
        method: Method,
        path_and_query: &str,
        body: Body,
        bearer: Option<&str>,
    ) -> Result<T, CallError> {
        let sent = !method.is_safe();
        let mut request = Request::builder().method(method).uri(path_and_query);
        if sent {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        if let Some(token) = bearer {
            let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|err| self.unusable(&err))?;
            value.set_sensitive(true);
            request = request.header(header::AUTHORIZATION, value);
        }
        let request = request.body(body).map_err(|err| self.unusable(&err))?;
        let response = self.send(request).await?;
        let status = response.status();
        let bytes = collect(response).await.map_err(|()| CallError::Unavailable { sent })?;
        if !status.is_success() {
            return Err(CallError::Problem(problem(status, &bytes)));
        }
        let json: &[u8] = if bytes.is_empty() { b"null" } else { &bytes };
        serde_json::from_slice(json).map_err(|err| self.unusable(&err))
    }

    /// What we or the other service made cannot be used: a bug, told in the log.
    fn unusable(&self, err: &(dyn std::error::Error + 'static)) -> CallError {
        tracing::error!(service = self.name(), error = %crate::problem::chain(err), "service call is malformed");
        CallError::Problem(ErrorCode::Internal.into())
    }
}

async fn collect(response: Response<Body>) -> Result<Bytes, ()> {
    Limited::new(response.into_body(), ANSWER_MAX_BYTES)
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .map_err(|err| tracing::debug!(error = %err, "service call's answer could not be read"))
}

/// The problem that was answered; for an answer that is none, the bare one of its status.
fn problem(status: StatusCode, body: &[u8]) -> Problem {
    serde_json::from_slice(body).unwrap_or_else(|_| crate::problem::of_status(status))
}
