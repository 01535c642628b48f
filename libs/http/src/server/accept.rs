//! Taking connections.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::TokioExecutor;
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::clients::{Clients, Place};
use super::connection;
use super::io::Connection;
use super::{ServerConfig, tls};

/// After an error that concerns the listener (no file descriptors left), so long nothing is accepted.
const BACK_OFF: Duration = Duration::from_millis(200);

/// Serves `router` on `listener` until `shutdown`, then lets requests under way finish for `config.drain` and cuts
/// what is left. Returns once all connections are closed; WebSockets are not waited for, their owner closes them.
///
/// Handlers find the peer's address as `ConnectInfo<SocketAddr>`, and `Scheme::HTTPS` as an extension where TLS ends here. Fails only for a certificate or key that cannot be
/// used. `config.listen` is for the caller, who made the listener.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    config: ServerConfig,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let acceptor = config.tls.as_ref().map(tls::acceptor).transpose()?;
    let router = if acceptor.is_some() { router.layer(axum::Extension(http::uri::Scheme::HTTPS)) } else { router };
    let places = Arc::new(Semaphore::new(config.max_connections.clamp(1, Semaphore::MAX_PERMITS)));
    let clients = Clients::new(config.max_connections_per_client);
    let drain = config.drain;
    let server = Arc::new(Server { router, builder: connection::builder(&config), acceptor, config });
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    while let Some((stream, peer, place)) = next(&listener, &places, &clients, &shutdown).await {
        connections.spawn(server.clone().connect(stream, peer, place, graceful.watcher(), shutdown.clone()));
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    if tokio::time::timeout(drain, graceful.shutdown()).await.is_err() {
        tracing::warn!(connections = connections.len(), "requests did not finish in time and are cut");
    }
    connections.shutdown().await;
    Ok(())
}

/// The next connection and its place under the caps; `None` at shutdown. What a client opens beyond its share is
/// closed unanswered: it costs us nothing and keeps nobody else out.
async fn next(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
    clients: &Clients,
    shutdown: &CancellationToken,
) -> Option<(TcpStream, SocketAddr, Place)> {
    let accept = async {
        let of_all = places.clone().acquire_owned().await.ok()?;
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => {
                    if let Some(of_client) = clients.admit(peer.ip()) {
                        return Some((stream, peer, Place { _of_all: of_all, _of_client: of_client }));
                    }
                    tracing::debug!(peer.address = %peer, "the client has too many connections");
                }
                Err(err) if concerns_one_peer(&err) => {}
                Err(err) => {
                    tracing::error!(error = %err, "connections cannot be accepted");
                    tokio::time::sleep(BACK_OFF).await;
                }
            }
        }
    };
    shutdown.run_until_cancelled(accept).await.flatten()
}

fn concerns_one_peer(err: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(err.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

struct Server {
    router: Router,
    builder: auto::Builder<TokioExecutor>,
    acceptor: Option<TlsAcceptor>,
    config: ServerConfig,
}

impl Server {
    async fn connect(
        self: Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        place: Place,
        watcher: hyper_util::server::graceful::Watcher,
        shutdown: CancellationToken,
    ) {
        // Latency matters more here than packets: answers and frames are written whole.
        let _ = stream.set_nodelay(true);
        match self.acceptor.clone() {
            None => self.begin(stream, peer, place, watcher, shutdown).await,
            Some(acceptor) => {
                let handshake = tokio::time::timeout(self.config.header_timeout, acceptor.accept(stream));
                match shutdown.run_until_cancelled(handshake).await {
                    Some(Ok(Ok(stream))) => self.begin(stream, peer, place, watcher, shutdown).await,
                    Some(Ok(Err(err))) => tracing::debug!(error = %err, peer.address = %peer, "tls handshake failed"),
                    Some(Err(_)) => tracing::debug!(peer.address = %peer, "tls handshake took too long"),
                    None => {}
                }
            }
        }
    }

    async fn begin<I>(
        &self,
        stream: I,
        peer: SocketAddr,
        place: Place,
        watcher: hyper_util::server::graceful::Watcher,
        shutdown: CancellationToken,
    ) where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let beginning = Connection::begin(stream, self.config.write_timeout, place);
        let beginning = tokio::time::timeout(self.config.header_timeout, beginning);
        if let Some(Ok(Ok(connection))) = shutdown.run_until_cancelled(beginning).await {
            let (builder, router) = (self.builder.clone(), self.router.clone());
            connection::run(builder, connection, peer, router, self.config.max_header_bytes, watcher).await;
        }
    }
}
