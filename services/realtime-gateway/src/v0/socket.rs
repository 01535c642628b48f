//! The handshake of the original's socket, `/ws/{room_name}?token=`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use chatapp_http::{Audience, AuthFailure};
use chatapp_types::{Problem, Secret};
use serde::Deserialize;

use super::answer::answer;
use super::calls::Services;
use super::conversation::{Speaker, V0, listen};
use crate::edge::{Client, check_socket};
use crate::hub::Dialect;
use crate::rest::{begin, is_plain, note_end};
use crate::socket::seats::Seat;
use crate::socket::{Closing, Handshake, LiveSocket, Outbox, open, pump, told_the_version};
use crate::state::Gateway;

/// The original took the token here and nowhere else. It is taken out at once and shown nowhere.
#[derive(Deserialize)]
struct TokenQuery {
    token: Option<Secret>,
}

/// Opens the socket. Whoever has no good token, or names no room that is open to them, is told so by close code 1008.
pub(super) async fn open_socket(State(gateway): State<Gateway>, request: Request) -> Response {
    match handshake(gateway, request).await {
        Ok(response) => response,
        Err(problem) => told_the_version(answer(&problem)),
    }
}

async fn handshake(gateway: Gateway, mut request: Request) -> Result<Response, Problem> {
    check_socket(request.headers(), &gateway.config.allowed_origins)?;
    let client = Client::of(request.headers(), request.extensions(), &gateway.config.trusted_proxies);
    let room_name = request.uri().path().strip_prefix("/ws/").unwrap_or_default().to_owned();
    let query = axum::extract::Query::<TokenQuery>::try_from_uri(request.uri());
    let token = query.ok().and_then(|query| query.0.token);
    let upgrade = Handshake::of(&mut request)?;
    gateway.limits.check_address(&client)?;
    let place = begin(&gateway).await?;
    let tracked = gateway.tasks.token();
    Ok(upgrade.accept(move |connection, unread| async move {
        let outbox = gateway.sockets.outbox();
        let socket = open(connection, unread, &outbox).await;
        match enter(&gateway, token, room_name).await {
            Ok((seat, speaker)) => {
                drop(place);
                converse(gateway, seat, speaker, socket, outbox).await;
            }
            Err(closing) => {
                drop(place);
                pump::turn_away(socket, closing).await;
                note_end(closing);
            }
        }
        drop(tracked);
    }))
}

async fn enter(gateway: &Gateway, token: Option<Secret>, room_name: String) -> Result<(Seat, Speaker), Closing> {
    let token = token.ok_or(Closing::Policy)?;
    let caller = gateway.verifier.verify(token.expose(), Audience::V0).await.map_err(|failure| match failure {
        AuthFailure::Unavailable => Closing::TryAgain,
        _ => Closing::Policy,
    })?;
    if !is_plain(&room_name) || room_name.contains('/') {
        return Err(Closing::Policy);
    }
    let seat = gateway.sockets.seats.take(caller.user).map_err(|_| Closing::TryAgain)?;
    let calls = Services { rooms: gateway.rooms.clone(), messages: gateway.messages.clone() };
    Ok((seat, Speaker { calls: Arc::new(calls), caller, token, room_name }))
}

async fn converse(gateway: Gateway, seat: Seat, speaker: Speaker, socket: LiveSocket, outbox: Arc<Outbox>) {
    let services = gateway.sockets.clone();
    drop(gateway);
    let budget = services.budget();
    let registered = services.sockets.register(seat, &outbox, speaker.caller.session, Dialect::V0);
    let closing = match listen(&services.hub, &speaker, &outbox).await {
        Ok(subscription) => {
            let mut conversation = V0::new(speaker, subscription, services.limits.clone(), &*services.clock);
            pump::run(socket, &outbox, budget, &mut conversation).await
        }
        Err(closing) => {
            pump::turn_away(socket, closing).await;
            closing
        }
    };
    drop(registered);
    note_end(closing);
}
