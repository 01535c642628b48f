//! `/v1/users`: accounts.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use chatapp_http::identity::ClientAddr;
use chatapp_http::{ApiResult, Caller, Json, Path};
use chatapp_types::Problem;
use chatapp_types::auth::{DeleteAccountRequest, Scope, User};

use crate::app::Accounts;

/// Shows who one is
///
/// Any valid token may ask, whatever its scopes.
#[utoipa::path(
    get, path = "/v1/users/me", tag = "users",
    responses((status = 200, description = "The caller.", body = User))
)]
pub(super) async fn get_me(State(accounts): State<Arc<Accounts>>, caller: Caller) -> ApiResult<Json<User>> {
    Ok(Json(accounts.me(&caller).await?))
}

/// Shows an account by its name
///
/// Needs the scope `read`.
#[utoipa::path(
    get, path = "/v1/users/{username}", tag = "users",
    params(("username" = String, Path, description = "The account's name, however it is capitalised.")),
    responses(
        (status = 200, description = "The account.", body = User),
        (status = 404, description = "`user_not_found`", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get_user(
    State(accounts): State<Arc<Accounts>>,
    caller: Caller,
    Path(username): Path<String>,
) -> ApiResult<Json<User>> {
    caller.require(Scope::Read)?;
    Ok(Json(accounts.user(&username).await?))
}

/// Deletes the caller's account
///
/// Every session and token ends, the name becomes free, and what was written stays, authored by "deleted user". Rooms
/// one owns must be transferred or deleted first. Needs the scope `account`.
#[utoipa::path(
    delete, path = "/v1/users/me", tag = "users", request_body = DeleteAccountRequest,
    responses(
        (status = 204, description = "The account is deleted."),
        (status = 401, description = "`invalid_credentials`: the password is another one.", body = Problem,
         content_type = "application/problem+json"),
        (status = 409, description = "`owns_rooms`", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "`throttled`", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn delete_me(
    State(accounts): State<Arc<Accounts>>,
    caller: Caller,
    address: ClientAddr,
    Json(request): Json<DeleteAccountRequest>,
) -> ApiResult<StatusCode> {
    caller.require(Scope::Account)?;
    accounts.delete_account(&caller, address.network(), &request.password).await?;
    Ok(StatusCode::NO_CONTENT)
}
