//! HTTP on one connection.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::{IntoResponse as _, Response};
use chatapp_types::ErrorCode;
use http::{HeaderMap, Request, StatusCode};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::Watcher;
use tokio::io::{AsyncRead, AsyncWrite};
use tower::ServiceExt as _;

use super::ServerConfig;
use super::io::Connection;
use crate::ApiError;

/// HTTP/2 peers that stay silent are asked for a sign of life, so that a dead one does not hold its place.
const H2_PING_EVERY: Duration = Duration::from_secs(20);
const H2_PING_TIMEOUT: Duration = Duration::from_secs(10);
/// Requests at once on one HTTP/2 connection.
const H2_STREAMS: u32 = 128;
/// hyper reads no head into less.
const MIN_BUFFER: usize = 8 * 1024;

/// Both protocols, with their limits. A head up to twice the limit is still read, so that it can be answered with a
/// problem; what is longer gets hyper's bare 431.
pub(super) fn builder(config: &ServerConfig) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    let most = (config.max_header_bytes * 2).max(MIN_BUFFER);
    builder.http1().timer(TokioTimer::new()).header_read_timeout(config.header_timeout).max_buf_size(most);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(H2_PING_EVERY)
        .keep_alive_timeout(H2_PING_TIMEOUT)
        .max_concurrent_streams(H2_STREAMS)
        .max_header_list_size(u32::try_from(most).unwrap_or(u32::MAX));
    builder
}

/// Serves one connection to its end.
pub(super) async fn run<I>(
    builder: auto::Builder<TokioExecutor>,
    connection: Connection<I>,
    peer: SocketAddr,
    router: Router,
    max_header_bytes: usize,
    watcher: Watcher,
) where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let upgraded = connection.upgraded();
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let (router, upgraded) = (router.clone(), upgraded.clone());
        async move {
            let response = answer(router, request, peer, max_header_bytes).await;
            if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                upgraded.set();
            }
            Ok::<_, std::convert::Infallible>(response)
        }
    });
    let serving = builder.serve_connection_with_upgrades(TokioIo::new(connection), service).into_owned();
    if let Err(err) = watcher.watch(serving).await {
        // Mostly peers that went away or were cut; nothing that we could mend.
        tracing::debug!(error = %crate::problem::chain(&*err), peer.address = %peer, "connection ended early");
    }
}

async fn answer(router: Router, request: Request<Incoming>, peer: SocketAddr, max_header_bytes: usize) -> Response {
    let size = request.uri().path_and_query().map_or(0, |p| p.as_str().len()) + size(request.headers());
    if size > max_header_bytes {
        return ApiError::from(ErrorCode::HeadersTooLarge).into_response();
    }
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    match router.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// As it was on the wire: each header with its colon, blank and line end.
fn size(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum()
}
