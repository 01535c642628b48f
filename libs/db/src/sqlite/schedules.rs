//! The writer under every kind of schedule: callers who wait, callers who go away, the last one who lets go of the
//! database, and commits that fail.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chatapp_testkit::schedules::explore;
use futures::FutureExt as _;
use rusqlite::Connection;
use shuttle::future::block_on;
use shuttle::sync::Mutex;
use shuttle::thread;

use super::writer::Writer;
use crate::DbError;

/// What happened, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Event {
    Written(i64),
    Hooked(i64),
    Answered(i64),
    Ended,
}

type Story = Arc<Mutex<Vec<Event>>>;

fn tell(story: &Story, event: Event) {
    story.lock().unwrap().push(event);
}

fn place(story: &[Event], event: &Event) -> Option<usize> {
    story.iter().position(|other| other == event)
}

/// A writer on a database in memory, which tells when it has let go of it. Its `failing`th commits fail.
struct Stage {
    writer: Option<Arc<Writer>>,
    story: Story,
    commits: Arc<AtomicUsize>,
    open: Arc<()>,
}

impl Stage {
    fn new(fails: impl Fn(usize) -> bool + Send + 'static) -> Self {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch("CREATE TABLE t (n INTEGER PRIMARY KEY) STRICT").unwrap();
        let (commits, open) = (Arc::new(AtomicUsize::new(0)), Arc::new(()));
        let counted = commits.clone();
        // Held by the connection, for as long as that is open.
        let held = open.clone();
        conn.commit_hook(Some(move || Arc::strong_count(&held) > 0 && fails(counted.fetch_add(1, Ordering::SeqCst))))
            .unwrap();
        Self { writer: Some(Arc::new(Writer::start(conn).unwrap())), story: Arc::default(), commits, open }
    }

    fn writer(&self) -> Arc<Writer> {
        self.writer.clone().unwrap()
    }

    /// A caller who writes these numbers, one after the other, and waits for each.
    fn caller(&self, numbers: std::ops::Range<i64>) -> thread::JoinHandle<()> {
        let (writer, story) = (self.writer(), self.story.clone());
        thread::spawn(move || {
            for n in numbers {
                if block_on(write(&writer, &story, n)).is_ok() {
                    tell(&story, Event::Answered(n));
                }
            }
        })
    }

    /// Lets go of the writer and waits until its thread has let go of the database; what happened.
    fn end(mut self) -> Vec<Event> {
        self.writer = None;
        while Arc::strong_count(&self.open) > 1 {
            thread::yield_now();
        }
        tell(&self.story, Event::Ended);
        self.story.lock().unwrap().clone()
    }
}

async fn write(writer: &Writer, story: &Story, n: i64) -> Result<i64, DbError> {
    let story = story.clone();
    let work = move |tx: &mut super::WriteTx<'_>| {
        tx.execute("INSERT INTO t VALUES (?1)", [n])?;
        tell(&story, Event::Written(n));
        let hooked = story.clone();
        tx.after_commit(move || tell(&hooked, Event::Hooked(n)));
        Ok(n)
    };
    writer.run(work).await
}

/// Asserts that hooks ran in the order of the writes, after them, and before the answers.
fn check(story: &[Event]) {
    let of = |pick: fn(&Event) -> Option<i64>| story.iter().filter_map(pick).collect::<Vec<_>>();
    let hooked = of(|event| if let Event::Hooked(n) = event { Some(*n) } else { None });
    let written = of(|event| if let Event::Written(n) = event { Some(*n) } else { None });
    let committed: BTreeSet<_> = hooked.iter().collect();
    assert_eq!(committed.len(), hooked.len(), "a hook ran twice: {story:?}");
    assert_eq!(hooked, written.into_iter().filter(|n| committed.contains(n)).collect::<Vec<_>>(), "{story:?}");
    for n in of(|event| if let Event::Answered(n) = event { Some(*n) } else { None }) {
        let hook = place(story, &Event::Hooked(n)).expect("a hook for each answer");
        assert!(Some(hook) < place(story, &Event::Answered(n)), "{n} was answered before its hook: {story:?}");
    }
}

#[test]
fn every_caller_is_answered_after_its_hook_and_hooks_run_in_the_order_of_the_commits() {
    explore(|| {
        let stage = Stage::new(|_| false);
        let callers = [stage.caller(0..2), stage.caller(10..12), stage.caller(20..22)];
        for caller in callers {
            caller.join().unwrap();
        }
        assert!((1..=6).contains(&stage.commits.load(Ordering::SeqCst)));
        let story = stage.end();
        check(&story);
        assert_eq!(story.iter().filter(|event| matches!(event, Event::Answered(_))).count(), 6, "{story:?}");
    });
}

#[test]
fn a_write_that_is_queued_stands_although_its_caller_goes_and_the_database_is_let_go_of() {
    explore(|| {
        let stage = Stage::new(|_| false);
        let (writer, story) = (stage.writer(), stage.story.clone());
        let goes = thread::spawn(move || {
            // Each is asked once, which queues it; then nobody waits any more, and this hold on the writer ends.
            for n in 7..10 {
                assert!(write(&writer, &story, n).now_or_never().is_none());
            }
        });
        let stays = stage.caller(0..2);
        goes.join().unwrap();
        stays.join().unwrap();
        let story = stage.end();
        check(&story);
        for n in 7..10 {
            assert!(place(&story, &Event::Hooked(n)).is_some(), "{story:?}");
            assert!(place(&story, &Event::Hooked(n)) < place(&story, &Event::Ended), "{story:?}");
        }
    });
}

#[test]
fn a_commit_that_fails_answers_none_of_its_group_and_the_next_group_stands() {
    explore(|| {
        let stage = Stage::new(|commit| commit == 0);
        let callers = [stage.caller(0..2), stage.caller(10..12)];
        for caller in callers {
            caller.join().unwrap();
        }
        let again = block_on(write(&stage.writer(), &stage.story, 99));
        assert!(again.is_ok(), "{again:?}");
        tell(&stage.story, Event::Answered(99));
        let story = stage.end();
        check(&story);
        let refused = story.iter().filter(|event| matches!(event, Event::Written(_))).count()
            - story.iter().filter(|event| matches!(event, Event::Answered(_))).count();
        assert!((1..=2).contains(&refused), "the first group of one or two was refused: {story:?}");
    });
}

#[test]
fn a_write_that_panics_takes_no_other_with_it() {
    explore(|| {
        let stage = Stage::new(|_| false);
        let writer = stage.writer();
        let panics = thread::spawn(move || {
            let done: Result<(), DbError> =
                block_on(writer.run(|_: &mut super::WriteTx<'_>| resume_unwind(Box::new("a bug"))));
            assert!(matches!(done, Err(DbError::Internal(_))), "{done:?}");
        });
        let caller = stage.caller(0..2);
        panics.join().unwrap();
        caller.join().unwrap();
        let story = stage.end();
        check(&story);
        assert_eq!(story.iter().filter(|event| matches!(event, Event::Answered(_))).count(), 2, "{story:?}");
    });
}
