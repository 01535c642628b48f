//! `/v1/users/me/tokens`: tokens for scripts.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use chatapp_http::{ApiResult, Caller, Json, PageQuery, Query};
use chatapp_types::auth::{ApiToken, CreateApiTokenRequest, CreatedApiToken, RevokeApiTokenQuery, Scope};
use chatapp_types::{Page, Problem};

use crate::app::Accounts;

/// Lists the caller's tokens for scripts
///
/// Newest first, without their values. Needs the scope `account`.
#[utoipa::path(
    get, path = "/v1/users/me/tokens", tag = "users", params(PageQuery),
    responses((status = 200, description = "A page of tokens.", body = Page<ApiToken>))
)]
pub(super) async fn list_tokens(
    State(accounts): State<Arc<Accounts>>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> ApiResult<Json<Page<ApiToken>>> {
    caller.require(Scope::Account)?;
    let after = page.after()?;
    Ok(Json(accounts.api_tokens(&caller, after, page.limit()).await?))
}

/// Makes a token for scripts
///
/// Its value is in this answer and in no other. Scopes are `read`, `write`, `moderate`. Needs the scope `account`,
/// which no token for scripts has.
#[utoipa::path(
    post, path = "/v1/users/me/tokens", tag = "users", request_body = CreateApiTokenRequest,
    responses(
        (status = 201, description = "The token, this once.", body = CreatedApiToken),
        (status = 409, description = "`token_name_taken`, or `conflict` when there are too many.", body = Problem,
         content_type = "application/problem+json"),
        (status = 422, description = "A name, scope or end against the rules.", body = Problem,
         content_type = "application/problem+json"),
    )
)]
pub(super) async fn create_token(
    State(accounts): State<Arc<Accounts>>,
    caller: Caller,
    Json(request): Json<CreateApiTokenRequest>,
) -> ApiResult<(StatusCode, Json<CreatedApiToken>)> {
    caller.require(Scope::Account)?;
    let created = accounts.create_api_token(&caller, &request).await?;
    Ok((StatusCode::CREATED, Json(created)))
}

/// Ends a token for scripts
///
/// It is refused everywhere within a second, and its sockets are closed. Needs the scope `account`.
#[utoipa::path(
    delete, path = "/v1/users/me/tokens", tag = "users", params(RevokeApiTokenQuery),
    responses(
        (status = 204, description = "The token has ended."),
        (status = 404, description = "`token_not_found`", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn revoke_token(
    State(accounts): State<Arc<Accounts>>,
    caller: Caller,
    Query(query): Query<RevokeApiTokenQuery>,
) -> ApiResult<StatusCode> {
    caller.require(Scope::Account)?;
    accounts.revoke_api_token(&caller, &query.name).await?;
    Ok(StatusCode::NO_CONTENT)
}
