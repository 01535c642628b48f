//! The disk: full, failing, without power. And the clock.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use chatapp_testkit::signal;
use futures::FutureExt as _;

use crate::checker::{Invariant, Outcome};
use crate::disk_trace::DiskTrace;
use crate::inject::{Injection, ends_within};
use crate::run::Run;
use crate::scenario::{ALONE, BOTH, Scenario};
use crate::small_disk::SmallDisk;
use crate::stage::Form;

pub(crate) const ALL: &[Scenario] = &[
    Scenario {
        name: "disk-full",
        about: "nothing more can be written for a while: writes are refused, reads go on, and it recovers by itself",
        forms: BOTH,
        quick: ALONE,
        plan: |_| {},
        fault: |run| disk_full(run).boxed(),
    },
    Scenario {
        name: "small-disk",
        about: "a real file system runs full, several times, and has room again",
        forms: ALONE,
        quick: ALONE,
        plan: |plan| plan.disk = SmallDisk::mount(SMALL),
        fault: |run| small_disk(run).boxed(),
    },
    Scenario {
        name: "fsync-error",
        about: "an fsync fails: from then on nothing is acknowledged until a restart",
        forms: ALONE,
        quick: ALONE,
        plan: |_| {},
        fault: |run| fsync_error(run).boxed(),
    },
    Scenario {
        name: "power-loss",
        about: "the power is cut: the disk has what an fsync made safe, and perhaps some of the rest",
        forms: ALONE,
        quick: ALONE,
        plan: |plan| plan.members = 4,
        fault: |run| power_loss(run).boxed(),
    },
    Scenario {
        name: "clock-steps",
        about: "the wall clock jumps an hour forth and back",
        forms: BOTH,
        quick: ALONE,
        plan: |plan| plan.env.extend(fake_clock()),
        fault: |run| clock_steps(run).boxed(),
    },
];

fn pid(run: &mut Run) -> u32 {
    if run.form() == Form::Alone {
        run.stage.platform().pid()
    } else {
        run.stage.cluster().pid("messages", 0).unwrap_or(0)
    }
}

async fn disk_full(run: &mut Run) {
    for _ in 0..run.times(1, 6) {
        run.pause(100..600).await;
        let pid = pid(run);
        let injection = Injection::on(pid, "pwrite64", "error=ENOSPC").await;
        let from = run.journal.now();
        run.tally.others += 1;
        let (reader, room) = (run.crowd.members[2].clone(), run.crowd.rooms[1].clone());
        run.pause(1_000..3_000).await;
        let path = format!("/v1/rooms/{room}/messages?limit=5");
        if crate::outcome::read(&reader, &path).await.is_none() {
            run.object(Invariant::Recovers, "history cannot be read while the disk is full");
        }
        if run.form() == Form::Alone {
            expect_no_acks(run, from);
        }
        drop(injection);
    }
}

/// Room for the database, its log and what a run writes.
const SMALL: usize = 48 * 1024 * 1024;
/// The log is written in place for a while after the disk is full; then it has to grow.
const NOTICED_WITHIN: Duration = Duration::from_secs(30);

#[allow(clippy::print_stderr)]
async fn small_disk(run: &mut Run) {
    let Some(disk) = run.stage.disk.clone() else {
        eprintln!("SKIPPED small-disk: no file system can be mounted here (run as root, outside of a container)");
        return;
    };
    for _ in 0..run.times(2, 8) {
        run.pause(100..600).await;
        let (from, begun) = (run.journal.now(), Instant::now());
        disk.fill();
        run.tally.others += 1;
        while refusals(run, from) == 0 && begun.elapsed() < NOTICED_WITHIN {
            run.pause(50..100).await;
        }
        if refusals(run, from) == 0 {
            run.object(Invariant::Committed, "nothing was refused although the disk was full");
        }
        run.pause(500..2_000).await;
        let (reader, room) = (run.crowd.members[2].clone(), run.crowd.rooms[1].clone());
        if crate::outcome::read(&reader, &format!("/v1/rooms/{room}/messages?limit=5")).await.is_none() {
            run.object(Invariant::Recovers, "history cannot be read while the disk is full");
        }
        disk.clear();
    }
}

