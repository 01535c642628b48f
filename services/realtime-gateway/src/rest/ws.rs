//! The handshake of version 1's socket.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use chatapp_http::{ApiError, RawConnection};
use chatapp_metrics::GATEWAY;
use chatapp_types::{ErrorCode, Problem, Secret};

use crate::edge::{Client, bearer, check_socket};
use crate::socket::identity::Identity;
use crate::socket::seats::Seat;
use crate::socket::{Closing, Handshake, V1, open, pump, told_the_version};
use crate::state::Gateway;

/// The live socket: one JSON object a text frame, both ways.
///
/// Log in by `Authorization: Bearer` at the handshake, or by `{"op":"auth","access_token":…}` as the first frame within
/// 5 seconds; never in the URL. Client frames may carry `id` (a number, or a text of up to 64 bytes), which the reply
/// echoes.
///
/// Client frames: `{"op":"auth","access_token"}` (also to go on with a fresh token; answered by `ready`) ·
/// `{"op":"subscribe","room_id","after"?}` (answered by `subscribed`, the entries after `after`, `caught_up`; what is too far
/// behind is a `gap`, to be read at `/v1/rooms/{room_id}/timeline`) · `{"op":"unsubscribe","room_id"}` ·
/// `{"op":"send","room_id","key","body","reply_to"?,"traceparent"?}` (answered by `ack` once it is committed) · `{"op":"typing","room_id"}` ·
/// `{"op":"read","room_id","seq"}` · `{"op":"ping"}`.
///
/// Pushes: `entry`, `typing`, `presence`, `heads`, `delivery`, `unsubscribed`, `error`. Frames of one socket take effect
/// in the order they were sent.
///
/// The server pings every 25 seconds and closes after 10 more without a sign of life. Frames are limited to 64 KiB and
/// 300 a minute with bursts of 60; beyond that they are refused with `rate_limited` and `retry_after_s`, and a client that
/// sends 60 more regardless is closed. `subscribe`, `send` and `read` count as requests of the user besides, and are
/// refused alike. A user may have 50 sockets open at once: one more is refused with `rate_limited`, at the handshake, or
/// after the first frame and closed with 1013. Close codes
/// 4000–4499 ask to reconnect and resume each room from its cursor (4000 shutting down, 4001 slow, 4002 gap, 4003 no
/// heartbeat), 4500–4999 do not (4500 token expired, 4501 session revoked, 4502 bad protocol, 4503 frame too large, 4504
/// unauthenticated).
#[utoipa::path(
    get, path = "/v1/ws", operation_id = "open_socket", tag = "gateway", security((), ("bearer" = [])),
    responses(
        (status = 101, description = "The socket is open."),
        (status = 400, description = "Not a WebSocket handshake."),
        (status = 401, description = "The token is not good."),
        (status = 403, description = "`origin_not_allowed`: a web page whose origin is not on the list."),
        (status = 429, description = "Too many handshakes, or too many sockets of this user; see `Retry-After`."),
        (status = 503, description = "Too many handshakes at once, or shutting down; see `Retry-After`."),
    )
)]
pub(crate) async fn open_socket(State(gateway): State<Gateway>, request: Request) -> Response {
    match handshake(gateway, request).await {
        Ok(response) => response,
        Err(problem) => told_the_version(ApiError::from(problem).into_response()),
    }
}

async fn handshake(gateway: Gateway, mut request: Request) -> Result<Response, Problem> {
    check_socket(request.headers(), &gateway.config.allowed_origins)?;
    let client = Client::of(request.headers(), request.extensions(), &gateway.config.trusted_proxies);
    let token = bearer(request.headers());
    let upgrade = Handshake::of(&mut request)?;
    let place = begin(&gateway).await?;
    let seated = if let Some(token) = token {
        Some(log_in(&gateway, &client, token).await?)
    } else {
        gateway.limits.check_address(&client)?;
        None
    };
    let tracked = gateway.tasks.token();
    Ok(upgrade.accept(move |connection, unread| async move {
        drop(place);
        converse(gateway, client, seated, connection, unread).await;
        drop(tracked);
    }))
}

/// Whose socket it will be. A handshake costs the machine more than a request, so it counts for the address as well.
async fn log_in(gateway: &Gateway, client: &Client, token: Secret) -> Result<(Seat, Identity), Problem> {
    let identity = gateway.sockets.tokens.identify(client, token).await?;
    gateway.limits.check_address(client)?;
    gateway.limits.check_user(identity.caller.user)?;
    Ok((gateway.sockets.seats.take(identity.caller.user)?, identity))
}

/// A place among the handshakes; none while shutting down.
pub(crate) async fn begin(gateway: &Gateway) -> Result<tokio::sync::OwnedSemaphorePermit, Problem> {
    if gateway.sockets.sockets.is_closed() {
        return Err(Problem::new(ErrorCode::Unavailable).with_detail("shutting down").with_retry_after(2));
    }
    gateway.sockets.place().await
}

async fn converse(
    gateway: Gateway,
    client: Client,
    seated: Option<(Seat, Identity)>,
    connection: RawConnection,
    unread: Bytes,
) {
    let services = gateway.sockets.clone();
    drop(gateway);
    let (outbox, budget) = (services.outbox(), services.budget());
    let socket = open(connection, unread, &outbox).await;
    let mut conversation = V1::begin(services, client, Arc::clone(&outbox), seated);
    let closing = pump::run(socket, &outbox, budget, &mut conversation).await;
    note_end(closing);
}

/// One line, and one count, for each socket that ends.
pub(crate) fn note_end(closing: Closing) {
    GATEWAY.closes.count(closing.end());
    tracing::debug!(socket.reason = %closing.word(), "socket closed");
}
