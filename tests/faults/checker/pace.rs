//! How the platform is after the fault: quick, quiet, and no larger than it was.

use std::time::Duration;

use super::{Evidence, Healing, Invariant, Limits, Outcome, Violation};

/// Connections are counted over so long.
const MINUTE: Duration = Duration::from_mins(1);

pub(super) fn check(evidence: &Evidence, limits: &Limits, found: &mut Vec<Violation>) {
    if let Some(healing) = evidence.healing {
        quick(evidence, healing, limits, found);
        quiet(evidence, healing, limits, found);
    }
    for health in &evidence.health {
        let mut object = |what: String| {
            found.push(Violation::new(Invariant::Bounded, format!("{}: {what}", health.process)));
        };
        if let Some(panic) = health.panics.first() {
            object(format!("{} panics, the first: {panic}", health.panics.len()));
        }
        if health.descriptors > limits.descriptors {
            object(format!("{} open descriptors", health.descriptors));
        }
        if health.memory_mib > limits.memory_mib {
            object(format!("{} MiB of memory", health.memory_mib));
        }
    }
}

fn quick(evidence: &Evidence, healing: Healing, limits: &Limits, found: &mut Vec<Violation>) {
    if healing.calm > healing.at + limits.calm_within {
        let what = format!("sends were slow for {:.1?} after the fault", healing.calm.saturating_sub(healing.at));
        found.push(Violation::new(Invariant::Recovers, what));
    }
    let attempts = evidence.sendings.iter().flat_map(|sending| &sending.attempts);
    let mut times: Vec<Duration> = attempts
        .filter(|attempt| attempt.asked >= healing.calm && matches!(attempt.outcome, Outcome::Acked { .. }))
        .map(|attempt| attempt.answered.saturating_sub(attempt.asked))
        .collect();
    times.sort_unstable();
    let p99 = times.get((times.len() * 99 / 100).min(times.len().saturating_sub(1)));
    match p99 {
        None => found.push(Violation::new(Invariant::Recovers, "nothing was acknowledged after the fault")),
        Some(p99) if *p99 > limits.ack_p99 => {
            let what = format!("of {} sends after the fault one in a hundred took {p99:.1?}", times.len());
            found.push(Violation::new(Invariant::Recovers, what));
        }
        Some(_) => {}
    }
}

fn quiet(evidence: &Evidence, healing: Healing, limits: &Limits, found: &mut Vec<Violation>) {
    for (client, moments) in &evidence.connections {
        let counted = moments.iter().filter(|at| (healing.at..healing.at + MINUTE).contains(*at)).count();
        if counted > limits.reconnects {
            let what = format!("{client} connected {counted} times in the minute after the fault");
            found.push(Violation::new(Invariant::Recovers, what).user(client));
        }
    }
}
