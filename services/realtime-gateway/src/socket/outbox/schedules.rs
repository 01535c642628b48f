//! The outbox under every kind of schedule: who pushes, the socket's own task, who closes, and a peer that reads a few
//! bytes at a time, in any order.
#![allow(clippy::unwrap_used)]

use std::io::IoSlice;
use std::task::Waker;

use chatapp_types::frame::CloseReason;
use shuttle::future::block_on;
use shuttle::thread;

use super::queue::FRAME_OVERHEAD;
use super::*;
use crate::sync::explore;

/// A socket that holds a few bytes until its peer reads them.
struct Line {
    capacity: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    held: usize,
    bytes: Vec<u8>,
    writer: Option<Waker>,
    reader: Option<Waker>,
    ended: bool,
}

impl Line {
    fn of(capacity: usize) -> Arc<Self> {
        Arc::new(Self { capacity, state: Mutex::default() })
    }

    fn texts(&self) -> Vec<String> {
        let bytes = self.state.lock().unwrap().bytes.clone();
        let mut socket = WebSocket::from_raw_socket(Cursor::new(bytes), Role::Client, None);
        std::iter::from_fn(|| Some(socket.read().ok()?.into_text().unwrap().as_str().to_owned())).collect()
    }

    /// Nothing is written any more.
    fn end(&self) {
        let mut state = self.state.lock().unwrap();
        state.ended = true;
        state.reader.take().into_iter().for_each(Waker::wake);
    }

    /// Reads until so many whole texts have come, or the end.
    async fn read(&self, count: usize) -> Vec<String> {
        while self.texts().len() < count {
            let more = poll_fn(|cx| {
                let mut state = self.state.lock().unwrap();
                if state.held == 0 && !state.ended {
                    state.reader = Some(cx.waker().clone());
                    return Poll::Pending;
                }
                state.held = 0;
                state.writer.take().into_iter().for_each(Waker::wake);
                Poll::Ready(!state.ended)
            });
            if !more.await {
                break;
            }
        }
        self.texts()
    }
}

impl Wire for Line {
    fn try_write(&self, bytes: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut state = self.state.lock().unwrap();
        let all: Vec<u8> = bytes.iter().flat_map(|slice| slice.iter().copied()).collect();
        let taken = all.len().min(self.capacity - state.held);
        if taken == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        state.held += taken;
        state.bytes.extend_from_slice(&all[..taken]);
        state.reader.take().into_iter().for_each(Waker::wake);
        Ok(taken)
    }

    fn poll_write(&self, cx: &mut Context<'_>, bytes: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        // As a socket does it: who waits is known before it is looked whether there is room.
        self.state.lock().unwrap().writer = Some(cx.waker().clone());
        match self.try_write(bytes) {
            Err(err) if err.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
            done => Poll::Ready(done),
        }
    }

