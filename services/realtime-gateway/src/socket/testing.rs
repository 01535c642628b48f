//! A socket that exists in memory alone.

#![allow(clippy::unwrap_used)]

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::ws::Message;
use bytes::Bytes;
use futures::channel::mpsc;
use futures::{Sink, Stream, StreamExt as _};

use super::Closing;

/// Both ends.
pub(crate) fn socket() -> (MemorySocket, Peer) {
    let (to_server, from_client) = mpsc::unbounded();
    let (to_client, from_server) = mpsc::unbounded();
    let stuck = Arc::default();
    let socket = MemorySocket { from_client, to_client, stuck: Arc::clone(&stuck) };
    (socket, Peer { to_server, from_server, stuck })
}

/// The server's end.
pub(crate) struct MemorySocket {
    from_client: mpsc::UnboundedReceiver<Result<Message, Closing>>,
    to_client: mpsc::UnboundedSender<Message>,
    stuck: Arc<Mutex<bool>>,
}

impl Stream for MemorySocket {
    type Item = Result<Message, Closing>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.from_client.poll_next_unpin(cx)
    }
}

impl Sink<Message> for MemorySocket {
    type Error = Closing;

    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Closing>> {
        Poll::Ready(Ok(()))
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), Closing> {
        self.to_client.unbounded_send(message).map_err(|_| Closing::Gone)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Closing>> {
        // A client that reads nothing; never woken, since it never reads again.
        if *self.stuck.lock().unwrap() { Poll::Pending } else { Poll::Ready(Ok(())) }
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Closing>> {
        Poll::Ready(Ok(()))
    }
}

/// The client's end.
pub(crate) struct Peer {
    to_server: mpsc::UnboundedSender<Result<Message, Closing>>,
    from_server: mpsc::UnboundedReceiver<Message>,
    stuck: Arc<Mutex<bool>>,
}

impl Peer {
    pub(crate) fn say(&self, frame: &serde_json::Value) {
        self.send(Message::Text(frame.to_string().into()));
    }

    pub(crate) fn send(&self, message: Message) {
        let _ = self.to_server.unbounded_send(Ok(message));
    }

    /// The socket breaks in that way.
    pub(crate) fn break_off(&self, fault: Closing) {
        let _ = self.to_server.unbounded_send(Err(fault));
    }

    /// Reads nothing from now on.
    pub(crate) fn stop_reading(&self) {
        *self.stuck.lock().unwrap() = true;
    }

    /// The next message of any kind; `None` when the server has let go.
    pub(crate) async fn next(&mut self) -> Option<Message> {
        tokio::time::timeout(Duration::from_mins(2), self.from_server.next()).await.expect("nothing came")
    }

    /// The next text; pings are answered.
    pub(crate) async fn text(&mut self) -> String {
        loop {
            match self.next().await {
                Some(Message::Text(text)) => return text.as_str().to_owned(),
                Some(Message::Ping(_)) => self.send(Message::Pong(Bytes::new())),
                other => panic!("no text but {other:?}"),
            }
        }
    }

    /// The code that the socket is closed with; whatever comes before is passed over.
    pub(crate) async fn close_code(&mut self) -> u16 {
        loop {
            match self.next().await {
                Some(Message::Close(Some(frame))) => return frame.code,
                Some(_) => {}
                None => panic!("no close frame"),
            }
        }
    }
}
