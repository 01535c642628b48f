//! Following, publishing, leaving and closing at the same moment, under every kind of schedule.
//!
//! The time is tokio's, stands still, and is pushed on by the scene: shuttle schedules tasks and knows no clock.

use chatapp_types::EntryBody;
use shuttle::future::block_on;
use shuttle::thread;
use tokio::runtime::{Builder, Runtime};

use super::*;
use crate::hub::registry::Rooms;
use crate::hub::testing::entry;
use crate::socket::Closing;
use crate::sync::explore;

/// A hub whose tasks shuttle schedules.
struct Stage {
    hub: Hub,
    bus: Arc<LocalBus>,
    log: Arc<ScriptedLog>,
    room: RoomId,
    author: UserRef,
    shutdown: CancellationToken,
    tasks: TaskTracker,
}

/// Plays a scene in a room with so many entries. When everybody has left, every task has to end.
fn play(entries: u64, scene: impl Fn(&Time, &Arc<Stage>) + Send + Sync + 'static) {
    explore(move || {
        let time = Time::paused();
        let _entered = time.0.enter();
        let stage = Stage::with(entries);
        scene(&time, &stage);
        // The comparison of heads holds a room for a moment.
        time.pass_until(|| stage.hub.rooms.count() == 0);
        stage.shutdown.cancel();
        time.pass_until(|| stage.tasks.is_empty());
    });
}

impl Stage {
    /// With so many entries in its room.
    fn with(entries: u64) -> Arc<Self> {
        let (bus, log) = (Arc::new(LocalBus::new()), Arc::new(ScriptedLog::default()));
        let (shutdown, tasks) = (CancellationToken::new(), TaskTracker::new());
        let hub = Hub::start(bus.clone(), log.clone(), shutdown.clone(), tasks.clone());
        let (room, author) = (RoomId::new(), user("author"));
        log.rooms.lock().unwrap().insert(room, Vec::new());
        let stage = Self { hub, bus, log, room, author, shutdown, tasks };
        (0..entries).for_each(|_| drop(stage.commit()));
        Arc::new(stage)
    }

    fn next_seq(&self) -> u64 {
        self.log.head(self.room) + 1
    }

    fn commit(&self) -> Entry {
        let entry = message(self.room, self.next_seq(), &self.author, "text", None);
        self.log.append(entry.clone());
        entry
    }

    fn publish(&self, entry: Entry) {
        self.bus.publish(&subject::room(self.room), RoomEvent::of(entry).encode());
    }

    /// Somebody who commits and publishes so many entries.
    fn publishing(self: &Arc<Self>, count: usize) -> thread::JoinHandle<()> {
        let stage = self.clone();
        thread::spawn(move || {
            for _ in 0..count {
                let entry = stage.commit();
                thread::yield_now();
                stage.publish(entry);
                thread::yield_now();
            }
        })
    }

    /// Listens from what the log has by then.
    async fn listen(&self, who: &Listening) -> (Subscription, u64) {
        loop {
            let followed = self.hub.follow(self.room).await;
            let head = self.log.head(self.room);
            shuttle::future::yield_now().await;
            match followed.join(&ear(who), head).await {
                JoinResult::Live(subscription) => return (subscription, head),
                JoinResult::CutOff => panic!("nobody was put out"),
                JoinResult::Behind | JoinResult::Lost => {}
            }
        }
    }
}

/// A clock that stands still until it is pushed.
struct Time(Runtime);

impl Time {
    fn paused() -> Self {
        Self(Builder::new_current_thread().enable_time().start_paused(true).build().unwrap())
    }

    /// Lets time pass until `done`; a scene in which that takes a minute has failed.
    fn pass_until(&self, done: impl Fn() -> bool) {
        for _ in 0..600 {
            if done() {
                return;
            }
            self.0.block_on(tokio::time::advance(Duration::from_millis(100)));
            thread::yield_now();
        }
        panic!("it does not come to that in a minute");
    }
}

#[test]
fn whoever_follows_while_others_publish_gets_every_entry_once() {
    play(2, |time, stage| {
        let listeners = ["ann", "bob"].map(|name| {
            let stage = stage.clone();
            thread::spawn(move || {
                let who = Listening::new(name);
                let (subscription, head) = block_on(stage.listen(&who));
                (who, subscription, head)
            })
        });
        let publisher = stage.publishing(3);
        for listener in listeners {
            let (who, subscription, head) = listener.join().unwrap();
            time.pass_until(|| subscription.head() == 5);
            assert_eq!(seqs_of(&frames(&who.outbox)), (head + 1..=5).collect::<Vec<_>>(), "after {head}");
        }
        publisher.join().unwrap();
    });
}

