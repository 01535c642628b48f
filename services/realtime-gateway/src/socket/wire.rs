//! The real socket: WebSocket messages come in through tungstenite, frames go out past it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf as _, Bytes};
use chatapp_http::RawConnection;
use chatapp_types::frame::CloseReason;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{Error, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::{Closing, Outbox};

/// What one read takes from the socket; a frame may be longer. Each socket has a buffer of this size.
const READ_BUFFER: usize = 1024;
/// A frame beyond the limit but below this is still read, so that its sender reads why the socket is closed.
pub(crate) const READ_AT_MOST: usize = 256 * 1024;

/// Where an outbox writes to.
pub(crate) trait Wire: Send + Sync + 'static {
    /// Writes what can be written at once; [`io::ErrorKind::WouldBlock`] when that is nothing, or when only the socket's
    /// own task may write.
    fn try_write(&self, bytes: &[IoSlice<'_>]) -> io::Result<usize>;

    /// Writes as soon as something can be written. For the socket's own task, which is woken.
    fn poll_write(&self, cx: &mut Context<'_>, bytes: &[IoSlice<'_>]) -> Poll<io::Result<usize>>;

    /// Sends what has been written on its way. For the socket's own task, which is woken.
    fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
}

impl Wire for RawConnection {
    fn try_write(&self, bytes: &[IoSlice<'_>]) -> io::Result<usize> {
        Self::try_write(self, bytes)
    }

    fn poll_write(&self, cx: &mut Context<'_>, bytes: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Self::poll_write(self, cx, bytes)
    }

    fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Self::poll_flush(self, cx)
    }
}

/// A connection that has become a WebSocket.
pub(crate) type LiveSocket = WebSocketStream<Line>;

/// What tungstenite reads from and writes to. Its own frames (pongs, pings, the closing one) take their place behind
/// those that wait in the outbox, so that no two are ever mixed.
pub(crate) struct Line {
    connection: Arc<RawConnection>,
    unread: Bytes,
    outbox: Arc<Outbox>,
}

/// Begins a WebSocket on a connection, of which `unread` has been read already; the outbox writes to it from now on.
pub(crate) async fn open(connection: RawConnection, unread: Bytes, outbox: &Arc<Outbox>) -> LiveSocket {
    open_for(READ_AT_MOST, connection, unread, outbox).await
}

/// [`open`] for messages of up to `most` bytes.
pub(crate) async fn open_for(
    most: usize,
    connection: RawConnection,
    unread: Bytes,
    outbox: &Arc<Outbox>,
) -> LiveSocket {
    let connection = Arc::new(connection);
    outbox.attach(connection.clone());
    let line = Line { connection, unread, outbox: outbox.clone() };
    // Small buffers: most sockets are silent most of the time.
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_message_size(Some(most))
        .max_frame_size(Some(most));
    WebSocketStream::from_raw_socket(line, Role::Server, Some(config)).await
}

/// Others may hold the outbox for a while yet; the peer is to see the end now.
impl Drop for Line {
    fn drop(&mut self) {
        self.outbox.detach();
    }
}

impl AsyncRead for Line {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.unread.is_empty() {
            return self.connection.poll_read(cx, buf);
        }
        let taken = self.unread.len().min(buf.remaining());
        buf.put_slice(&self.unread[..taken]);
        self.unread.advance(taken);
        if self.unread.is_empty() {
            self.unread = Bytes::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Line {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        // Whole frames: tungstenite writes all that it has, and what it writes is taken.
        self.outbox.push_control(Bytes::copy_from_slice(buf));
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outbox.poll_written(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outbox.poll_written(cx)
    }
}

/// What an error of the real socket means.
impl From<Error> for Closing {
    fn from(err: Error) -> Self {
        match err {
            Error::Capacity(_) => CloseReason::FrameTooLarge.into(),
            Error::Utf8(_) => Self::NotText,
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Self::Gone,
            Error::Protocol(_) => Self::Protocol,
            _ => Self::Gone,
        }
    }
}
