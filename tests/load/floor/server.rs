//! The floor program itself.

use std::convert::Infallible;
use std::io::{BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, mpsc};

use anyhow::Context;
use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc as channel;

use super::Mode;

/// What a connection says first: that it receives, or that it sends.
pub(super) const RECEIVER: u8 = b'r';
pub(super) const SENDER: u8 = b's';
/// Frames written together at most.
const TOGETHER: usize = 64;

type Receivers = Arc<Mutex<Vec<TcpStream>>>;
type Channels = Arc<Mutex<Vec<channel::UnboundedSender<Bytes>>>>;

/// Serves until it is killed; the port is told on standard output.
pub(crate) fn serve(mode: Mode) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?.port());
    match mode {
        Mode::Tasks => {
            tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve_tasks(listener))
        }
        Mode::Single | Mode::Joined => serve_threads(&listener, mode),
    }
}

fn serve_threads(listener: &TcpListener, mode: Mode) -> anyhow::Result<()> {
    let receivers = Receivers::default();
    let (queue, waiting) = mpsc::channel();
    if mode == Mode::Joined {
        let receivers = Arc::clone(&receivers);
        std::thread::spawn(move || write_joined(&waiting, &receivers));
    }
    loop {
        let (mut stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        let mut role = [0];
        stream.read_exact(&mut role)?;
        // Says that it is counted in.
        stream.write_all(&role)?;
        if role[0] == RECEIVER {
            receivers.lock().expect("no panic while locked").push(stream);
            continue;
        }
        let (receivers, queue) = (Arc::clone(&receivers), queue.clone());
        std::thread::spawn(move || match mode {
            Mode::Joined => take(stream, |frame, ack| queue.send((frame, ack.try_clone()?)).context("no writer")),
            _ => take(stream, |frame, ack| write_each(&frame, ack, &receivers)),
        });
    }
}

/// Reads a sender's frames: the length as four bytes, then the frame.
fn take(stream: TcpStream, mut then: impl FnMut(Vec<u8>, &mut TcpStream) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut ack = stream.try_clone()?;
    let mut input = BufReader::new(stream);
    loop {
        let mut length = [0; 4];
        input.read_exact(&mut length)?;
        let mut frame = vec![0; u32::from_be_bytes(length) as usize];
        input.read_exact(&mut frame)?;
        then(frame, &mut ack)?;
    }
}

fn write_each(frame: &[u8], ack: &mut TcpStream, receivers: &Receivers) -> anyhow::Result<()> {
    for receiver in receivers.lock().expect("no panic while locked").iter_mut() {
        receiver.write_all(frame)?;
    }
    Ok(ack.write_all(&[SENDER])?)
}

fn write_joined(waiting: &mpsc::Receiver<(Vec<u8>, TcpStream)>, receivers: &Receivers) {
    while let Ok((mut frames, first)) = waiting.recv() {
        let mut acks = vec![first];
        while acks.len() < TOGETHER
            && let Ok((frame, ack)) = waiting.try_recv()
        {
            frames.extend_from_slice(&frame);
            acks.push(ack);
        }
        for receiver in receivers.lock().expect("no panic while locked").iter_mut() {
            let _ = receiver.write_all(&frames);
        }
        for mut ack in acks {
            let _ = ack.write_all(&[SENDER]);
        }
    }
}

async fn serve_tasks(listener: TcpListener) -> anyhow::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let channels = Channels::default();
    loop {
        let (mut stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let role = stream.read_u8().await?;
        stream.write_u8(role).await?;
        if role == RECEIVER {
            let (sender, frames) = channel::unbounded_channel();
            channels.lock().expect("no panic while locked").push(sender);
            tokio::spawn(write_from(stream, frames));
        } else {
            tokio::spawn(hand_out(stream, Arc::clone(&channels)));
        }
    }
}

async fn hand_out(mut stream: tokio::net::TcpStream, channels: Channels) -> anyhow::Result<Infallible> {
    loop {
        let length = stream.read_u32().await?;
        let mut frame = vec![0; length as usize];
        stream.read_exact(&mut frame).await?;
        let frame = Bytes::from(frame);
        for channel in channels.lock().expect("no panic while locked").iter() {
            let _ = channel.send(frame.clone());
        }
        stream.write_u8(SENDER).await?;
    }
}

async fn write_from(
    mut stream: tokio::net::TcpStream,
    mut frames: channel::UnboundedReceiver<Bytes>,
) -> anyhow::Result<()> {
    let mut waiting = Vec::new();
    while frames.recv_many(&mut waiting, TOGETHER).await > 0 {
        stream.write_all(&waiting.concat()).await?;
        waiting.clear();
    }
    Ok(())
}
