#![allow(clippy::unwrap_used)]
use std::io::IoSlice;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};

use chatapp_types::frame::CloseReason;
use futures::FutureExt as _;

use super::*;

/// What the owner does until nothing is left.
async fn all_written(outbox: &Outbox) -> io::Result<()> {
    poll_fn(|cx| outbox.poll_written(cx)).await
}

/// A frame that takes `n` bytes on the wire.
fn frame(n: usize) -> Frame {
    let frame = Frame::text(&"x".repeat(n - if n > 127 { 4 } else { 2 }));
    assert_eq!(frame.bytes().len(), n);
    frame
}

/// What takes as many bytes as it is given room for.
#[derive(Default)]
struct Pipe(Mutex<Flowed>);

#[derive(Default)]
struct Flowed {
    room: usize,
    bytes: Vec<u8>,
    calls: usize,
    reader: Option<Waker>,
    broken: bool,
}

impl Pipe {
    fn with_room(room: usize) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Flowed { room, ..Flowed::default() })))
    }

    fn make_room(&self, room: usize) {
        let mut flowed = self.0.lock().unwrap();
        flowed.room += room;
        flowed.reader.take().into_iter().for_each(Waker::wake);
    }

    fn written(&self) -> usize {
        self.0.lock().unwrap().bytes.len()
    }

    fn calls(&self) -> usize {
        self.0.lock().unwrap().calls
    }

    /// The texts that have come out whole.
    fn texts(&self) -> Vec<String> {
        let bytes = self.0.lock().unwrap().bytes.clone();
        let mut socket = WebSocket::from_raw_socket(Cursor::new(bytes), Role::Client, None);
        std::iter::from_fn(|| Some(socket.read().ok()?.into_text().unwrap().as_str().to_owned())).collect()
    }
}

impl Wire for Pipe {
    fn try_write(&self, bytes: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut flowed = self.0.lock().unwrap();
        flowed.calls += 1;
        if flowed.broken {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let all: Vec<u8> = bytes.iter().flat_map(|slice| slice.iter().copied()).collect();
        let taken = all.len().min(flowed.room);
        flowed.room -= taken;
        flowed.bytes.extend_from_slice(&all[..taken]);
        if taken == 0 { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(taken) }
    }

    fn poll_write(&self, cx: &mut Context<'_>, bytes: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        match self.try_write(bytes) {
            Err(err) if err.kind() == io::ErrorKind::WouldBlock => {
                self.0.lock().unwrap().reader = Some(cx.waker().clone());
                Poll::Pending
            }
            done => Poll::Ready(done),
        }
    }

