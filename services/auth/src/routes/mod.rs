//! The HTTP side of accounts: what comes in is parsed, a use case is called, its answer is written. No rule is here.

mod auth;
mod client_name;
mod internal;
mod keys;
mod sessions;
mod tokens;
mod users;
mod v0;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use chatapp_http::openapi::Conventions;
use chatapp_http::{ServiceGate, TokenVerifier};
use utoipa::{Modify as _, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Accounts;

/// What handlers work with.
#[derive(Clone, FromRef)]
pub(crate) struct AppState {
    /// The use cases.
    pub(crate) accounts: Arc<Accounts>,
    /// Verifies callers.
    pub(crate) verifier: Arc<TokenVerifier>,
    /// Lets other services in.
    pub(crate) gate: Arc<ServiceGate>,
}

#[derive(OpenApi)]
#[openapi(
    tags(
        (name = "auth", description = "Getting in, staying in, getting out."),
        (name = "users", description = "Accounts, and tokens for scripts."),
    )
)]
struct Description;

/// All routes, without layers, and the description of the public ones.
pub(crate) fn router(state: AppState) -> (Router, utoipa::openapi::OpenApi) {
    let (public, mut openapi) = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(auth::register_user))
        .routes(routes!(auth::login_user))
        .routes(routes!(auth::refresh_session))
        .routes(routes!(auth::logout_session))
        .routes(routes!(auth::change_password))
        .routes(routes!(sessions::list_sessions))
        .routes(routes!(sessions::revoke_session))
        .routes(routes!(users::get_me, users::delete_me))
        .routes(routes!(users::get_user))
        .routes(routes!(tokens::list_tokens, tokens::create_token, tokens::revoke_token))
        .routes(routes!(keys::get_signing_keys))
        .split_for_parts();
    // After the routes were added: it goes through all operations.
    Conventions.modify(&mut openapi);
    let router = public.merge(internal::router(openapi.clone())).merge(v0::router()).with_state(state);
    (router, openapi)
}
