//! The socket under a feed: what it must do, and the real one.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use chatapp_types::frame::{ClientFrame, ClientOp};
use chatapp_types::{Problem, Secret};
use futures::{Sink, SinkExt as _, Stream};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::{HeaderValue, Response, header};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::GatewayUrl;

/// The largest message that is taken from a server.
const INCOMING_MAX_BYTES: usize = 4 * 1024 * 1024;
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// What comes out of a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A text frame.
    Text(String),
    /// A sign of life without content: a ping (answered by the socket itself), a pong.
    Alive,
    /// The server closes.
    Closed {
        /// The close code; 1005 for none.
        code: u16,
        /// The close frame's text.
        reason: String,
    },
}

/// A connection that broke.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct SocketError(pub String);

/// A socket of text frames.
pub trait Socket:
    Stream<Item = Result<Incoming, SocketError>> + Sink<String, Error = SocketError> + Send + Unpin
{
}

impl<S> Socket for S where
    S: Stream<Item = Result<Incoming, SocketError>> + Sink<String, Error = SocketError> + Send + Unpin
{
}

/// Why there is no connection.
#[derive(Clone, Debug)]
pub enum ConnectError {
    /// The gateway was not reached, or not in time.
    Network(String),
    /// Something answered, but not with a socket.
    Refused {
        /// The HTTP status.
        status: u16,
        /// What it asks to wait.
        retry_after: Option<Duration>,
        /// What it says.
        reason: String,
    },
}

/// Opens sockets that carry a token.
pub trait Connect: Send + Sync + 'static {
    /// What it opens.
    type Socket: Socket + 'static;

    /// Opens a socket on which `ready` will come if the token is good. Dropping the future abandons the try.
    fn connect(&self, token: &Secret) -> impl Future<Output = Result<Self::Socket, ConnectError>> + Send;
}

/// How the token travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuthStyle {
    /// In the header `Authorization`, and a wrong one is refused before there is a socket.
    #[default]
    Header,
    /// In the first frame, where something on the way takes the header away.
    FirstFrame,
}

/// Opens WebSockets to a gateway.
#[derive(Clone, Debug)]
pub struct WebSocketConnect {
    url: GatewayUrl,
    style: AuthStyle,
}

impl WebSocketConnect {
    /// Sockets to the gateway at `url`.
    pub const fn new(url: GatewayUrl, style: AuthStyle) -> Self {
        Self { url, style }
    }

    async fn open(&self, token: &Secret) -> Result<WebSocket, ConnectError> {
        let network = |e: &dyn std::fmt::Display| ConnectError::Network(e.to_string());
        let mut request = self.url.socket().as_str().into_client_request().map_err(|e| network(&e))?;
        let agent = HeaderValue::from_static(concat!("chat/", env!("CARGO_PKG_VERSION")));
        request.headers_mut().insert(header::USER_AGENT, agent);
        if self.style == AuthStyle::Header {
            let mut value = HeaderValue::try_from(format!("Bearer {}", token.expose())).map_err(|e| network(&e))?;
            value.set_sensitive(true);
            request.headers_mut().insert(header::AUTHORIZATION, value);
        }
        let limits = WebSocketConfig::default()
            .max_message_size(Some(INCOMING_MAX_BYTES))
            .max_frame_size(Some(INCOMING_MAX_BYTES));
        let (inner, _) =
            tokio_tungstenite::connect_async_with_config(request, Some(limits), true).await.map_err(connect_error)?;
        let mut socket = WebSocket { inner };
        if self.style == AuthStyle::FirstFrame {
            let frame = ClientFrame { id: None, op: ClientOp::Auth { access_token: token.clone() } };
            let text = serde_json::to_string(&frame).map_err(|e| network(&e))?;
            socket.send(text).await.map_err(|e| network(&e))?;
        }
        Ok(socket)
    }
}

impl Connect for WebSocketConnect {
    type Socket = WebSocket;

    async fn connect(&self, token: &Secret) -> Result<WebSocket, ConnectError> {
        match tokio::time::timeout(CONNECT_WITHIN, self.open(token)).await {
            Ok(result) => result,
            Err(_) => Err(ConnectError::Network("no answer in time".to_owned())),
        }
    }
}

fn connect_error(error: WsError) -> ConnectError {
    match error {
        WsError::Http(response) => refused(&response),
        other => ConnectError::Network(other.to_string()),
    }
}

fn refused(response: &Response<Option<Vec<u8>>>) -> ConnectError {
    let retry_after = response.headers().get(header::RETRY_AFTER).and_then(|v| v.to_str().ok()?.trim().parse().ok());
    let problem = response.body().as_deref().and_then(|body| serde_json::from_slice::<Problem>(body).ok());
    let reason = problem.map_or_else(|| format!("status {}", response.status()), |p| p.to_string());
    ConnectError::Refused {
        status: response.status().as_u16(),
        retry_after: retry_after.map(Duration::from_secs),
        reason,
    }
}

/// A WebSocket as a [`Socket`]. Pings are answered by it.
#[derive(Debug)]
pub struct WebSocket {
    inner: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Stream for WebSocket {
    type Item = Result<Incoming, SocketError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.inner).poll_next(cx).map(|next| {
            Some(match next? {
                Ok(Message::Text(text)) => Ok(Incoming::Text(text.as_str().to_owned())),
                Ok(Message::Close(Some(frame))) => {
                    Ok(Incoming::Closed { code: frame.code.into(), reason: frame.reason.as_str().to_owned() })
                }
                Ok(Message::Close(None)) => Ok(Incoming::Closed { code: 1005, reason: String::new() }),
                Ok(_) => Ok(Incoming::Alive),
                Err(e) => Err(SocketError(e.to_string())),
            })
        })
    }
}

impl Sink<String> for WebSocket {
    type Error = SocketError;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SocketError>> {
        Pin::new(&mut self.inner).poll_ready(cx).map_err(|e| SocketError(e.to_string()))
    }

    fn start_send(mut self: Pin<&mut Self>, text: String) -> Result<(), SocketError> {
        Pin::new(&mut self.inner).start_send(Message::text(text)).map_err(|e| SocketError(e.to_string()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SocketError>> {
        Pin::new(&mut self.inner).poll_flush(cx).map_err(|e| SocketError(e.to_string()))
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SocketError>> {
        Pin::new(&mut self.inner).poll_close(cx).map_err(|e| SocketError(e.to_string()))
    }
}
