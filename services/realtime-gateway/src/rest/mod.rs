//! What the gateway serves over plain HTTP: the services' REST passed on, the description of all of it, the page.

mod description;
mod docs;
mod proxy;
mod root;
mod upstream;
mod ws;

use axum::Router;
use axum::routing::{any, get};

pub(crate) use description::{Description, own};
pub(crate) use proxy::send;
pub(crate) use upstream::is_plain;
pub(crate) use ws::{begin, note_end};

use crate::state::Gateway;

/// What may be passed on; [`upstream`] says to whom. Each is a route, so that logs and metrics tell them apart.
const PASSED_ON: [&str; 8] = [
    "/.well-known/jwks.json",
    "/v1/auth/{*rest}",
    "/v1/users/{*rest}",
    "/v1/rooms",
    "/v1/rooms/{*rest}",
    "/v1/join",
    "/v1/unread",
    "/v1/search",
];

/// The routes of version 1.
pub(crate) fn router() -> Router<Gateway> {
    let own = Router::new()
        .route("/", get(root::show_root))
        .route("/openapi.json", get(description::get_openapi))
        .route("/v1/ws", get(ws::open_socket))
        .merge(docs::router());
    PASSED_ON.into_iter().fold(own, |router, path| router.route(path, any(proxy::pass_on)))
}
