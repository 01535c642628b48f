//! A connection that stops being HTTP.
//!
//! hyper hands over what it spoke HTTP on as a box that only its owner may write to. A WebSocket's frames come from
//! many tasks, so here the connection is given back as what it is, to be written to by reference: whoever has a frame
//! tries to write it at once, and only a socket that is not writable needs its own task for it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use axum::body::Body;
use bytes::Bytes;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::clients::Place;
use super::io::Connection;

/// The right to the connection of a request, once it is answered with 101.
pub struct Upgrade(OnUpgrade);

/// A connection that is HTTP no longer. It counts against the server's caps until it is dropped, which closes it.
pub struct RawConnection(Inner);

enum Inner {
    Tcp {
        stream: TcpStream,
        _place: Place,
    },
    /// Under TLS a write changes the session, so it takes turns with reading.
    Other(Mutex<TokioIo<Upgraded>>),
}

impl Upgrade {
    /// Takes it out of a request; `None` where the connection cannot become anything else.
    pub fn of(request: &mut http::Request<Body>) -> Option<Self> {
        request.extensions_mut().remove::<OnUpgrade>().map(Self)
    }

    /// The connection, and what the peer has sent already. Waits for the answer to be written; fails when it is not
    /// 101, or cannot be written.
    pub async fn connection(self) -> io::Result<(RawConnection, Bytes)> {
        let upgraded = self.0.await.map_err(io::Error::other)?;
        Ok(match upgrade::downcast::<TokioIo<Connection<TcpStream>>>(upgraded) {
            Ok(parts) => {
                let (stream, prefix, place) = parts.io.into_inner().into_parts();
                // Copied, since even an empty rest holds on to the buffer that the request was read into.
                let unread = [parts.read_buf, prefix].concat().into();
                (RawConnection(Inner::Tcp { stream, _place: place }), unread)
            }
            Err(upgraded) => (RawConnection(Inner::Other(Mutex::new(TokioIo::new(upgraded)))), Bytes::new()),
        })
    }
}

impl RawConnection {
    /// Writes what can be written at once; [`io::ErrorKind::WouldBlock`] when that is nothing, or when only the task
    /// that owns the connection may write ([`poll_write`](Self::poll_write)).
    pub fn try_write(&self, bytes: &[IoSlice<'_>]) -> io::Result<usize> {
        match (&self.0, bytes) {
            // The plain call costs the kernel less.
            (Inner::Tcp { stream, .. }, [only]) => stream.try_write(only),
            (Inner::Tcp { stream, .. }, bytes) => stream.try_write_vectored(bytes),
            (Inner::Other(_), _) => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// Writes as soon as something can be written. For one task at a time, which is woken.
    pub fn poll_write(&self, cx: &mut Context<'_>, bytes: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        match &self.0 {
            Inner::Tcp { stream, .. } => loop {
                ready!(stream.poll_write_ready(cx))?;
                match self.try_write(bytes) {
                    Err(err) if err.kind() == io::ErrorKind::WouldBlock => {}
                    done => return Poll::Ready(done),
                }
            },
            Inner::Other(stream) => Pin::new(&mut *lock(stream)).poll_write_vectored(cx, bytes),
        }
    }

    /// Sends what has been written on its way.
    pub fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &self.0 {
            Inner::Tcp { .. } => Poll::Ready(Ok(())),
            Inner::Other(stream) => Pin::new(&mut *lock(stream)).poll_flush(cx),
        }
    }

    /// Reads as soon as something can be read. For one task at a time, which is woken.
    pub fn poll_read(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match &self.0 {
            Inner::Tcp { stream, .. } => loop {
                ready!(stream.poll_read_ready(cx))?;
                match stream.try_read(buf.initialize_unfilled()) {
                    Ok(read) => {
                        buf.advance(read);
                        return Poll::Ready(Ok(()));
                    }
                    Err(err) if err.kind() == io::ErrorKind::WouldBlock => {}
                    Err(err) => return Poll::Ready(Err(err)),
                }
            },
            Inner::Other(stream) => Pin::new(&mut *lock(stream)).poll_read(cx, buf),
        }
    }
}

fn lock(stream: &Mutex<TokioIo<Upgraded>>) -> MutexGuard<'_, TokioIo<Upgraded>> {
    stream.lock().unwrap_or_else(PoisonError::into_inner)
}
