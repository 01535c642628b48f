//! A network between two parties that a test can break: a TCP proxy.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How bytes pass in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// As they come.
    Pass,
    /// Each piece of at most `slice` bytes after `delay`.
    Slow {
        /// The time that a piece takes.
        delay: Duration,
        /// Its size.
        slice: usize,
    },
    /// Not at all: what comes waits, as on a network without a way through. It passes when the flow does again.
    Hold,
}

/// Looks at what the connecting party says on one connection, piece by piece, and gives what is passed on.
pub type Filter = Box<dyn FnMut(&[u8]) -> Vec<u8> + Send>;

#[derive(Clone, Copy, Debug)]
struct State {
    /// From the party that connects.
    up: Flow,
    /// To it.
    down: Flow,
    /// Whether new connections are closed at once.
    refuse: bool,
    /// Connections of an earlier generation are cut.
    generation: u64,
    /// Connections of an earlier one have no answers any more: that direction is closed.
    deaf: u64,
}

struct Shared {
    state: watch::Sender<State>,
    target: Mutex<String>,
    filter: Mutex<Option<Arc<dyn Fn() -> Filter + Send + Sync>>>,
    connections: AtomicUsize,
}

/// A TCP proxy. What connects to its port is connected to its target; connections end with it.
pub struct Link {
    port: u16,
    shared: Arc<Shared>,
    accepting: tokio::task::JoinHandle<()>,
}