#[test]
fn a_head_that_is_told_is_in_the_queue_already() {
    play(0, |time, stage| {
        let who = Listening::new("ann");
        let (subscription, _) = block_on(stage.listen(&who));
        let publisher = stage.publishing(2);
        let got = std::cell::RefCell::new(Vec::new());
        time.pass_until(|| {
            let head = subscription.head();
            got.borrow_mut().extend(seqs_of(&frames(&who.outbox)));
            assert!(got.borrow().last().copied().unwrap_or(0) >= head, "told of {head}, and has {got:?}");
            head == 2
        });
        publisher.join().unwrap();
        assert_eq!(got.into_inner(), [1, 2]);
    });
}

#[test]
fn nothing_is_put_into_a_queue_after_its_subscription_has_left() {
    play(1, |time, stage| {
        let (stays, leaves) = (Listening::new("ann"), Listening::new("bob"));
        let (staying, head) = block_on(stage.listen(&stays));
        let (leaving, _) = block_on(stage.listen(&leaves));
        let publisher = stage.publishing(2);
        block_on(leaving.leave());
        let left_with = frames(&leaves.outbox);
        time.pass_until(|| staying.head() == 3);
        publisher.join().unwrap();
        assert_eq!(seqs_of(&frames(&stays.outbox)), (head + 1..=3).collect::<Vec<_>>());
        assert!(seqs_of(&frames(&leaves.outbox)).is_empty(), "after {left_with:?}");
    });
}

#[test]
fn a_socket_that_closes_takes_no_entry_from_the_others() {
    play(0, |time, stage| {
        let (stays, closes) = (Listening::new("ann"), Listening::new("bob"));
        let (subscription, _) = block_on(stage.listen(&closes));
        let (staying, head) = block_on(stage.listen(&stays));
        let publisher = stage.publishing(2);
        let outbox = closes.outbox.clone();
        let closing = thread::spawn(move || {
            outbox.close(Closing::Gone);
            drop(subscription);
        });
        time.pass_until(|| staying.head() == 2);
        assert_eq!(seqs_of(&frames(&stays.outbox)), (head + 1..=2).collect::<Vec<_>>());
        publisher.join().unwrap();
        closing.join().unwrap();
    });
}

#[test]
fn a_block_is_the_last_entry_whoever_is_at_work_meanwhile() {
    play(0, |time, stage| {
        let (ann, bob) = (Listening::new("ann"), Listening::new("bob"));
        let (staying, _) = block_on(stage.listen(&ann));
        let (blocking, subject) = (stage.clone(), bob.user.clone());
        let admin = thread::spawn(move || {
            let block = EntryBody::MemberBlocked { subject, until: None };
            let block = entry(blocking.room, 1, &blocking.author, block);
            blocking.log.append(block.clone());
            blocking.publish(block);
            let entry = blocking.commit();
            blocking.publish(entry);
        });
        // He had read the log when nothing had happened yet.
        let outcome = block_on(async { stage.hub.follow(stage.room).await.join(&ear(&bob), 0).await });
        let live = match &outcome {
            JoinResult::Live(subscription) => Some(subscription),
            _ => None,
        };
        admin.join().unwrap();
        time.pass_until(|| staying.head() == 2);
        assert!(seqs_of(&frames(&bob.outbox)).iter().all(|seq| *seq <= 1), "the entry after the block");
        assert!(live.is_none_or(|subscription| !subscription.is_live()));
    });
}

#[test]
fn a_room_that_one_leaves_as_another_comes_is_there_for_the_other_and_ends_with_the_last() {
    play(0, |time, stage| {
        let others = ["ann", "bob"].map(|name| {
            let stage = stage.clone();
            thread::spawn(move || drop(block_on(stage.listen(&Listening::new(name)))))
        });
        let who = Listening::new("eve");
        let (subscription, head) = block_on(stage.listen(&who));
        for other in others {
            other.join().unwrap();
        }
        let entry = stage.commit();
        stage.publish(entry);
        time.pass_until(|| subscription.head() == 1);
        assert_eq!(seqs_of(&frames(&who.outbox)), (head + 1..=1).collect::<Vec<_>>());
        assert_eq!(stage.hub.rooms.count(), 1, "its head is compared");
    });
}

#[test]
fn a_room_that_is_held_is_known_whoever_lets_go_of_it_meanwhile() {
    explore(|| {
        let (rooms, room, begun) = (Arc::new(Rooms::default()), RoomId::new(), Arc::new(Mutex::new(Vec::new())));
        let take = move |rooms: &Arc<Rooms>, begun: &Mutex<Vec<_>>| {
            let (handle, new) = rooms.hold(room);
            begun.lock().unwrap().extend(new);
            handle
        };
        let others = [(); 2].map(|()| {
            let (rooms, begun) = (rooms.clone(), begun.clone());
            thread::spawn(move || drop(take(&rooms, &begun)))
        });
        let held = take(&rooms, &begun);
        for other in others {
            other.join().unwrap();
        }
        assert_eq!(rooms.count(), 1, "its head is compared");
        drop(held);
        assert_eq!(rooms.count(), 0);
    });
}
