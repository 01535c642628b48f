//! A server on a free port, and bytes sent to it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use axum::Router;
use chatapp_http::{ServerConfig, serve};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Long enough for a busy machine; reached only when something hangs.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) shutdown: CancellationToken,
    pub(crate) served: JoinHandle<std::io::Result<()>>,
}

impl Server {
    pub(crate) async fn start(router: Router, config: ServerConfig) -> Self {
        Self::start_at(Ipv4Addr::LOCALHOST.into(), router, config).await
    }

    pub(crate) async fn start_at(ip: IpAddr, router: Router, config: ServerConfig) -> Self {
        let listener = TcpListener::bind((ip, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let served = tokio::spawn(serve(listener, router, config, shutdown.clone()));
        Self { address, shutdown, served }
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes on a new connection and reads until the server closes it.
    pub(crate) async fn exchange(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect().await;
        stream.write_all(bytes.as_ref()).await.unwrap();
        read_to_close(&mut stream).await
    }

    /// Ends the server and waits for it.
    pub(crate) async fn end(self) {
        self.shutdown.cancel();
        tokio::time::timeout(DEADLINE, self.served).await.expect("ends in time").unwrap().unwrap();
    }
}

/// What comes until the server closes the connection (a reset counts as closing).
pub(crate) async fn read_to_close(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = tokio::time::timeout(DEADLINE, stream.read_to_end(&mut bytes)).await.expect("closed in time");
    String::from_utf8(bytes).unwrap()
}

/// What comes until the text is there, the connection staying open.
pub(crate) async fn read_until(stream: &mut TcpStream, text: &str) -> String {
    let mut bytes = Vec::new();
    let reading = async {
        while !String::from_utf8_lossy(&bytes).contains(text) {
            assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "closed before {text}");
        }
    };
    tokio::time::timeout(DEADLINE, reading).await.expect("answered in time");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// How long the work took, with its result.
pub(crate) async fn timed<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let begun = Instant::now();
    (work.await, begun.elapsed())
}
