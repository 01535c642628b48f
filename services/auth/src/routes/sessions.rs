//! `/v1/auth/sessions`: where one is logged in.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use chatapp_http::{ApiResult, Caller, Json, PageQuery, Path, Query};
use chatapp_types::auth::{Scope, Session};
use chatapp_types::{Page, Problem, SessionId};

use crate::app::Accounts;

/// Lists the caller's sessions
///
/// Newest first. Needs the scope `account`.
#[utoipa::path(
    get, path = "/v1/auth/sessions", tag = "auth", params(PageQuery),
    responses((status = 200, description = "A page of sessions.", body = Page<Session>))
)]
pub(super) async fn list_sessions(
    State(accounts): State<Arc<Accounts>>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> ApiResult<Json<Page<Session>>> {
    caller.require(Scope::Account)?;
    let after = page.after()?;
    Ok(Json(accounts.sessions(&caller, after, page.limit()).await?))
}

/// Ends one of the caller's sessions
///
/// Its access token is refused everywhere within a second, and its sockets are closed. Needs the scope `account`.
#[utoipa::path(
    delete, path = "/v1/auth/sessions/{id}", tag = "auth",
    params(("id" = SessionId, Path, description = "The session.")),
    responses(
        (status = 204, description = "The session has ended."),
        (status = 404, description = "`session_not_found`", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn revoke_session(
    State(accounts): State<Arc<Accounts>>,
    caller: Caller,
    Path(id): Path<SessionId>,
) -> ApiResult<StatusCode> {
    caller.require(Scope::Account)?;
    accounts.end_session(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
