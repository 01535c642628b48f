//! Real sockets: the handshakes, and what a socket in memory cannot show.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::response::IntoResponse as _;
use chatapp_http::{Audience, ServerConfig};
use chatapp_types::{SessionId, Timestamp, UserId};
use futures::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::*;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn serve(scene: &Scene) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (router, shutdown) = (scene.router.clone(), scene.shutdown.clone());
    tokio::spawn(chatapp_http::serve(listener, router, ServerConfig::default(), shutdown));
    address
}

async fn open(address: SocketAddr, path: &str, headers: &[(&'static str, String)]) -> Result<Socket, Error> {
    let mut request = format!("ws://{address}{path}").into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    connect_async(request).await.map(|(socket, _)| socket)
}

fn refused(result: Result<Socket, Error>) -> (u16, String) {
    match result {
        Err(Error::Http(response)) => {
            let body = response.body().clone().unwrap_or_default();
            (response.status().as_u16(), String::from_utf8_lossy(&body).into_owned())
        }
        other => panic!("not refused: {other:?}"),
    }
}

async fn next(socket: &mut Socket) -> Option<Message> {
    let next = tokio::time::timeout(Duration::from_secs(10), socket.next()).await.expect("nothing came");
    next.map(Result::unwrap)
}

async fn close_code(socket: &mut Socket) -> u16 {
    loop {
        match next(socket).await {
            Some(Message::Close(Some(frame))) => return frame.code.into(),
            Some(_) => {}
            None => panic!("no close frame"),
        }
    }
}

async fn ready(scene: &Scene, address: SocketAddr, session: SessionId) -> Socket {
    let token = scene.issuer.token_of(UserId::new(), "ann", Audience::App, session);
    let mut socket = open(address, "/v1/ws", &[("authorization", format!("Bearer {token}"))]).await.unwrap();
    let Some(Message::Text(text)) = next(&mut socket).await else { panic!("no frame") };
    assert!(text.contains(r#""ev":"ready""#), "{text}");
    socket
}

#[tokio::test]
async fn a_token_in_the_handshake_logs_in_and_a_bad_one_is_a_401() {
    let scene = gateway().await;
    let address = serve(&scene).await;
    ready(&scene, address, SessionId::new()).await;
    let result = open(address, "/v1/ws", &[("authorization", "Bearer x".to_owned())]).await;
    let (status, body) = refused(result);
    assert_eq!(status, 401);
    assert!(body.contains("unauthenticated"), "{body}");
    let v0 = scene.issuer.token(UserId::new(), "ann", Audience::V0);
    let result = open(address, "/v1/ws", &[("authorization", format!("Bearer {v0}"))]).await;
    assert_eq!(refused(result).0, 401, "a token of the original interface reaches only that");
}

#[tokio::test]
async fn a_handshake_beyond_the_users_sockets_is_a_429_that_says_when_to_come_back() {
    let config = GatewayConfig { sockets_per_user: 1, ..GatewayConfig::default() };
    let scene = gateway_with(config, |_, _| "ok".into_response()).await;
    let address = serve(&scene).await;
    let ann = UserId::new();
    let token = scene.issuer.token(ann, "ann", Audience::App);
    let bearer = [("authorization", format!("Bearer {token}"))];
    let _first = open(address, "/v1/ws", &bearer).await.unwrap();
    let Err(Error::Http(response)) = open(address, "/v1/ws", &bearer).await else { panic!("not refused") };
    assert_eq!((response.status().as_u16(), response.headers()["retry-after"].to_str().unwrap()), (429, "35"));
    let body = String::from_utf8_lossy(response.body().as_deref().unwrap_or_default()).into_owned();
    assert!(body.contains(r#""code":"rate_limited""#), "{body}");
    let v0 = scene.issuer.token(ann, "ann", Audience::V0);
    let mut original = open(address, &format!("/ws/den?token={v0}"), &[]).await.unwrap();
    assert_eq!(close_code(&mut original).await, 1013, "both interfaces count together");
    ready(&scene, address, SessionId::new()).await;
}

#[tokio::test]
async fn handshakes_of_many_users_from_one_address_are_counted_for_it() {
    let config = GatewayConfig { address_request_burst: 2, ..GatewayConfig::default() };
    let scene = gateway_with(config, |_, _| "ok".into_response()).await;
    let address = serve(&scene).await;
    let _open = (ready(&scene, address, SessionId::new()).await, ready(&scene, address, SessionId::new()).await);
    let token = scene.issuer.token(UserId::new(), "eve", Audience::App);
    let result = open(address, "/v1/ws", &[("authorization", format!("Bearer {token}"))]).await;
    assert_eq!(refused(result).0, 429);
}

#[tokio::test]
async fn a_token_in_the_query_is_not_looked_at() {
    let scene = gateway().await;
    let address = serve(&scene).await;
    let token = scene.issuer.token(UserId::new(), "ann", Audience::App);
    let mut socket = open(address, &format!("/v1/ws?token={token}&access_token={token}"), &[]).await.unwrap();
    socket.send(Message::text(r#"{"op":"ping"}"#)).await.unwrap();
    assert_eq!(close_code(&mut socket).await, 4504);
}

#[tokio::test]
async fn an_origin_that_is_not_listed_is_refused() {
    let config =
        GatewayConfig { allowed_origins: vec!["https://chat.example".parse().unwrap()], ..GatewayConfig::default() };
    let scene = gateway_with(config, |_, _| "ok".into_response()).await;
    let address = serve(&scene).await;
    for path in ["/v1/ws", "/ws/den?token=x"] {
        let result = open(address, path, &[("origin", "https://evil.example".to_owned())]).await;
        assert_eq!(refused(result).0, 403, "{path}");
        assert!(open(address, path, &[("origin", "https://chat.example".to_owned())]).await.is_ok(), "{path}");
    }
}

#[tokio::test]
async fn a_session_that_is_ended_is_closed_within_a_second() {
    let scene = gateway().await;
    let address = serve(&scene).await;
    let (ended, other) = (SessionId::new(), SessionId::new());
    let mut first = ready(&scene, address, ended).await;
    let mut second = ready(&scene, address, other).await;
    let begun = std::time::Instant::now();
    scene.revocations.note(ended, Timestamp::from_millis(0));
    assert_eq!(close_code(&mut first).await, 4501);
    assert!(begun.elapsed() < Duration::from_secs(1));
    second.send(Message::text(r#"{"op":"ping"}"#)).await.unwrap();
    assert_eq!(next(&mut second).await, Some(Message::text(r#"{"ev":"pong"}"#)));
}

#[tokio::test]
async fn a_frame_beyond_the_limit_is_told_why_it_closes() {
    let scene = gateway().await;
    let address = serve(&scene).await;
    let mut socket = ready(&scene, address, SessionId::new()).await;
    socket.send(Message::text("x".repeat(64 * 1024 + 1))).await.unwrap();
    assert_eq!(close_code(&mut socket).await, 4503);
}

#[tokio::test]
async fn at_shutdown_sockets_are_told_to_come_back_and_waited_for() {
    let scene = gateway().await;
    let address = serve(&scene).await;
    let mut sockets = Vec::new();
    for _ in 0..5 {
        sockets.push(ready(&scene, address, SessionId::new()).await);
    }
    scene.shutdown.cancel();
    scene.tasks.close();
    for socket in &mut sockets {
        assert_eq!(close_code(socket).await, 4000);
    }
    drop(sockets);
    tokio::time::timeout(Duration::from_secs(10), scene.tasks.wait()).await.expect("all tasks end");
}

#[tokio::test]
async fn a_subscription_that_no_service_knows_is_not_found() {
    let scene = gateway_with(GatewayConfig::default(), |_, _| {
        chatapp_http::ApiError::from(chatapp_types::ErrorCode::RoomNotFound).into_response()
    })
    .await;
    let address = serve(&scene).await;
    let mut socket = ready(&scene, address, SessionId::new()).await;
    let frame = format!(r#"{{"op":"subscribe","room_id":"{}","id":1}}"#, chatapp_types::RoomId::new());
    socket.send(Message::text(frame)).await.unwrap();
    let Some(Message::Text(text)) = next(&mut socket).await else { panic!("no frame") };
    assert!(text.contains(r#""code":"room_not_found""#), "{text}");
    let seen = scene.seen();
    assert!(seen[0].headers["authorization"].to_str().unwrap().starts_with("Bearer ey"), "the user's own token");
}
