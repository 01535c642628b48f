//! A user who speaks WebSocket.

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{self, Message, client::IntoClientRequest};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config};

use crate::{DEADLINE, Platform, User, within};

/// How a socket ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// The close code; 1006 when the connection broke without one.
    pub code: u16,
    /// The close frame's text.
    pub reason: String,
}

/// A live connection.
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Socket {
    /// Connects with the user's token in the header, and waits for `ready`.
    pub async fn connect(platform: &Platform, user: &User) -> Self {
        let connector = platform.certificate().map(|certificate| Connector::Rustls(certificate.for_sockets()));
        let url = platform.ws_url("/v1/ws");
        let mut socket = Self::open_with(&url, Some(&user.token), connector).await.expect("a connection");
        socket.expect("ready").await;
        socket
    }

    /// Opens a socket at `url`; with a token it goes into the `Authorization` header.
    pub async fn open(url: &str, token: Option<&str>) -> Result<Self, tungstenite::Error> {
        Self::open_with(url, token, None).await
    }

    async fn open_with(
        url: &str,
        token: Option<&str>,
        connector: Option<Connector>,
    ) -> Result<Self, tungstenite::Error> {
        let mut request = url.into_client_request()?;
        if let Some(token) = token {
            let value = format!("Bearer {token}").parse().expect("a header value");
            request.headers_mut().insert("authorization", value);
        }
        let (stream, _) = connect_async_tls_with_config(request, None, false, connector).await?;
        Ok(Self { stream })
    }

    /// Sends a frame.
    pub async fn send(&mut self, frame: &Value) {
        self.send_raw(Message::text(frame.to_string())).await;
    }

    /// Sends any message; a broken connection shows at the next read.
    pub async fn send_raw(&mut self, message: Message) {
        let _ = self.stream.send(message).await;
    }

    /// The next frame, or how the socket ended. Panics when nothing comes within the deadline.
    pub async fn next(&mut self) -> Result<Value, Closed> {
        within(DEADLINE, "a frame from the server", self.read()).await
    }

    async fn read(&mut self) -> Result<Value, Closed> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).expect("a JSON frame")),
                Some(Ok(Message::Close(frame))) => {
                    let closed = frame.map(|f| Closed { code: f.code.into(), reason: f.reason.to_string() });
                    return Err(closed.unwrap_or(Closed { code: 1005, reason: String::new() }));
                }
                Some(Ok(_)) => {}
                Some(Err(e)) => return Err(Closed { code: 1006, reason: e.to_string() }),
                None => return Err(Closed { code: 1006, reason: String::new() }),
            }
        }
    }

    /// The next frame of the event `ev`, passing over others. Panics when the socket ends before.
    pub async fn expect(&mut self, ev: &str) -> Value {
        self.expect_that(ev, |frame| frame["ev"] == ev).await
    }

    /// The next frame that `is_it` takes, passing over others. Panics when the socket ends before.
    pub async fn expect_that(&mut self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        loop {
            let frame =
                self.next().await.unwrap_or_else(|closed| panic!("closed while waiting for {what}: {closed:?}"));
            if is_it(&frame) {
                return frame;
            }
        }
    }

    /// Reads to the end of the socket and says how it ended.
    pub async fn closed(&mut self) -> Closed {
        loop {
            if let Err(closed) = self.next().await {
                return closed;
            }
        }
    }

    /// Subscribes from a cursor and gives the entries up to `caught_up`.
    pub async fn subscribe(&mut self, room: &str, after: Option<u64>) -> Vec<Value> {
        let mut frame = json!({"op": "subscribe", "room_id": room});
        if let Some(after) = after {
            frame["after"] = json!(after);
        }
        self.send(&frame).await;
        let mut entries = Vec::new();
        loop {
            let frame = self.next().await.expect("an open socket");
            match frame["ev"].as_str() {
                Some("entry") => entries.push(frame),
                Some("caught_up") => return entries,
                Some("error") => panic!("subscription refused: {frame}"),
                _ => {}
            }
        }
    }

    /// The next entry, passing over other frames.
    pub async fn entry(&mut self) -> Value {
        self.expect("entry").await
    }

    /// Sends a message under `key` without waiting for its ack.
    pub async fn post(&mut self, room: &str, key: uuid::Uuid, body: &str) {
        self.send(&json!({"op": "send", "room_id": room, "key": key, "body": body})).await;
    }
}
