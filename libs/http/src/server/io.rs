//! The bytes of one connection.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::clients::Place;
use super::framing::Framing;

/// What an HTTP/2 connection without TLS begins with.
const H2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// The end of a head that is none.
const NO_HEADER: &[u8] = b"\0\r\n\r\n";

/// Set once the connection has become a WebSocket.
#[derive(Clone, Default)]
pub(super) struct Upgraded(Arc<AtomicBool>);

impl Upgraded {
    pub(super) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A connection whose first bytes have been read, and which counts against the caps until it is dropped (also as a
/// WebSocket, long after hyper has let go of it).
pub(super) struct Connection<I> {
    inner: I,
    prefix: Bytes,
    /// For HTTP/1, until it becomes something else.
    framing: Option<Framing>,
    refused: bool,
    upgraded: Upgraded,
    write_timeout: Duration,
    stalled: Option<Pin<Box<Sleep>>>,
    counted: Place,
}

impl<I: AsyncRead + AsyncWrite + Unpin> Connection<I> {
    /// Reads until it is known which protocol the peer speaks. hyper-util would find that out too, but waits for
    /// it without end: the caller puts a limit on this.
    pub(super) async fn begin(mut inner: I, write_timeout: Duration, counted: Place) -> io::Result<Self> {
        let mut prefix = BytesMut::with_capacity(H2_PREFACE.len());
        while prefix.len() < H2_PREFACE.len() && H2_PREFACE.starts_with(&prefix) {
            if inner.read_buf(&mut prefix).await? == 0 {
                break;
            }
        }
        let framing = (&*prefix != H2_PREFACE).then(Framing::default);
        let (prefix, upgraded) = (prefix.freeze(), Upgraded::default());
        let (refused, stalled) = (false, None);
        Ok(Self { inner, prefix, framing, refused, upgraded, write_timeout, stalled, counted })
    }

    /// To be told when the connection is HTTP no longer.
    pub(super) fn upgraded(&self) -> Upgraded {
        self.upgraded.clone()
    }

    /// What it is made of: the stream, what has been read of it and not been asked for, and its place.
    pub(super) fn into_parts(self) -> (I, Bytes, Place) {
        (self.inner, self.prefix, self.counted)
    }

    /// Turns a write that has been pending for too long into an error.
    fn watch<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let write_timeout = self.write_timeout;
        let deadline = || Box::pin(tokio::time::sleep(write_timeout));
        ready!(self.stalled.get_or_insert_with(deadline).as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<I> Connection<I> {
    /// Looks at what has been read from `begin` on. After a contradiction comes what no request can hold, so that
    /// hyper answers 400 and closes; nothing else is read.
    fn inspect(&mut self, buf: &mut ReadBuf<'_>, begin: usize) {
        if self.upgraded.0.load(Ordering::Relaxed) {
            self.framing = None;
        }
        let Some(framing) = &mut self.framing else {
            return;
        };
        if let Some(at) = framing.follow(&buf.filled()[begin..]) {
            buf.set_filled(begin + at + 1);
            self.prefix = Bytes::from_static(NO_HEADER);
            self.refused = true;
            self.framing = None;
        }
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Connection<I> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let begin = buf.filled().len();
        if self.prefix.is_empty() {
            if self.refused {
                return Poll::Ready(Ok(()));
            }
            ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        } else {
            let n = self.prefix.len().min(buf.remaining());
            buf.put_slice(&self.prefix[..n]);
            self.prefix.advance(n);
        }
        self.inspect(buf, begin);
        Poll::Ready(Ok(()))
    }
}

impl<I: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Connection<I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.watch(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        self.watch(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.inner).poll_flush(cx);
        self.watch(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.inner).poll_shutdown(cx);
        self.watch(cx, shut)
    }
}