/// How often a message was refused that was asked for after `from`.
fn refusals(run: &Run, from: crate::checker::Moment) -> usize {
    let evidence = run.journal.write();
    let attempts = evidence.sendings.iter().flat_map(|sending| &sending.attempts);
    let refused = |outcome: &Outcome| matches!(outcome, Outcome::Refused { code } if code == "unavailable");
    attempts.filter(|attempt| attempt.asked > from && refused(&attempt.outcome)).count()
}

async fn fsync_error(run: &mut Run) {
    for _ in 0..run.times(1, 6) {
        run.pause(100..600).await;
        let pid = pid(run);
        let injection = Injection::on(pid, "fsync,fdatasync", "error=EIO").await;
        let from = run.journal.now();
        run.tally.others += 1;
        run.pause(700..1_500).await;
        drop(injection);
        // The disk would work again; what it holds is not known until the file is opened anew.
        run.pause(700..1_500).await;
        expect_no_acks(run, from);
        run.stage.platform().restart().await;
        run.tally.kills += 1;
    }
}

/// Objects where a message was acknowledged that was asked for after `from`.
fn expect_no_acks(run: &mut Run, from: crate::checker::Moment) {
    let acked = {
        let evidence = run.journal.write();
        let attempts = evidence.sendings.iter().flat_map(|sending| &sending.attempts);
        attempts.filter(|a| a.asked > from && matches!(a.outcome, Outcome::Acked { .. })).count()
    };
    if acked > 0 {
        run.object(Invariant::Committed, format!("{acked} messages were acknowledged that no disk has taken"));
    }
}

async fn power_loss(run: &mut Run) {
    for _ in 0..run.times(1, 6) {
        let pid = pid(run);
        let dir = run.stage.data_dir();
        let is_database = |path: &PathBuf| path.extension().is_some_and(|e| e == "db" || e == "db-wal");
        signal(pid, "STOP");
        let listed = std::fs::read_dir(&dir).expect("a folder").flatten().map(|entry| entry.path());
        let files: Vec<PathBuf> = listed.filter(is_database).collect();
        assert!(files.len() >= 2, "a database and its log in {}", dir.display());
        let disk = DiskTrace::of(pid, &files).await;
        signal(pid, "CONT");
        run.pause(1_500..4_000).await;
        signal(pid, "KILL");
        assert!(ends_within(pid, Duration::from_secs(10)).await, "the process is killed");
        let lost = disk.cut_power(&mut run.chance);
        run.tally.kills += 1;
        run.tally.others += lost.min(1);
        for shared in std::fs::read_dir(&dir).expect("a folder").flatten() {
            if shared.path().extension().is_some_and(|e| e == "db-shm") {
                std::fs::remove_file(shared.path()).expect("what was in memory is gone");
            }
        }
        run.stage.platform().restart().await;
    }
}

const CLOCK: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

/// Variables that make a process see the clock of a file; none where the library is not installed.
fn fake_clock() -> Vec<(String, String)> {
    if !PathBuf::from(CLOCK).is_file() {
        return vec![];
    }
    let file = std::env::temp_dir().join(format!("faults-clock-{}", std::process::id()));
    std::fs::write(&file, "+0").expect("a clock");
    [
        ("LD_PRELOAD", CLOCK),
        ("FAKETIME_TIMESTAMP_FILE", file.to_str().expect("a path")),
        ("FAKETIME_NO_CACHE", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

#[allow(clippy::print_stderr)]
async fn clock_steps(run: &mut Run) {
    let file = std::env::temp_dir().join(format!("faults-clock-{}", std::process::id()));
    if !PathBuf::from(CLOCK).is_file() {
        eprintln!("SKIPPED clock-steps: libfaketime is not installed (run `cargo qa tools`)");
        return;
    }
    for round in 0..run.times(2, 8) {
        run.pause(300..800).await;
        let step = if (round + usize::from(run.chance.one_in(2))) % 2 == 0 { "+3600" } else { "-3600" };
        // Written beside and put in its place: a process never reads half of it.
        let put = |text: &str| {
            std::fs::write(file.with_extension("new"), text)
                .and_then(|()| std::fs::rename(file.with_extension("new"), &file))
        };
        put(step).expect("the clock is set");
        run.tally.others += 1;
        run.pause(1_000..3_000).await;
        put("+0").expect("the clock is set");
    }
}
