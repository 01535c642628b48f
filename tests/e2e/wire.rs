//! HTTP/1 as bytes, for what no client library would send.

use chatapp_testkit::{DEADLINE, Platform, within};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// An answer as it came over the wire.
#[derive(Clone, Debug)]
pub(crate) struct RawAnswer {
    /// 0 when the connection ended without an answer.
    pub(crate) status: u16,
    pub(crate) text: String,
}

impl RawAnswer {
    /// The body as JSON, if it is one and came in one piece.
    pub(crate) fn json(&self) -> Value {
        let body = self.text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        serde_json::from_str(body).unwrap_or(Value::Null)
    }
}

/// Sends bytes on a connection of their own, and reads until the server closes it or a whole head and `Content-Length`
/// bytes of a body have come.
pub(crate) async fn exchange(platform: &Platform, bytes: &[u8]) -> RawAnswer {
    let mut stream = connect(platform).await;
    // A server that refuses early may close before it has read everything.
    let _ = stream.write_all(bytes).await;
    within(DEADLINE, "an answer or the end of the connection", read_answer(&mut stream)).await
}

/// A connection.
pub(crate) async fn connect(platform: &Platform) -> TcpStream {
    TcpStream::connect(("127.0.0.1", platform.port())).await.expect("a connection")
}

/// The next answer on a connection.
pub(crate) async fn read_answer(stream: &mut TcpStream) -> RawAnswer {
    read_from(stream).await
}

/// The next answer from anything that is read.
pub(crate) async fn read_from(stream: &mut (impl AsyncRead + Unpin)) -> RawAnswer {
    let (mut read, mut buffer) = (Vec::new(), [0; 4096]);
    while !is_whole(&read) {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(n) => read.extend_from_slice(&buffer[..n]),
        }
    }
    let text = String::from_utf8_lossy(&read).into_owned();
    let status = text.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
    RawAnswer { status, text }
}

fn is_whole(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, _)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok()).flatten()
    });
    head.starts_with("HTTP/1.1 101") || length.is_some_and(|length| bytes.len() >= head.len() + 4 + length)
}
