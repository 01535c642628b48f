//! Nobody is let in: those who are out, outsiders, and sessions that have ended.

use super::{Bar, Evidence, Happening, Invariant, Limits, Seen, Violation};

pub(super) fn check(evidence: &Evidence, limits: &Limits, found: &mut Vec<Violation>) {
    for bar in placed(evidence) {
        live(evidence, &bar, found);
        requests(evidence, &bar, found);
    }
    for probe in evidence.probes.iter().filter(|probe| probe.hidden != probe.absent) {
        let what =
            format!("{}: a hidden room answers {}, an absent one {}", probe.question, probe.hidden, probe.absent);
        found.push(Violation::new(Invariant::Hidden, what));
    }
    outsiders(evidence, found);
    for revocation in &evidence.revocations {
        let dead = revocation.told + limits.revoked_within;
        if let Some(used) = revocation.uses.iter().find(|used| **used > dead) {
            let what = format!(
                "{}'s session worked {:.1?} after its end",
                revocation.user,
                used.saturating_sub(revocation.told)
            );
            found.push(Violation::new(Invariant::Revoked, what).user(&revocation.user));
        }
    }
}

/// The bars with the place of their entry in the log: a user's nth bar is the nth entry that ends a membership of his.
fn placed(evidence: &Evidence) -> Vec<Bar> {
    let mut placed: Vec<Bar> = Vec::new();
    for bar in &evidence.bars {
        let nth = placed.iter().filter(|other| (&other.room, &other.user) == (&bar.room, &bar.user)).count();
        let log = evidence.log(&bar.room).unwrap_or_default();
        let seq = departures(log, &bar.user).nth(nth);
        placed.push(Bar { seq: bar.seq.or(seq), ..bar.clone() });
    }
    placed
}

/// Where the user's memberships end; a block of somebody who is out already ends none.
fn departures<'a>(log: &'a [Seen], user: &'a str) -> impl Iterator<Item = u64> + 'a {
    let mut member = false;
    log.iter().filter_map(move |entry| {
        let leaves = member && entry.puts_out() == Some(user);
        member = (member || entry.lets_in() == Some(user)) && !leaves;
        leaves.then_some(entry.seq)
    })
}

fn live(evidence: &Evidence, bar: &Bar, found: &mut Vec<Violation>) {
    let views = evidence.views.iter().filter(|view| (&view.room, &view.user) == (&bar.room, &bar.user));
    for (at, event) in views.flat_map(|view| &view.events) {
        if bar.lifted.is_some_and(|lifted| *at >= lifted) {
            continue;
        }
        let leak = match (event, bar.seq) {
            (Happening::Entry(entry), Some(seq)) => (entry.seq > seq).then_some(entry.seq),
            (Happening::Subscribed { after, asked }, _) => (*asked > bar.told).then_some(*after),
            _ => None,
        };
        if let Some(seq) = leak {
            let what = format!("{} is out since {:?} and got {event:?} live", bar.user, bar.seq);
            found.push(Violation::new(Invariant::Barred, what).room(&bar.room).seq(seq).user(&bar.user));
            return;
        }
    }
}

fn requests(evidence: &Evidence, bar: &Bar, found: &mut Vec<Violation>) {
    for glimpse in evidence.glimpses.iter().filter(|g| (&g.room, &g.user) == (&bar.room, &bar.user)) {
        let Some(showed) = glimpse.showed else { continue };
        if bar.lifted.is_some_and(|lifted| glimpse.answered >= lifted) {
            continue;
        }
        // Asked after the answer nothing at all may be shown; before it, nothing that is later than the entry.
        if glimpse.asked > bar.told || bar.seq.is_some_and(|seq| showed > seq) {
            let what = format!("{} is out since {:?} and was shown {showed} by {}", bar.user, bar.seq, glimpse.path);
            found.push(Violation::new(Invariant::Barred, what).room(&bar.room).seq(showed).user(&bar.user));
            return;
        }
    }
}

/// Whoever was never let in by the log has seen nothing.
fn outsiders(evidence: &Evidence, found: &mut Vec<Violation>) {
    for view in evidence.views.iter().filter(|view| !view.events.is_empty()) {
        let Some(log) = evidence.log(&view.room) else { continue };
        let was_in = log.iter().any(|entry| entry.lets_in() == Some(&view.user));
        let saw = view.events.iter().find(|(_, e)| matches!(e, Happening::Entry(_) | Happening::Subscribed { .. }));
        if let (false, Some((_, event))) = (was_in, saw) {
            let what = format!("{} was never a member and got {event:?}", view.user);
            found.push(Violation::new(Invariant::Hidden, what).room(&view.room).user(&view.user));
        }
    }
}
