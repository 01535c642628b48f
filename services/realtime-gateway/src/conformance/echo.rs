//! A conversation that says back whatever it is told, on a socket of the gateway's own making.

use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use bytes::Bytes;
use chatapp_http::{ApiError, LayerConfig, RawConnection, ServerConfig, TlsFiles};
use chatapp_testkit::Certificate;
use chatapp_types::frame::CloseReason;
use chatapp_types::limits::FRAME_MAX_BYTES;
use futures::{Sink, Stream, StreamExt as _, ready};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::socket::pump::{self, Conversation, Flow};
use crate::socket::wire::{READ_AT_MOST, open_for};
use crate::socket::{Closing, Frame, FrameBudget, Handshake, LiveSocket, Outbox};

/// What one socket may send and have waiting.
#[derive(Clone, Copy)]
pub(super) struct Size {
    message: usize,
    read: usize,
    queue: usize,
}

impl Size {
    /// As the product has it.
    pub(super) const PRODUCT: Self = Self { message: FRAME_MAX_BYTES, read: READ_AT_MOST, queue: 1024 * 1024 };
    /// Room for whatever is asked of a WebSocket that has no limit.
    pub(super) const AMPLE: Self = Self { message: 1 << 25, read: 1 << 25, queue: 1 << 26 };
}

/// A server that echoes until it is dropped.
pub(super) struct EchoServer {
    address: SocketAddr,
    _until: DropGuard,
}

impl EchoServer {
    /// Listens on a free port of this machine.
    pub(super) async fn start(size: Size) -> Self {
        Self::serve(size, ServerConfig::default()).await
    }

    /// The same with TLS, behind a relay that speaks it: only the relay's own side is plain.
    pub(super) async fn start_with_tls(size: Size) -> Self {
        let certificate = Certificate::new();
        let tls = Some(TlsFiles { cert: certificate.cert_file(), key: certificate.key_file() });
        let server = Self::serve(size, ServerConfig { tls, ..ServerConfig::default() }).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(relay(listener, server.address, certificate));
        Self { address, ..server }
    }

    async fn serve(size: Size, config: ServerConfig) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let answer = move |request: Request| async move { accept(request, size) };
        let router =
            chatapp_http::standard(Router::new().route("/", get(answer)), LayerConfig::new("gateway").at_the_edge());
        let shutdown = CancellationToken::new();
        tokio::spawn(chatapp_http::serve(listener, router, config, shutdown.clone()));
        Self { address, _until: shutdown.drop_guard() }
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Passes every connection on, through TLS.
async fn relay(listener: TcpListener, server: SocketAddr, certificate: Certificate) {
    let tls = TlsConnector::from(certificate.for_sockets());
    while let Ok((mut plain, _)) = listener.accept().await {
        let tls = tls.clone();
        tokio::spawn(async move {
            let server = TcpStream::connect(server).await.unwrap();
            let mut secret = tls.connect("localhost".try_into().unwrap(), server).await.unwrap();
            let _ = tokio::io::copy_bidirectional(&mut plain, &mut secret).await;
        });
    }
}

fn accept(mut request: Request, size: Size) -> Response {
    match Handshake::of(&mut request) {
        Ok(handshake) => handshake.accept(move |connection, unread| converse(connection, unread, size)),
        Err(problem) => ApiError::from(problem).into_response(),
    }
}

async fn converse(connection: RawConnection, unread: Bytes, size: Size) {
    let outbox = Arc::new(Outbox::new(size.queue));
    let socket = open_for(size.read, connection, unread, &outbox).await;
    let socket = Binary { socket, outbox: outbox.clone(), largest: size.message };
    let budget = FrameBudget::unlimited().of_size(size.message);
    pump::run(socket, &outbox, budget, &mut Echo(outbox.clone())).await;
}

/// Says texts back.
struct Echo(Arc<Outbox>);

impl Conversation for Echo {
    fn on_text(&mut self, text: &str) -> Flow {
        self.0.push(Frame::text(text));
        ControlFlow::Continue(())
    }

    fn on_malformed(&mut self) -> Flow {
        ControlFlow::Continue(())
    }

    fn on_limited(&mut self, _: Option<&str>, _: Duration) {}

    fn closing(&self, reason: CloseReason) -> Closing {
        reason.into()
    }

    fn wants_input(&self) -> bool {
        true
    }

    fn next_time(&self) -> Option<Instant> {
        None
    }

    fn on_time(&mut self, _: Instant) -> Flow {
        ControlFlow::Continue(())
    }

    fn poll_work(&mut self, _: &mut Context<'_>) -> Poll<Flow> {
        Poll::Pending
    }
}

/// Says back what is no text, before the pump passes it over: no interface of the gateway's takes it. What is too long
/// is left for the pump to refuse.
struct Binary {
    socket: LiveSocket,
    outbox: Arc<Outbox>,
    largest: usize,
}

impl Stream for Binary {
    type Item = Result<Message, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let message = ready!(self.socket.poll_next_unpin(cx));
        if let Some(Ok(Message::Binary(bytes))) = &message
            && bytes.len() <= self.largest
        {
            self.outbox.push(Frame::binary(bytes));
        }
        Poll::Ready(message)
    }
}

impl Sink<Message> for Binary {
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.socket).poll_ready(cx)
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        Pin::new(&mut self.socket).start_send(message)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.socket).poll_close(cx)
    }
}