impl Link {
    /// Opens one that leads to `target` (`127.0.0.1:4222`).
    pub async fn to(target: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let state = State { up: Flow::Pass, down: Flow::Pass, refuse: false, generation: 0, deaf: 0 };
        let shared = Arc::new(Shared {
            state: watch::Sender::new(state),
            target: Mutex::new(target.to_owned()),
            filter: Mutex::default(),
            connections: AtomicUsize::new(0),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self { port, shared, accepting }
    }

    /// The port to connect to.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Where new connections lead from now on.
    pub fn lead_to(&self, target: &str) {
        target.clone_into(&mut self.shared.target.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// What passes from the connecting party, and what to it.
    pub fn flow(&self, up: Flow, down: Flow) {
        self.change(|state| (state.up, state.down) = (up, down));
    }

    /// Everything passes again, and new connections are taken.
    pub fn heal(&self) {
        self.change(|state| (state.up, state.down, state.refuse) = (Flow::Pass, Flow::Pass, false));
    }

    /// Nothing passes, and nobody is told.
    pub fn hold(&self) {
        self.flow(Flow::Hold, Flow::Hold);
    }

    /// Closes every connection.
    pub fn cut(&self) {
        self.change(|state| state.generation += 1);
    }

    /// Closes every connection, and each new one as soon as it is made, until [`Link::heal`].
    pub fn refuse(&self) {
        self.change(|state| {
            state.refuse = true;
            state.generation += 1;
        });
    }

    /// Closes the direction to the connecting party on every connection; what it says still passes.
    pub fn half_close(&self) {
        self.change(|state| state.deaf += 1);
    }

    /// Puts a filter, made anew for each new connection, on what the connecting party says.
    pub fn filter(&self, filter: impl Fn() -> Filter + Send + Sync + 'static) {
        *self.shared.filter.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(filter));
    }

    /// Connections that are open now.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        self.shared.state.send_modify(change);
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        if !shared.state.borrow().refuse {
            tokio::spawn(carry(client, Arc::clone(&shared)));
        }
    }
}

async fn carry(client: TcpStream, shared: Arc<Shared>) {
    let target = shared.target.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let filter = shared.filter.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let state = shared.state.subscribe();
    let Ok(server) = TcpStream::connect(target).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    shared.connections.fetch_add(1, Ordering::SeqCst);
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    let up = Pump { from: from_client, to: to_server, state: state.clone(), flow: |state| state.up, hears: |_| 0 };
    let down = Pump { from: from_server, to: to_client, state, flow: |state| state.down, hears: |state| state.deaf };
    tokio::join!(up.run(filter.map(|make| make())), down.run(None));
    shared.connections.fetch_sub(1, Ordering::SeqCst);
}

/// One direction of one connection.
struct Pump {
    from: OwnedReadHalf,
    to: OwnedWriteHalf,
    state: watch::Receiver<State>,
    flow: fn(&State) -> Flow,
    hears: fn(&State) -> u64,
}

impl Pump {
    /// Runs until either end closes or the connection is cut; then the other end is closed too.
    async fn run(mut self, mut filter: Option<Filter>) {
        let begun = *self.state.borrow();
        let ended = |state: &State| state.generation != begun.generation;
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let state = *self.state.borrow_and_update();
            if ended(&state) || (self.hears)(&state) != (self.hears)(&begun) {
                return;
            }
            let room = match (self.flow)(&state) {
                Flow::Pass => buffer.len(),
                Flow::Slow { slice, .. } => slice.clamp(1, buffer.len()),
                Flow::Hold => {
                    if self.state.changed().await.is_err() {
                        return;
                    }
                    continue;
                }
            };
            let read = tokio::select! {
                read = self.from.read(&mut buffer[..room]) => read.unwrap_or(0),
                changed = self.state.changed() => if changed.is_ok() { continue } else { return },
            };
            if read == 0 || !self.pass(&buffer[..read], filter.as_mut(), begun.generation).await {
                return;
            }
        }
    }

    /// Passes a piece on, once it may pass. Returns whether the connection goes on.
    async fn pass(&mut self, piece: &[u8], filter: Option<&mut Filter>, generation: u64) -> bool {
        loop {
            let state = *self.state.borrow_and_update();
            if state.generation != generation {
                return false;
            }
            match (self.flow)(&state) {
                Flow::Pass => break,
                Flow::Slow { delay, .. } => {
                    tokio::time::sleep(delay).await;
                    break;
                }
                Flow::Hold if self.state.changed().await.is_err() => return false,
                Flow::Hold => {}
            }
        }
        match filter {
            Some(filter) => self.to.write_all(&filter(piece)).await.is_ok(),
            None => self.to.write_all(piece).await.is_ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::within;

    /// A server that says everything back.
    async fn echo() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.split();
                    tokio::io::copy(&mut from, &mut to).await
                });
            }
        });
        address
    }

    async fn said_back(stream: &mut TcpStream, text: &[u8]) -> bool {
        let mut read = vec![0; text.len()];
        stream.write_all(text).await.is_ok() && stream.read_exact(&mut read).await.is_ok() && read == text
    }

    async fn connected(link: &Link) -> TcpStream {
        TcpStream::connect(("127.0.0.1", link.port())).await.unwrap()
    }

    #[tokio::test]
    async fn what_is_held_passes_after_the_healing() {
        let link = Link::to(&echo().await).await;
        let mut stream = connected(&link).await;
        assert!(said_back(&mut stream, b"one").await);
        link.flow(Flow::Pass, Flow::Hold);
        let (mut read, mut write) = stream.split();
        write.write_all(b"two").await.unwrap();
        let mut answer = [0; 3];
        let waited = tokio::time::timeout(Duration::from_millis(50), read.read_exact(&mut answer)).await;
        assert!(waited.is_err(), "it came through");
        link.heal();
        within(crate::DEADLINE, "what was held", read.read_exact(&mut answer)).await.unwrap();
        assert_eq!(&answer, b"two");
    }

    #[tokio::test]
    async fn a_cut_ends_what_is_open_and_a_refusal_what_comes() {
        let link = Link::to(&echo().await).await;
        let mut stream = connected(&link).await;
        assert!(said_back(&mut stream, b"one").await);
        link.cut();
        assert!(!within(crate::DEADLINE, "the end", said_back(&mut stream, b"two")).await);
        assert!(said_back(&mut connected(&link).await, b"three").await);
        link.refuse();
        assert!(!within(crate::DEADLINE, "the end", said_back(&mut connected(&link).await, b"four")).await);
        link.heal();
        assert!(said_back(&mut connected(&link).await, b"five").await);
    }

    #[tokio::test]
    async fn slices_and_filters_change_how_and_what_passes() {
        let link = Link::to(&echo().await).await;
        link.filter(|| Box::new(|piece: &[u8]| piece.to_ascii_uppercase()));
        link.flow(Flow::Slow { delay: Duration::from_micros(100), slice: 1 }, Flow::Pass);
        let mut stream = connected(&link).await;
        stream.write_all(b"abc").await.unwrap();
        let mut answer = [0; 3];
        within(crate::DEADLINE, "three letters", stream.read_exact(&mut answer)).await.unwrap();
        assert_eq!(&answer, b"ABC");
    }

    #[tokio::test]
    async fn a_half_closed_connection_still_takes_what_is_said() {
        let link = Link::to(&echo().await).await;
        let mut stream = connected(&link).await;
        assert!(said_back(&mut stream, b"one").await);
        link.half_close();
        let mut rest = Vec::new();
        within(crate::DEADLINE, "the end of answers", stream.read_to_end(&mut rest)).await.unwrap();
        assert!(stream.write_all(b"two").await.is_ok());
    }
}
