//! `/v1/auth`: getting in, staying in, getting out.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use chatapp_http::identity::ClientAddr;
use chatapp_http::{ApiResult, Audience, Caller, Json};
use chatapp_types::Problem;
use chatapp_types::auth::{ChangePasswordRequest, CredentialsRequest, RefreshRequest, Scope, TokenResponse};

use super::client_name::ClientName;
use crate::app::{Accounts, Entrant};

fn entrant(request: CredentialsRequest, ClientName(client): ClientName, address: ClientAddr) -> Entrant {
    let CredentialsRequest { username, password } = request;
    Entrant { username, password, client, network: address.network(), audience: Audience::App }
}

/// Makes an account
///
/// It is logged in to at once. A name that looks like a taken one (`раураl` like `paypal`) is taken.
#[utoipa::path(
    post, path = "/v1/auth/register", tag = "auth", security(()), request_body = CredentialsRequest,
    responses(
        (status = 201, description = "The account is made and logged in to.", body = TokenResponse),
        (status = 409, description = "`username_taken`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A name or password against the rules.", body = Problem,
         content_type = "application/problem+json"),
        (status = 429, description = "`throttled`: too many accounts from this address.", body = Problem,
         content_type = "application/problem+json"),
    )
)]
pub(super) async fn register_user(
    State(accounts): State<Arc<Accounts>>,
    address: ClientAddr,
    client: ClientName,
    Json(request): Json<CredentialsRequest>,
) -> ApiResult<(StatusCode, Json<TokenResponse>)> {
    let tokens = accounts.register(entrant(request, client, address)).await?;
    Ok((StatusCode::CREATED, Json(tokens)))
}

/// Logs in
///
/// An unknown name and a wrong password are one answer. Failed tries make the next ones wait, by account and by
/// address.
#[utoipa::path(
    post, path = "/v1/auth/login", tag = "auth", security(()), request_body = CredentialsRequest,
    responses(
        (status = 200, description = "Logged in.", body = TokenResponse),
        (status = 401, description = "`invalid_credentials`", body = Problem,
         content_type = "application/problem+json"),
        (status = 429, description = "`throttled`: wait for `Retry-After`.", body = Problem,
         content_type = "application/problem+json"),
    )
)]
pub(super) async fn login_user(
    State(accounts): State<Arc<Accounts>>,
    address: ClientAddr,
    client: ClientName,
    Json(request): Json<CredentialsRequest>,
) -> ApiResult<Json<TokenResponse>> {
    Ok(Json(accounts.login(entrant(request, client, address)).await?))
}

/// Gives another access token and the next refresh token
///
/// Each refresh token is for one use. For 30 seconds a used one gives the same successor again, for an answer that was
/// lost; after that its use ends the session, since somebody else must have it too.
#[utoipa::path(
    post, path = "/v1/auth/refresh", tag = "auth", security(()), request_body = RefreshRequest,
    responses(
        (status = 200, description = "The next tokens.", body = TokenResponse),
        (status = 401, description = "`invalid_refresh_token`: log in again.", body = Problem,
         content_type = "application/problem+json"),
    )
)]
pub(super) async fn refresh_session(
    State(accounts): State<Arc<Accounts>>,
    Json(request): Json<RefreshRequest>,
) -> ApiResult<Json<TokenResponse>> {
    Ok(Json(accounts.refresh(&request.refresh_token).await?))
}

/// Ends the session that asks
///
/// Its access token is refused everywhere within a second, and its sockets are closed. Needs the scope `account`: a
/// script's token is ended by its name.
#[utoipa::path(
    post, path = "/v1/auth/logout", tag = "auth",
    responses((status = 204, description = "The session has ended."))
)]
pub(super) async fn logout_session(State(accounts): State<Arc<Accounts>>, caller: Caller) -> ApiResult<StatusCode> {
    caller.require(Scope::Account)?;
    accounts.log_out(&caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Changes the password
///
/// Every other session of the account ends. Tokens for scripts stay valid; each can be revoked by itself. Needs the
/// scope `account`.
#[utoipa::path(
    put, path = "/v1/auth/password", tag = "auth", request_body = ChangePasswordRequest,
    responses(
        (status = 204, description = "The password is changed."),
        (status = 401, description = "`invalid_credentials`: the present password is another one.", body = Problem,
         content_type = "application/problem+json"),
        (status = 422, description = "The new password is against the rules.", body = Problem,
         content_type = "application/problem+json"),
        (status = 429, description = "`throttled`", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn change_password(
    State(accounts): State<Arc<Accounts>>,
    caller: Caller,
    address: ClientAddr,
    Json(request): Json<ChangePasswordRequest>,
) -> ApiResult<StatusCode> {
    caller.require(Scope::Account)?;
    let ChangePasswordRequest { current_password, new_password } = request;
    accounts.change_password(&caller, address.network(), &current_password, new_password).await?;
    Ok(StatusCode::NO_CONTENT)
}
