//! Processes that die, at any moment and at exact ones, stand still, or are replaced.

use std::time::{Duration, Instant};

use chatapp_testkit::{Cluster, signal};
use futures::FutureExt as _;

use crate::checker::Invariant;
use crate::inject::{Injection, ends_within};
use crate::run::Run;
use crate::scenario::{ALONE, BOTH, EVERY, NEVER, REPLICAS, SERVERS, Scenario};
use crate::stage::Form;

pub(crate) const ALL: &[Scenario] = &[
    Scenario {
        name: "calm",
        about: "nothing is broken: the measure of all others",
        forms: EVERY,
        quick: BOTH,
        plan: |_| {},
        fault: |run| calm(run).boxed(),
    },
    Scenario {
        name: "kill",
        about: "a process is killed at a random moment and started again; each service in its turn",
        forms: EVERY,
        quick: BOTH,
        plan: |_| {},
        fault: |run| kill(run).boxed(),
    },
    Scenario {
        name: "crash-at-write",
        about: "the process dies as it writes the nth page of the log: before the commit",
        forms: EVERY,
        quick: ALONE,
        plan: |_| {},
        fault: |run| crash(run, "pwrite64", 1..90).boxed(),
    },
    Scenario {
        name: "crash-at-fsync",
        about: "the process dies at the nth fsync: what is in the group was written and not yet safe",
        forms: EVERY,
        quick: NEVER,
        plan: |_| {},
        fault: |run| crash(run, "fsync,fdatasync", 1..25).boxed(),
    },
    Scenario {
        name: "crash-after-commit",
        about: "the process dies after a commit, before it is published and answered",
        forms: EVERY,
        quick: REPLICAS,
        plan: |_| {},
        fault: |run| crash_after_commit(run).boxed(),
    },
    Scenario {
        name: "frozen-process",
        about: "a replica stands still for seconds, then goes on with what it believed",
        forms: SERVERS,
        quick: REPLICAS,
        plan: |_| {},
        fault: |run| freeze(run).boxed(),
    },
    Scenario {
        name: "rolling-restart",
        about: "every replica is asked to end and is started again: each ends in order, and no acknowledgement fails",
        forms: SERVERS,
        quick: NEVER,
        plan: |_| {},
        fault: |run| roll(run).boxed(),
    },
    Scenario {
        name: "restart",
        about: "the process is asked to end under load and started again",
        forms: ALONE,
        quick: ALONE,
        plan: |_| {},
        fault: |run| restart(run).boxed(),
    },
];

async fn calm(run: &mut Run) {
    tokio::time::sleep(run.seconds(3, 20)).await;
}

async fn kill(run: &mut Run) {
    let form = run.form();
    for round in 0..run.times(4, 16) {
        run.pause(300..1_500).await;
        run.tally.kills += 1;
        if form == Form::Alone {
            run.stage.platform().kill();
            run.pause(0..400).await;
            run.stage.platform().restart().await;
        } else {
            let (service, number) = (Cluster::services()[round % 4], run.chance.index(2));
            run.stage.cluster().kill(service, number);
            run.pause(0..1_500).await;
            run.stage.cluster().run(service, number).await;
        }
    }
}

/// The process that is to crash: the one there is, or a replica that writes.
fn writer(run: &mut Run) -> (&'static str, usize, u32) {
    if run.form() == Form::Alone {
        return ("chatapp", 0, run.stage.platform().pid());
    }
    let (service, number) = (*run.chance.pick(&["messages", "messages", "rooms"]), run.chance.index(2));
    let pid = run.stage.cluster().pid(service, number).expect("the replica runs");
    (service, number, pid)
}

async fn start_again(run: &mut Run, service: &'static str, number: usize) {
    if run.form() == Form::Alone {
        run.stage.platform().restart().await;
    } else {
        run.stage.cluster().kill(service, number);
        run.stage.cluster().run(service, number).await;
    }
}

async fn crash(run: &mut Run, calls: &str, range: std::ops::Range<u64>) {
    for _ in 0..run.times(2, 12) {
        run.pause(200..800).await;
        let (service, number, pid) = writer(run);
        let nth = run.chance.within(range.clone());
        let injection = Injection::on(pid, calls, &format!("signal=KILL:when={nth}")).await;
        if !ends_within(pid, Duration::from_secs(15)).await {
            signal(pid, "KILL");
        }
        drop(injection);
        run.tally.kills += 1;
        start_again(run, service, number).await;
    }
}

async fn crash_after_commit(run: &mut Run) {
    for _ in 0..run.times(2, 12) {
        run.pause(200..800).await;
        let (service, number, pid) = writer(run);
        let injection = Injection::on(pid, "fsync,fdatasync", "delay_exit=400000").await;
        run.pause(300..1_200).await;
        signal(pid, "KILL");
        ends_within(pid, Duration::from_secs(5)).await;
        drop(injection);
        run.tally.kills += 1;
        start_again(run, service, number).await;
    }
}

async fn freeze(run: &mut Run) {
    for round in 0..run.times(3, 12) {
        run.pause(200..800).await;
        let (service, number) = (*run.chance.pick(&Cluster::services()), round % 2);
        let Some(pid) = run.stage.cluster().pid(service, number) else { continue };
        signal(pid, "STOP");
        run.tally.others += 1;
        run.pause(500..4_000).await;
        signal(pid, "CONT");
    }
}

async fn roll(run: &mut Run) {
    for service in Cluster::services() {
        for number in 0..2 {
            let code = run.stage.cluster().terminate(service, number).await;
            run.tally.kills += 1;
            if code != 0 {
                run.object(
                    Invariant::Bounded,
                    format!("{service} {number} ended with {code} when it was asked to end"),
                );
            }
            run.stage.cluster().run(service, number).await;
            run.pause(200..700).await;
        }
    }
}

async fn restart(run: &mut Run) {
    for _ in 0..run.times(2, 8) {
        run.pause(300..1_000).await;
        let begun = Instant::now();
        let code = run.stage.platform().terminate().await;
        run.tally.kills += 1;
        if code != 0 {
            let what = format!("the process ended with {code} after {:.1?} when it was asked to end", begun.elapsed());
            run.object(Invariant::Bounded, what);
        }
        run.stage.platform().restart().await;
    }
}
