//! A request's body within its limit, and the knowledge whether it came in whole.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use chatapp_types::{ErrorCode, Problem};
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt as _;

use crate::BoxError;

/// Bytes of a refused body that are read all the same, and the time for them.
///
/// A connection that is closed with bytes unread is reset, and the reset overtakes the answer: a client that writes
/// its whole request first would see a broken connection in place of the refusal.
const DISCARDED_MAX: u64 = 1024 * 1024;
const DISCARDED_WITHIN: Duration = Duration::from_secs(2);

/// Reads and drops a body that is refused, so that its sender gets to read why. One that is known to be longer than
/// [`DISCARDED_MAX`] is left unread.
pub(super) async fn discard(body: Body) {
    if body.size_hint().lower() <= DISCARDED_MAX {
        let _ = tokio::time::timeout(DISCARDED_WITHIN, discard_up_to_max(body)).await;
    }
}

async fn discard_up_to_max(mut body: Body) {
    let mut read = 0;
    while read <= DISCARDED_MAX
        && let Some(Ok(frame)) = body.frame().await
    {
        read += frame.data_ref().map_or(0, |data| data.len() as u64);
    }
}

/// The body exceeds the route's limit.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the body exceeds {limit} bytes")]
struct BodyTooLarge {
    limit: usize,
}

/// The problem behind an error of a body's stream, for whoever reads a body without [`crate::Json`]: 413 when it
/// exceeded the limit; `None` when the peer broke it off.
pub fn body_fault(err: &(dyn Error + 'static)) -> Option<Problem> {
    let mut cause = Some(err);
    while let Some(err) = cause {
        if let Some(BodyTooLarge { limit }) = err.downcast_ref() {
            return Some(too_large(*limit));
        }
        cause = err.source();
    }
    None
}

pub(super) fn too_large(limit: usize) -> Problem {
    Problem::new(ErrorCode::TooLarge).with_detail(format!("at most {limit} bytes"))
}

/// Whether a body has come in whole. Shared with whoever reads it.
#[derive(Clone)]
pub(super) struct Received(Arc<AtomicBool>);

impl Received {
    pub(super) fn whole(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Puts the limit around a body.
pub(super) fn limited(body: Body, limit: usize) -> (Body, Received) {
    if body.is_end_stream() {
        return (body, Received(Arc::new(AtomicBool::new(true))));
    }
    let received = Received(Arc::new(AtomicBool::new(false)));
    let body = LimitedBody { inner: body, left: limit, limit, received: received.clone() };
    (Body::new(body), received)
}

struct LimitedBody {
    inner: Body,
    left: usize,
    limit: usize,
    received: Received,
}

impl http_body::Body for LimitedBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        if let Some(Ok(data)) = frame.as_ref().map(|f| f.as_ref().map(Frame::data_ref))
            && let Some(data) = data
        {
            let Some(left) = self.left.checked_sub(data.len()) else {
                // The rest is dropped in the background, while the refusal is on its way.
                let rest = std::mem::take(&mut self.inner);
                tokio::spawn(discard(rest));
                return Poll::Ready(Some(Err(Box::new(BodyTooLarge { limit: self.limit }))));
            };
            self.left = left;
        }
        if frame.is_none() || self.inner.is_end_stream() {
            self.received.0.store(true, Ordering::Relaxed);
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