    fn poll_flush(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// An outbox on a line, and its socket's own task at work.
fn begun(limit: usize, line: &Arc<Line>) -> (Arc<Outbox>, thread::JoinHandle<Closing>) {
    let outbox = Arc::new(Outbox::new(limit));
    outbox.attach(line.clone());
    let (own, line) = (outbox.clone(), line.clone());
    let task = thread::spawn(move || {
        let closing = block_on(own_task(&own));
        line.end();
        closing
    });
    (outbox, task)
}

/// What the pump does with an outbox.
async fn own_task(outbox: &Outbox) -> Closing {
    loop {
        match outbox.next().await {
            Next::Write => {
                let cut = tokio::select! {
                    biased;
                    written = outbox.progress() => written.err().map(|_| Closing::Gone),
                    closing = outbox.cut() => Some(closing),
                };
                if let Some(closing) = cut {
                    return closing;
                }
            }
            Next::News => outbox.forget_news(),
            Next::Close(closing) => return closing,
        }
    }
}

/// Somebody who pushes so many texts, named after them.
fn pushing(outbox: &Arc<Outbox>, name: char, count: usize) -> thread::JoinHandle<()> {
    let outbox = outbox.clone();
    thread::spawn(move || (0..count).for_each(|n| outbox.push(Frame::text(&format!("{name}{n}")))))
}

/// Asserts that each author's texts are there in order, from the first on; how many.
fn in_order(texts: &[String], name: char) -> usize {
    let own: Vec<_> = texts.iter().filter(|text| text.starts_with(name)).collect();
    for (n, text) in own.iter().enumerate() {
        assert_eq!(**text, format!("{name}{n}"), "of {texts:?}");
    }
    own.len()
}

#[test]
fn frames_keep_their_order_whoever_writes_them_and_none_is_left_behind() {
    explore(|| {
        let line = Line::of(5);
        let (outbox, own) = begun(10_000, &line);
        let pushers = ['a', 'b'].map(|name| pushing(&outbox, name, 3));
        // Nobody pushes any more after the last, so one that is left behind is never read.
        let texts = block_on(line.read(6));
        assert_eq!((in_order(&texts, 'a'), in_order(&texts, 'b')), (3, 3));
        for pusher in pushers {
            pusher.join().unwrap();
        }
        outbox.close(Closing::GoingAway);
        assert_eq!(own.join().unwrap(), Closing::GoingAway);
    });
}

#[test]
fn what_is_pushed_together_stays_together() {
    explore(|| {
        let line = Line::of(7);
        let (outbox, own) = begun(10_000, &line);
        let other = pushing(&outbox, 'b', 2);
        let mut batch = outbox.batch();
        (0..3).for_each(|n| batch.push(Frame::text(&format!("a{n}"))));
        drop(batch);
        let texts = block_on(line.read(5));
        let first = texts.iter().position(|text| text == "a0").unwrap();
        assert_eq!(texts[first..first + 3], ["a0", "a1", "a2"]);
        assert_eq!(in_order(&texts, 'b'), 2);
        other.join().unwrap();
        outbox.close(Closing::GoingAway);
        own.join().unwrap();
    });
}

#[test]
fn what_was_pushed_before_the_end_is_written_before_it() {
    explore(|| {
        let line = Line::of(5);
        let (outbox, own) = begun(10_000, &line);
        let other = pushing(&outbox, 'b', 2);
        let reading = line.clone();
        let reader = thread::spawn(move || block_on(reading.read(usize::MAX)));
        (0..2).for_each(|n| outbox.push(Frame::text(&format!("a{n}"))));
        outbox.close(Closing::GoingAway);
        assert_eq!(own.join().unwrap(), Closing::GoingAway);
        let texts = line.texts();
        assert_eq!(in_order(&texts, 'a'), 2);
        in_order(&texts, 'b');
        other.join().unwrap();
        reader.join().unwrap();
        assert_eq!(line.texts(), texts, "nothing is written after the end");
    });
}

#[test]
fn a_socket_that_is_cut_ends_although_its_peer_reads_nothing() {
    explore(|| {
        let line = Line::of(5);
        let (outbox, own) = begun(10_000, &line);
        let pusher = pushing(&outbox, 'a', 3);
        outbox.close(CloseReason::SessionRevoked.into());
        assert_eq!(own.join().unwrap(), CloseReason::SessionRevoked.into());
        pusher.join().unwrap();
        assert!(line.state.lock().unwrap().bytes.len() <= 5);
    });
}

#[test]
fn an_outbox_that_overflows_is_closed_as_slow_and_wakes_its_owner() {
    explore(|| {
        let line = Line::of(5);
        let (outbox, own) = begun(2 * (4 + FRAME_OVERHEAD), &line);
        let pushers = ['a', 'b'].map(|name| pushing(&outbox, name, 3));
        for pusher in pushers {
            pusher.join().unwrap();
        }
        assert_eq!(own.join().unwrap(), CloseReason::Slow.into());
    });
}

#[test]
fn a_replay_waits_for_room_and_goes_on_when_there_is_some() {
    explore(|| {
        let line = Line::of(5);
        // Room for two frames: a third waits until one has been written.
        let (outbox, own) = begun(2 * (4 + FRAME_OVERHEAD), &line);
        let replaying = outbox.clone();
        let replay = thread::spawn(move || {
            block_on(async {
                for n in 0..4 {
                    assert!(replaying.has_room().await);
                    replaying.push(Frame::text(&format!("a{n}")));
                }
            });
        });
        let texts = block_on(line.read(4));
        assert_eq!(in_order(&texts, 'a'), 4);
        replay.join().unwrap();
        outbox.close(Closing::GoingAway);
        own.join().unwrap();
    });
}

#[test]
fn whoever_waits_for_room_is_told_of_the_end() {
    explore(|| {
        let line = Line::of(5);
        let (outbox, own) = begun(4 + FRAME_OVERHEAD, &line);
        let replaying = outbox.clone();
        let replay = thread::spawn(move || {
            block_on(async {
                while replaying.has_room().await {
                    replaying.push(Frame::text("a0"));
                }
            });
        });
        outbox.close(CloseReason::SessionRevoked.into());
        replay.join().unwrap();
        own.join().unwrap();
    });
}

#[test]
fn news_of_a_room_reach_the_owner_whenever_it_forgets_the_last_ones() {
    explore(|| {
        let (outbox, noted) = (Arc::new(Outbox::new(10_000)), Arc::new(Mutex::new(0)));
        let (own, counted) = (outbox.clone(), noted.clone());
        let owner = thread::spawn(move || {
            block_on(async {
                let mut last = 0;
                while last < 2 {
                    assert!(matches!(own.next().await, Next::News));
                    own.forget_news();
                    // Looked at after forgetting: what comes later is news again.
                    last = *counted.lock().unwrap();
                }
            });
        });
        let others = [(), ()].map(|()| {
            let (outbox, noted) = (outbox.clone(), noted.clone());
            thread::spawn(move || {
                *noted.lock().unwrap() += 1;
                outbox.batch().note_news();
            })
        });
        for other in others {
            other.join().unwrap();
        }
        owner.join().unwrap();
    });
}
