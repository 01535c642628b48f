//! The load on the floor: the same receivers as a gateway's, and senders that send finished frames.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use uuid::Uuid;

use super::Floor;
use super::server::{RECEIVER, SENDER};
use crate::cases::Traffic;
use crate::traffic::{Seen, body, pause_of, receive};
use crate::world::LoadSocket;

/// CPU of the floor for the measured messages of a case.
pub(super) async fn traffic(floor: &Floor, case: &Traffic) -> anyhow::Result<Duration> {
    let seen = Arc::new(Seen::new());
    let mut receivers = Vec::new();
    for _ in 0..case.receivers {
        receivers.push(receive(receiver(floor).await?, &seen));
    }
    let mut senders = Vec::new();
    for _ in 0..case.senders {
        senders.push(connect(floor, SENDER).await?);
    }
    let warm_up = case.warm_up.max(case.senders).div_ceil(case.senders);
    let senders = send_all(senders, warm_up, None, &seen).await?;
    seen.wait_for(warm_up * case.senders * case.receivers).await?;
    seen.measure();
    let process = floor.process();
    let before = process.cpu().context("the floor program ended")?;
    let each = case.messages.div_ceil(case.senders);
    let pause = pause_of(case);
    send_all(senders, each, pause, &seen).await?;
    seen.wait_for((warm_up + each) * case.senders * case.receivers).await?;
    let after = process.cpu().context("the floor program ended")?;
    receivers.iter().for_each(tokio::task::JoinHandle::abort);
    Ok(after.saturating_sub(before))
}

/// KiB of the floor's memory a connection.
pub(super) async fn idle(floor: &Floor, connections: usize) -> anyhow::Result<f64> {
    let before = floor.process().memory().context("the floor program ended")?;
    let mut sockets = Vec::with_capacity(connections);
    for _ in 0..connections {
        sockets.push(connect(floor, RECEIVER).await?);
    }
    let after = floor.process().memory().context("the floor program ended")?;
    drop(sockets);
    Ok(f64::from(u32::try_from(after.pss_kib.saturating_sub(before.pss_kib))?) / f64::from(u32::try_from(connections)?))
}

async fn connect(floor: &Floor, role: u8) -> anyhow::Result<TcpStream> {
    let mut stream = TcpStream::connect(("127.0.0.1", floor.port)).await?;
    stream.set_nodelay(true)?;
    stream.write_u8(role).await?;
    stream.read_u8().await?;
    Ok(stream)
}

async fn receiver(floor: &Floor) -> anyhow::Result<LoadSocket> {
    let stream = MaybeTlsStream::Plain(connect(floor, RECEIVER).await?);
    let config = WebSocketConfig::default().read_buffer_size(16 * 1024);
    Ok(WebSocketStream::from_raw_socket(stream, Role::Client, Some(config)).await)
}

async fn send_all(
    senders: Vec<TcpStream>,
    each: usize,
    pause: Option<Duration>,
    seen: &Arc<Seen>,
) -> anyhow::Result<Vec<TcpStream>> {
    let tasks: Vec<_> =
        senders.into_iter().map(|stream| tokio::spawn(send(stream, each, pause, Arc::clone(seen)))).collect();
    let mut streams = Vec::new();
    for task in tasks {
        streams.push(task.await??);
    }
    Ok(streams)
}

async fn send(
    mut stream: TcpStream,
    messages: usize,
    pause: Option<Duration>,
    seen: Arc<Seen>,
) -> anyhow::Result<TcpStream> {
    let mut tick = pause.map(tokio::time::interval);
    for _ in 0..messages {
        if let Some(tick) = &mut tick {
            tick.tick().await;
        }
        let frame = frame(&body(seen.nanos()));
        let length = u32::try_from(frame.len())?;
        stream.write_all(&[&length.to_be_bytes()[..], &frame].concat()).await?;
        stream.read_u8().await?;
    }
    Ok(stream)
}

/// A frame as long as the gateway's for the same text; without an order, since the floor has none.
fn frame(body: &str) -> Vec<u8> {
    let json = serde_json::json!({
        "ev": "entry", "room_id": Uuid::nil(), "seq": 0, "at": "2026-01-01T00:00:00.000Z",
        "actor": {"id": Uuid::nil(), "username": "load-00-00000000"}, "kind": "message.posted",
        "message_id": Uuid::nil(), "ordinal": 0, "body": body,
    });
    let text = json.to_string();
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    let mut frame = vec![0x81, 126];
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(text.as_bytes());
    frame
}
