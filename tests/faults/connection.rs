//! One live connection of a test client: frames as they are on the wire, and no patience of its own.

use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// A handshake that takes longer has failed.
const HANDSHAKE: Duration = Duration::from_secs(3);
/// A connection on which nothing comes for so long, no ping either, is given up.
const SILENCE: Duration = Duration::from_secs(40);

/// An open connection, logged in.
pub(crate) struct Connection {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Connection {
    /// Connects to the gateway at `url` (`http://…`); `None` when that fails in whatever way.
    pub(crate) async fn open(url: &str, token: &str) -> Option<Self> {
        let mut request = format!("{}/v1/ws", url.replacen("http", "ws", 1)).into_client_request().ok()?;
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().ok()?);
        let opened = async {
            let (stream, _) = connect_async(request).await.ok()?;
            let mut connection = Self { stream };
            let ready = connection.next().await?;
            (ready["ev"] == "ready").then_some(connection)
        };
        tokio::time::timeout(HANDSHAKE, opened).await.ok().flatten()
    }

    /// The same with hardly any room for what comes: a client that does not read is soon noticed.
    pub(crate) async fn open_narrow(url: &str, token: &str) -> Option<Self> {
        let mut request = format!("{}/v1/ws", url.replacen("http", "ws", 1)).into_client_request().ok()?;
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().ok()?);
        let socket = tokio::net::TcpSocket::new_v4().ok()?;
        socket.set_recv_buffer_size(4 * 1024).ok()?;
        let stream = socket.connect(url.trim_start_matches("http://").parse().ok()?).await.ok()?;
        let (stream, _) = tokio_tungstenite::client_async(request, MaybeTlsStream::Plain(stream)).await.ok()?;
        let mut connection = Self { stream };
        (connection.next().await?["ev"] == "ready").then_some(connection)
    }

    /// The next frame; `None` when the connection has ended. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        loop {
            match tokio::time::timeout(SILENCE, self.stream.next()).await {
                Ok(Some(Ok(Message::Text(text)))) => return serde_json::from_str(&text).ok(),
                Ok(Some(Ok(Message::Close(_)) | Err(_)) | None) | Err(_) => return None,
                Ok(Some(Ok(_))) => {}
            }
        }
    }

    /// Sends a frame; whether it could be handed to the network in a short time.
    pub(crate) async fn send(&mut self, frame: &Value) -> bool {
        let sent = self.stream.send(Message::text(frame.to_string()));
        matches!(tokio::time::timeout(HANDSHAKE, sent).await, Ok(Ok(())))
    }
}
