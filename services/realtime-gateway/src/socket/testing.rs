//! A socket that exists in memory alone.

#![allow(clippy::unwrap_used)]

use std::io::{self, Cursor, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use futures::channel::mpsc;
use futures::{Sink, Stream, StreamExt as _};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocket};

use super::wire::Wire;
use super::{Closing, Outbox};

/// Both ends. What `outbox` has goes to the peer from now on.
pub(crate) fn socket(outbox: &Outbox) -> (MemorySocket, Peer) {
    let (to_server, from_client) = mpsc::unbounded();
    let (to_client, from_server) = mpsc::unbounded();
    let reader = Arc::default();
    outbox.attach(Arc::new(MemoryWire { to_client: to_client.clone(), reader: Arc::clone(&reader) }));
    let socket = MemorySocket { from_client, to_client };
    (socket, Peer { to_server, from_server, reader })
}

/// The server's end: what comes in, and the frames of the WebSocket protocol itself.
pub(crate) struct MemorySocket {
    from_client: mpsc::UnboundedReceiver<Result<Message, Closing>>,
    to_client: mpsc::UnboundedSender<Message>,
}

/// The server's end as an outbox writes to it.
struct MemoryWire {
    to_client: mpsc::UnboundedSender<Message>,
    reader: Arc<Mutex<Reader>>,
}

/// How the client reads.
#[derive(Default)]
struct Reader {
    /// The frames that it still takes; all when absent.
    takes: Option<usize>,
    writer: Option<Waker>,
}

impl MemoryWire {
    /// One frame a call, and each whole.
    fn write(&self, reader: &mut Reader, bytes: &[IoSlice<'_>]) -> io::Result<usize> {
        match &mut reader.takes {
            None => {}
            Some(0) => return Err(io::ErrorKind::WouldBlock.into()),
            Some(left) => *left -= 1,
        }
        let mut client = WebSocket::from_raw_socket(Cursor::new(bytes[0].to_vec()), Role::Client, None);
        let message = client.read().expect("a frame");
        self.to_client.unbounded_send(message).map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(bytes[0].len())
    }
}

impl Wire for MemoryWire {
    fn try_write(&self, bytes: &[IoSlice<'_>]) -> io::Result<usize> {
        self.write(&mut self.reader.lock().unwrap(), bytes)
    }

    fn poll_write(&self, cx: &mut Context<'_>, bytes: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let mut reader = self.reader.lock().unwrap();
        match self.write(&mut reader, bytes) {
            Err(err) if err.kind() == io::ErrorKind::WouldBlock => {
                reader.writer = Some(cx.waker().clone());
                Poll::Pending
            }
            done => Poll::Ready(done),
        }
    }

    fn poll_flush(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
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
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Closing>> {
        Poll::Ready(Ok(()))
    }
}

/// The client's end.
pub(crate) struct Peer {
    to_server: mpsc::UnboundedSender<Result<Message, Closing>>,
    from_server: mpsc::UnboundedReceiver<Message>,
    reader: Arc<Mutex<Reader>>,
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
        self.read_only(0);
    }

    /// Reads so many frames from now on, and then nothing.
    pub(crate) fn read_only(&self, frames: usize) {
        let mut reader = self.reader.lock().unwrap();
        reader.takes = Some(frames);
        reader.writer.take().into_iter().for_each(Waker::wake);
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
                Some(Message::Close(Some(frame))) => return frame.code.into(),
                Some(_) => {}
                None => panic!("no close frame"),
            }
        }
    }
}
