//! The database: held by somebody else, for longer than one waits, and over and over for a short time.

use std::time::{Duration, Instant};

use chatapp_testkit::Flow;
use futures::FutureExt as _;
use rusqlite::Connection;

use crate::checker::{Invariant, Outcome};
use crate::run::Run;
use crate::scenario::{ALONE, BOTH, NEVER, SQL_SERVER, Scenario};

pub(crate) const ALL: &[Scenario] = &[
    Scenario {
        name: "database-held",
        about: "somebody else holds the database: writes are refused after their time, reads go on",
        forms: BOTH,
        quick: ALONE,
        plan: |_| {},
        fault: |run| held(run).boxed(),
    },
    Scenario {
        name: "lock-contention",
        about: "the database is taken away for moments, over and over: all wait, nobody is refused, no number is used twice",
        forms: BOTH,
        quick: NEVER,
        plan: |_| {},
        fault: |run| contention(run).boxed(),
    },
    Scenario {
        name: "database-cut",
        about: "services lose their connections to the database, in the middle of commits too, or get no answers from it",
        forms: SQL_SERVER,
        quick: NEVER,
        plan: |plan| plan.linked = true,
        fault: |run| cut(run).boxed(),
    },
];

/// The data's file, opened beside the platform.
fn open(run: &Run) -> Connection {
    let dir = run.stage.data_dir();
    let mut files = std::fs::read_dir(&dir).expect("a folder").flatten().map(|entry| entry.path());
    let file = files.find(|path| path.extension().is_some_and(|e| e == "db")).expect("a database");
    let conn = Connection::open(file).expect("the database opens");
    conn.busy_timeout(Duration::from_secs(5)).expect("a time-out");
    conn
}

async fn held(run: &mut Run) {
    for _ in 0..run.times(1, 4) {
        let conn = open(run);
        conn.execute_batch("BEGIN IMMEDIATE").expect("the lock");
        let from = run.journal.now();
        run.tally.others += 1;
        let (reader, room) = (run.crowd.members[2].clone(), run.crowd.rooms[1].clone());
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(7) {
            let asked = Instant::now();
            let page = crate::outcome::read(&reader, &format!("/v1/rooms/{room}/messages?limit=5")).await;
            if page.is_none() || asked.elapsed() > Duration::from_secs(2) {
                let what =
                    format!("history took {:.1?} while the database was held ({})", asked.elapsed(), page.is_some());
                run.object(Invariant::Recovers, what);
                break;
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        let acked = {
            let evidence = run.journal.write();
            let attempts = evidence.sendings.iter().flat_map(|sending| &sending.attempts);
            attempts.filter(|a| a.asked > from && matches!(a.outcome, Outcome::Acked { .. })).count()
        };
        if acked > 0 {
            run.object(Invariant::Committed, format!("{acked} messages were acknowledged while nobody could write"));
        }
        conn.execute_batch("ROLLBACK").expect("the lock is given back");
    }
}

async fn cut(run: &mut Run) {
    for _ in 0..run.times(8, 60) {
        run.pause(50..600).await;
        let (service, number) = (*run.chance.pick(&["messages", "messages", "rooms", "auth"]), run.chance.index(2));
        let (way, hold) = (run.chance.index(4), run.chance.millis(20..4_000));
        let link = run.stage.cluster().link(service, number, "database");
        match way {
            // Its answers are lost, whatever it had done.
            0 => link.flow(Flow::Pass, Flow::Hold),
            1 => link.hold(),
            2 => link.refuse(),
            _ => {}
        }
        if way < 3 {
            tokio::time::sleep(hold).await;
        }
        link.cut();
        link.heal();
        run.tally.partitions += 1;
    }
}

async fn contention(run: &mut Run) {
    let conn = open(run);
    let begun = Instant::now();
    while begun.elapsed() < run.seconds(4, 60) {
        if conn.execute_batch("BEGIN IMMEDIATE").is_ok() {
            run.pause(1..250).await;
            conn.execute_batch("ROLLBACK").expect("the lock is given back");
            run.tally.others += 1;
        }
        run.pause(1..100).await;
    }
}