    fn poll_flush(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn attached(limit: usize, room: usize) -> (Outbox, Arc<Pipe>) {
    let (outbox, pipe) = (Outbox::new(limit), Pipe::with_room(room));
    outbox.attach(pipe.clone());
    (outbox, pipe)
}

/// A waker, and how often it has been woken.
fn counting_waker() -> (Waker, impl Fn() -> usize) {
    struct Count(AtomicUsize);
    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let count = Arc::new(Count(AtomicUsize::new(0)));
    (Arc::clone(&count).into(), move || count.0.load(Ordering::SeqCst))
}

fn lengths(outbox: &Outbox) -> Vec<usize> {
    outbox.taken().iter().map(String::len).collect()
}

#[test]
fn what_is_pushed_is_written_by_who_pushes_it() {
    let (outbox, pipe) = attached(10_000, 1_000);
    outbox.push(Frame::text("a"));
    assert_eq!(pipe.texts(), ["a"]);
    assert!(outbox.next().now_or_never().is_none(), "nothing is left to do");
}

#[test]
fn what_is_pushed_together_is_written_by_one_call() {
    let (outbox, pipe) = attached(10_000, 1_000);
    let mut batch = outbox.batch();
    for text in ["a", "b", "c"] {
        batch.push(Frame::text(text));
    }
    drop(batch);
    assert_eq!((pipe.texts(), pipe.calls()), (vec!["a".to_owned(), "b".to_owned(), "c".to_owned()], 1));
}

#[test]
fn what_waited_before_there_was_a_socket_goes_first() {
    let outbox = Outbox::new(10_000);
    outbox.push(Frame::text("a"));
    let pipe = Pipe::with_room(1_000);
    outbox.attach(pipe.clone());
    outbox.push(Frame::text("b"));
    assert_eq!(pipe.texts(), ["a", "b"]);
}

#[tokio::test]
async fn a_frame_that_is_cut_in_two_is_finished_before_any_other_begins() {
    let (outbox, pipe) = attached(10_000, 5);
    outbox.push(frame(10));
    pipe.make_room(100);
    outbox.push(frame(12));
    outbox.push_control(Bytes::from_static(&[0x89, 0]));
    assert_eq!(pipe.written(), 5, "all wait for the socket's own task");
    assert!(matches!(outbox.next().await, Next::Write));
    all_written(&outbox).await.unwrap();
    assert_eq!(pipe.written(), 24);
    assert_eq!(pipe.texts()[..2].iter().map(String::len).collect::<Vec<_>>(), [8, 10]);
    outbox.push(frame(9));
    assert_eq!(pipe.written(), 33, "from here on whoever pushes writes again");
}

#[tokio::test]
async fn however_little_the_socket_takes_at_a_time_the_order_is_that_of_pushing() {
    let (outbox, pipe) = attached(100_000, 0);
    let outbox = Arc::new(outbox);
    let (pushing, reading) = (outbox.clone(), pipe.clone());
    let owner = tokio::spawn(async move {
        while let Next::Write = outbox.next().await {
            all_written(&outbox).await.unwrap();
        }
    });
    let texts: Vec<String> = (0..500).map(|n| n.to_string().repeat(1 + n % 40)).collect();
    let mut in_all = 0;
    for (n, text) in texts.iter().enumerate() {
        in_all += Frame::text(text).bytes().len();
        pushing.push(Frame::text(text));
        reading.make_room(n % 61);
        if n % 7 == 0 {
            tokio::task::yield_now().await;
        }
    }
    while reading.written() < in_all {
        reading.make_room(97);
        tokio::task::yield_now().await;
    }
    assert_eq!(reading.texts(), texts);
    owner.abort();
}

#[tokio::test]
async fn a_socket_that_is_broken_is_found_by_its_own_task() {
    let (outbox, pipe) = attached(10_000, 100);
    pipe.0.lock().unwrap().broken = true;
    outbox.push(frame(10));
    assert!(matches!(outbox.next().await, Next::Write));
    assert_eq!(all_written(&outbox).await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
}

#[tokio::test]
async fn the_owner_is_woken_when_a_push_leaves_something() {
    let (outbox, pipe) = attached(10_000, 3);
    let outbox = Arc::new(outbox);
    let watched = outbox.clone();
    let owner = tokio::spawn(async move {
        let next = watched.next().await;
        all_written(&watched).await.unwrap();
        next
    });
    tokio::task::yield_now().await;
    outbox.push(frame(10));
    tokio::task::yield_now().await;
    pipe.make_room(7);
    assert!(matches!(owner.await.unwrap(), Next::Write));
    assert_eq!(pipe.written(), 10);
}

#[test]
fn news_of_a_room_is_told_once_until_it_is_forgotten() {
    let (outbox, _pipe) = attached(10_000, 1_000);
    for _ in 0..2 {
        outbox.batch().note_news();
        outbox.batch().note_news();
        assert!(matches!(outbox.next().now_or_never(), Some(Next::News)));
        assert!(outbox.next().now_or_never().is_none());
        outbox.forget_news();
    }
}

#[test]
fn news_that_the_owner_has_not_been_told_of_is_not_forgotten() {
    let (outbox, _pipe) = attached(10_000, 1_000);
    outbox.batch().note_news();
    outbox.forget_news();
    assert!(matches!(outbox.next().now_or_never(), Some(Next::News)));
}

#[tokio::test]
async fn a_reader_that_takes_a_little_is_told_apart_from_one_that_takes_nothing() {
    let (outbox, pipe) = attached(10_000, 5);
    outbox.push(frame(600));
    pipe.make_room(5);
    assert!(outbox.progress().now_or_never().is_some(), "it took five more");
    assert!(outbox.progress().now_or_never().is_none());
    assert!(matches!(outbox.next().now_or_never(), Some(Next::Write)), "it is not done");
    pipe.make_room(10_000);
    outbox.push(frame(10));
    assert_eq!(pipe.written(), 10, "what is pushed meanwhile waits behind");
    outbox.progress().await.unwrap();
    assert_eq!(pipe.written(), 610);
}

#[tokio::test]
async fn a_push_behind_a_stuck_write_wakes_nobody() {
    let (outbox, pipe) = attached(10_000, 5);
    outbox.push(frame(10));
    let (waker, woken) = counting_waker();
    let mut cx = Context::from_waker(&waker);
    let mut cut = Box::pin(outbox.cut());
    assert!(cut.as_mut().poll(&mut cx).is_pending());
    outbox.push(frame(10));
    assert_eq!(woken(), 0, "the socket's own task is at it");
    outbox.close(CloseReason::SessionRevoked.into());
    assert_eq!(woken(), 1);
    drop(pipe);
}

#[test]
fn a_socket_that_has_ended_holds_on_to_nothing() {
    let (outbox, pipe) = attached(10_000, 5);
    outbox.push(frame(600));
    outbox.detach();
    outbox.push(frame(10));
    assert_eq!((Arc::strong_count(&pipe), outbox.waiting_bytes()), (1, 0));
    assert!(outbox.is_closing());
}

#[test]
fn when_it_is_full_ephemeral_frames_go_first() {
    let outbox = Outbox::new(1_000);
    outbox.push(frame(100));
    outbox.push_ephemeral(frame(200));
    outbox.push(frame(600));
    assert!(!outbox.is_closing());
    assert_eq!(lengths(&outbox), [98, 596]);
}

#[tokio::test]
async fn an_ephemeral_frame_that_is_on_its_way_is_not_taken_back() {
    let (outbox, pipe) = attached(1_000, 5);
    outbox.push_ephemeral(frame(200));
    outbox.push_ephemeral(frame(100));
    outbox.push(frame(600));
    assert!(!outbox.is_closing());
    pipe.make_room(10_000);
    all_written(&outbox).await.unwrap();
    assert_eq!(pipe.texts().iter().map(String::len).collect::<Vec<_>>(), [196, 596]);
}

#[test]
fn an_ephemeral_frame_without_ample_room_is_dropped() {
    let outbox = Outbox::new(1_000);
    outbox.push(frame(500));
    outbox.push_ephemeral(frame(10));
    assert_eq!(lengths(&outbox), [496]);
}

#[tokio::test]
async fn a_queue_that_would_overflow_closes_its_socket_as_slow_and_keeps_nothing() {
    let outbox = Outbox::new(1_000);
    outbox.push(frame(600));
    outbox.push(frame(600));
    assert!(matches!(outbox.next().await, Next::Close(Closing::Reason(CloseReason::Slow))));
    outbox.push(frame(10));
    assert!(outbox.taken().is_empty(), "nothing is queued any more");
}

#[tokio::test]
async fn a_slow_sockets_frame_that_has_begun_is_finished_before_it_is_told_why() {
    let (outbox, pipe) = attached(1_000, 5);
    outbox.push(frame(600));
    outbox.push(frame(10));
    outbox.push(frame(600));
    assert!(outbox.is_closing());
    outbox.push_control(Bytes::from_static(&[0x88, 0]));
    pipe.make_room(10_000);
    all_written(&outbox).await.unwrap();
    assert_eq!(pipe.written(), 602);
}

#[tokio::test]
async fn a_polite_close_comes_after_what_waits() {
    let outbox = Outbox::new(1_000);
    outbox.push(frame(10));
    outbox.close(CloseReason::ShuttingDown.into());
    assert!(matches!(outbox.next().await, Next::Write));
    assert_eq!(lengths(&outbox), [8]);
    assert!(matches!(outbox.next().await, Next::Close(_)));
}

#[tokio::test]
async fn the_end_of_a_session_does_not_wait_for_what_waits() {
    let outbox = Outbox::new(1_000);
    outbox.push(frame(10));
    outbox.close(CloseReason::SessionRevoked.into());
    assert!(matches!(outbox.next().await, Next::Close(_)));
    assert!(outbox.taken().is_empty());
}

#[tokio::test]
async fn a_replay_waits_until_its_reader_has_caught_up() {
    let (outbox, pipe) = attached(1_000, 5);
    outbox.push(frame(600));
    let mut room = Box::pin(outbox.has_room());
    assert!(room.as_mut().now_or_never().is_none());
    pipe.make_room(1_000);
    all_written(&outbox).await.unwrap();
    assert_eq!(room.now_or_never(), Some(true));
}
