//! Version 0: the original's interface, answered for the clients that people still have.
//!
//! The services form the answers; here are the paths, who may come, and the live socket. `CHATAPP_V0_API=off` takes all
//! of it away.

mod answer;
mod calls;
mod conversation;
mod rest;
mod socket;
#[cfg(test)]
mod tests;

use axum::Router;
use axum::routing::{any, get, post};

use crate::state::Gateway;

/// The routes of version 0.
pub(crate) fn router() -> Router<Gateway> {
    Router::new()
        .route("/users/exists/{username}", get(rest::pass_to_auth))
        .route("/users/register", post(rest::pass_to_auth))
        .route("/users/login", post(rest::pass_to_auth))
        .route("/chatrooms", any(rest::add_slash))
        .route("/chatrooms/", get(rest::pass_to_rooms).post(rest::pass_to_rooms))
        .route("/chatrooms/{name}", get(rest::pass_to_rooms))
        .route("/messages/{room_name}", get(rest::pass_to_messages).post(rest::pass_to_messages))
        .route("/ws/{room_name}", get(socket::open_socket))
        .method_not_allowed_fallback(rest::refuse_method)
}
