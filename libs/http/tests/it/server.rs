//! What a server refuses, cuts and finishes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, WebSocketUpgrade};
use axum::routing::{get, post};
use chatapp_http::{Json, LayerConfig, ServerConfig, standard};
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::Notify;

use crate::wire::{DEADLINE, Server, read_to_close, read_until, timed};

fn app() -> Router {
    let router = Router::new()
        .route("/", get(async || "hello"))
        .route("/echo", post(async |Json(body): Json<Value>| Json(body)))
        .route("/peer", get(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.ip().to_string()));
    standard(router, LayerConfig::new("test").timeout(Duration::from_millis(300)))
}

fn impatient() -> ServerConfig {
    ServerConfig { header_timeout: Duration::from_millis(300), ..ServerConfig::default() }
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("none")
}

#[tokio::test]
async fn a_request_is_answered_and_the_connection_kept() {
    let server = Server::start(app(), ServerConfig::default()).await;
    let mut stream = server.connect().await;
    for _ in 0..3 {
        stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        assert_eq!(status(&read_until(&mut stream, "hello").await), "200");
    }
    let answer = server.exchange("GET /peer HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    assert!(answer.ends_with("127.0.0.1"), "{answer}");
    server.end().await;
}

#[tokio::test]
async fn content_length_and_transfer_encoding_together_are_refused() {
    let server = Server::start(app(), ServerConfig::default()).await;
    let post = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
    let (length, chunked) = ("Content-Length: 2\r\n", "Transfer-Encoding: chunked\r\n");
    for (first, second) in [(length, chunked), (chunked, length)] {
        let smuggled = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        let bytes = format!("{post}{first}{second}\r\n2\r\n{{}}\r\n0\r\n\r\n{smuggled}");
        let answer = server.exchange(bytes).await;
        assert_eq!(status(&answer), "400", "{answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "one answer, then closed: {answer}");
    }
    // Each alone is fine, also one after the other on the same connection.
    let bytes = format!(
        "{post}{length}\r\n{{}}{post}{chunked}\r\n2\r\n{{}}\r\n0\r\n\r\n{post}Connection: close\r\n{length}\r\n{{}}"
    );
    let answer = server.exchange(bytes).await;
    assert_eq!(answer.matches("HTTP/1.1 200").count(), 3, "{answer}");
}

#[tokio::test]
async fn differing_or_senseless_lengths_are_refused() {
    let server = Server::start(app(), ServerConfig::default()).await;
    for lengths in [
        "Content-Length: 2\r\nContent-Length: 3\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 2, 3\r\n",
        "Content-Length : 2\r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "X: a\r\n folded: b\r\n",
    ] {
        let bytes = format!("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n{lengths}\r\n{{}}");
        let answer = server.exchange(bytes).await;
        assert_eq!(status(&answer), "400", "{lengths:?}: {answer}");
    }
}

#[tokio::test]
async fn oversize_headers_are_refused() {
    let server = Server::start(app(), ServerConfig::default()).await;
    let head =
        |size: usize| format!("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: {}\r\n\r\n", "x".repeat(size));
    assert_eq!(status(&server.exchange(head(30 * 1024)).await), "200");
    let answer = server.exchange(head(33 * 1024)).await;
    assert_eq!(status(&answer), "431");
    assert!(answer.contains("urn:chatapp:error:headers_too_large"), "{answer}");
    assert_eq!(status(&server.exchange(head(70 * 1024)).await), "431");
    let many = "X: y\r\n".repeat(200);
    assert_eq!(status(&server.exchange(format!("GET / HTTP/1.1\r\nHost: a\r\n{many}\r\n")).await), "431");
    let long_path = format!("GET /{} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "x".repeat(33 * 1024));
    assert_eq!(status(&server.exchange(long_path).await), "431");
}

#[tokio::test]
async fn silence_and_slow_headers_are_cut() {
    let server = Server::start(app(), impatient()).await;
    for begun in ["", "P", "PRI * HT", "GET / HTTP/1.1\r\nHost: a\r\nX-Slow"] {
        let mut stream = server.connect().await;
        stream.write_all(begun.as_bytes()).await.unwrap();
        let (answer, took) = timed(read_to_close(&mut stream)).await;
        assert!(!answer.contains("200"), "{begun:?}: {answer}");
        assert!(took >= Duration::from_millis(200), "{begun:?} was cut after {took:?}");
    }
}

#[tokio::test]
async fn headers_that_trickle_in_are_cut_too() {
    let server = Server::start(app(), impatient()).await;
    let stream = server.connect().await;
    let (mut reading, mut writing) = stream.into_split();
    let trickle = tokio::spawn(async move {
        let mut pace = tokio::time::interval(Duration::from_millis(20));
        writing.write_all(b"GET / HTTP/1.1\r\nX: ").await.unwrap();
        while writing.write_all(b"x").await.is_ok() {
            pace.tick().await;
        }
    });
    let mut bytes = Vec::new();
    let read = tokio::io::AsyncReadExt::read_to_end(&mut reading, &mut bytes);
    let _ = tokio::time::timeout(DEADLINE, read).await.expect("cut in time");
    assert!(!String::from_utf8_lossy(&bytes).contains("200"));
    tokio::time::timeout(DEADLINE, trickle).await.expect("the trickle fails").unwrap();
}

#[tokio::test]
async fn a_slow_body_is_cut() {
    let server = Server::start(app(), ServerConfig::default()).await;
    let head = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{";
    let (answer, took) = timed(server.exchange(head)).await;
    assert_eq!(status(&answer), "503", "{answer}");
    assert!(answer.contains("\"code\":\"timeout\""), "{answer}");
    assert!(!answer.contains("outcome"), "nothing was done with half a body: {answer}");
    assert!(took >= Duration::from_millis(250), "{took:?}");
}

#[tokio::test]
async fn what_is_under_way_finishes_at_shutdown() {
    let (begun, finish) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (tell, wait) = (begun.clone(), finish.clone());
    let handler = async move || {
        tell.notify_one();
        wait.notified().await;
        "finished"
    };
    let server = Server::start(Router::new().route("/", get(handler)), ServerConfig::default()).await;
    let mut idle = server.connect().await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    begun.notified().await;
    server.shutdown.cancel();
    assert_eq!(read_to_close(&mut idle).await, "", "idle connections are closed at once");
    finish.notify_one();
    assert!(read_to_close(&mut stream).await.ends_with("finished"));
    server.end().await;
}

#[tokio::test]
async fn what_does_not_finish_is_cut_at_the_end_of_the_drain() {
    let begun = Arc::new(Notify::new());
    let tell = begun.clone();
    let handler = async move || {
        tell.notify_one();
        std::future::pending::<()>().await;
    };
    let config = ServerConfig { drain: Duration::from_millis(200), ..ServerConfig::default() };
    let server = Server::start(Router::new().route("/", get(handler)), config).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    begun.notified().await;
    server.end().await;
    assert_eq!(read_to_close(&mut stream).await, "");
}

#[tokio::test]
async fn beyond_the_cap_connections_wait_for_a_place() {
    let config = ServerConfig { max_connections: 1, ..ServerConfig::default() };
    let server = Server::start(app(), config).await;
    let request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut first = server.connect().await;
    first.write_all(request).await.unwrap();
    read_until(&mut first, "hello").await;
    let mut second = server.connect().await;
    second.write_all(request).await.unwrap();
    let waited = tokio::time::timeout(Duration::from_millis(200), read_until(&mut second, "hello")).await;
    assert!(waited.is_err(), "there was no place");
    drop(first);
    read_until(&mut second, "hello").await;
}

#[tokio::test]
async fn what_a_client_opens_beyond_its_share_is_closed_at_once() {
    // This machine's own address in some network; nothing is sent. Without one there are no clients but loopback.
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    let own = socket.connect("192.0.2.1:9").and_then(|()| socket.local_addr()).map(|address| address.ip());
    let Some(ip) = own.ok().filter(|ip| !ip.is_loopback()) else { return };
    let config = ServerConfig { max_connections_per_client: 1, ..ServerConfig::default() };
    let server = Server::start_at(ip, app(), config).await;
    let request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut first = server.connect().await;
    first.write_all(request).await.unwrap();
    read_until(&mut first, "hello").await;
    let mut second = server.connect().await;
    assert_eq!(read_to_close(&mut second).await, "");
    drop(first);
    let again = async {
        loop {
            let mut stream = server.connect().await;
            // Fails where the connection has been closed already.
            let _ = stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
            if read_to_close(&mut stream).await.contains("hello") {
                break;
            }
        }
    };
    tokio::time::timeout(DEADLINE, again).await.expect("the place is given back");
    server.end().await;
}

#[tokio::test]
async fn a_peer_that_takes_no_byte_is_cut() {
    let endless = async || {
        let pieces = futures::stream::repeat_with(|| Ok::<_, std::io::Error>(bytes::Bytes::from(vec![b'x'; 65_536])));
        axum::body::Body::from_stream(pieces)
    };
    let config = ServerConfig {
        write_timeout: Duration::from_millis(200),
        drain: Duration::from_millis(1),
        max_connections: 1,
        ..ServerConfig::default()
    };
    let server = Server::start(Router::new().route("/", get(endless)), config).await;
    let mut stalled = server.connect().await;
    stalled.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    // There is one place: the next is served only once the first has been cut.
    let mut next = server.connect().await;
    next.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    read_until(&mut next, "200 OK").await;
}

#[tokio::test]
async fn a_websocket_is_a_stream_of_its_own_and_keeps_its_place() {
    let echo = async |upgrade: WebSocketUpgrade| {
        upgrade.on_upgrade(async |mut socket| {
            while let Some(Ok(message)) = socket.recv().await {
                if socket.send(message).await.is_err() {
                    break;
                }
            }
        })
    };
    let config = ServerConfig { max_connections: 1, ..ServerConfig::default() };
    let server = Server::start(standard(Router::new().route("/", get(echo)), LayerConfig::new("test")), config).await;
    let mut socket = server.connect().await;
    let handshake = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                     Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    socket.write_all(handshake.as_bytes()).await.unwrap();
    read_until(&mut socket, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n").await;
    // What would be refused in a head is only text here. A mask of zeros leaves it as it is.
    let text = "GET / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n";
    let frame = [&[0x81, 0x80 | u8::try_from(text.len()).unwrap(), 0, 0, 0, 0], text.as_bytes()].concat();
    for _ in 0..3 {
        socket.write_all(&frame).await.unwrap();
        read_until(&mut socket, text).await;
    }
    let mut other = server.connect().await;
    other.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let waited = tokio::time::timeout(Duration::from_millis(200), read_until(&mut other, "HTTP/1.1")).await;
    assert!(waited.is_err(), "the socket holds the one place");
    drop(socket);
    read_until(&mut other, "HTTP/1.1 4").await;
}

#[tokio::test]
async fn http2_without_tls_has_the_same_limits() {
    let server = Server::start(app(), ServerConfig::default()).await;
    let http = reqwest::Client::builder().http2_prior_knowledge().no_proxy().build().unwrap();
    let url = format!("http://{}/", server.address);
    let answer = http.get(&url).send().await.unwrap();
    assert_eq!((answer.version(), answer.status().as_u16()), (http::Version::HTTP_2, 200));
    for size in [33 * 1024, 80 * 1024] {
        let answer = http.get(&url).header("x", "x".repeat(size)).send().await.unwrap();
        assert_eq!(answer.status(), 431, "{size}");
    }
}
