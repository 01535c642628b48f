//! The original API's calls of accounts, as the gateway passes them on: paths, bodies and texts are what its client
//! expects, errors `{"detail": …}`.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use chatapp_http::identity::ClientAddr;
use chatapp_http::{ApiError, Audience, Json, Path, ServiceCaller};
use chatapp_types::auth::TokenResponse;
use chatapp_types::{ErrorCode, FieldError, Secret};
use serde::Deserialize;
use serde_json::{Value, json};

use super::AppState;
use super::client_name::ClientName;
use crate::app::{Accounts, Entrant};
use crate::error::AuthError;

/// The body of both calls. Fields that the original does not know are passed over, as it passes over them.
#[derive(Debug, Deserialize)]
struct V0Credentials {
    username: String,
    password: Secret,
}

/// An error as the original client reads it.
struct V0Error {
    status: StatusCode,
    detail: Value,
    retry_after_s: Option<u64>,
}

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/internal/v0/users/exists/{username}", get(v0_check_user))
        .route("/internal/v0/users/register", post(v0_register_user))
        .route("/internal/v0/users/login", post(v0_login_user))
}

async fn v0_check_user(
    _: ServiceCaller,
    State(accounts): State<Arc<Accounts>>,
    Path(username): Path<String>,
) -> Result<Json<Value>, V0Error> {
    let exists = accounts.exists(&username).await?;
    Ok(Json(json!({ "exists": exists })))
}

async fn v0_register_user(
    _: ServiceCaller,
    State(accounts): State<Arc<Accounts>>,
    address: ClientAddr,
    client: ClientName,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Value>, V0Error> {
    let tokens = accounts.register(entrant(body, client, address)?).await?;
    Ok(answer(&tokens))
}

async fn v0_login_user(
    _: ServiceCaller,
    State(accounts): State<Arc<Accounts>>,
    address: ClientAddr,
    client: ClientName,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Value>, V0Error> {
    let tokens = accounts.login_v0(entrant(body, client, address)?).await?;
    Ok(answer(&tokens))
}

fn answer(tokens: &TokenResponse) -> Json<Value> {
    Json(json!({ "access_token": tokens.access_token, "token_type": "bearer" }))
}

fn entrant(
    body: Result<Bytes, BytesRejection>,
    ClientName(client): ClientName,
    address: ClientAddr,
) -> Result<Entrant, V0Error> {
    let body = body.map_err(|_| V0Error::text(StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::TooLarge.title()))?;
    let V0Credentials { username, password } = serde_json::from_slice(&body).map_err(|error| {
        // Only the place is told: serde's message may repeat the input.
        let message = format!("expected username and password as JSON texts (column {})", error.column());
        V0Error::invalid(&[json!({ "loc": ["body"], "msg": message, "type": "value_error.jsondecode" })])
    })?;
    Ok(Entrant { username, password, client, network: address.network(), audience: Audience::V0 })
}

impl V0Error {
    fn text(status: StatusCode, detail: &str) -> Self {
        Self { status, detail: detail.into(), retry_after_s: None }
    }

    fn invalid(errors: &[Value]) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, detail: errors.into(), retry_after_s: None }
    }
}

fn field(error: &FieldError) -> Value {
    json!({ "loc": ["body", error.field], "msg": error.message, "type": format!("value_error.{}", error.code) })
}

impl From<AuthError> for V0Error {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Refused(ErrorCode::UsernameTaken) => {
                Self::text(StatusCode::BAD_REQUEST, "Username already registered.")
            }
            AuthError::Refused(ErrorCode::UserNotFound) => {
                Self::text(StatusCode::BAD_REQUEST, "User not found. Please register.")
            }
            AuthError::Refused(ErrorCode::InvalidCredentials) => {
                Self::text(StatusCode::UNAUTHORIZED, "Incorrect password.")
            }
            AuthError::Invalid(errors) => Self::invalid(&errors.iter().map(field).collect::<Vec<_>>()),
            other => {
                let problem = ApiError::from(other).into_problem();
                let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let retry_after_s = problem.retry_after_s;
                Self { retry_after_s, ..Self::text(status, problem.detail.as_deref().unwrap_or(&problem.title)) }
            }
        }
    }
}

impl IntoResponse for V0Error {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(json!({ "detail": self.detail }))).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}
