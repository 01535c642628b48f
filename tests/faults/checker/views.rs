//! What was seen live against the log.

use super::{Evidence, Happening, Invariant, Limits, Moment, Seen, View, Violation};

pub(super) fn check(evidence: &Evidence, limits: &Limits, found: &mut Vec<Violation>) {
    for view in &evidence.views {
        let Some(log) = evidence.log(&view.room) else { continue };
        in_order(view, log, found);
        if view.whole {
            whole(view, log, evidence, limits, found);
        }
    }
}

fn broken(view: &View, seq: u64, what: String) -> Violation {
    Violation::new(Invariant::WholeView, what).room(&view.room).seq(seq).user(&view.user)
}

/// Each entry is the one that follows, and is the log's. A view that has gone astray is reported once.
fn in_order(view: &View, log: &[Seen], found: &mut Vec<Violation>) {
    let mut last: Option<u64> = None;
    for (_, event) in &view.events {
        match event {
            Happening::Subscribed { after, .. } => last = Some(*after),
            Happening::Entry(entry) => {
                let expected = last.map_or(entry.seq, |last| last + 1);
                if entry.seq != expected {
                    let kind = if entry.seq < expected { "again" } else { "leaving a hole" };
                    let what = format!("{} got {} {kind}: {expected} follows", view.user, entry.seq);
                    found.push(broken(view, expected, what));
                    return;
                }
                let there = usize::try_from(entry.seq - 1).ok().and_then(|index| log.get(index));
                if !there.is_some_and(|there| there.is(entry)) {
                    let what = format!("{} got {entry:?}, and the log has {there:?}", view.user);
                    found.push(broken(view, entry.seq, what));
                    return;
                }
                last = Some(entry.seq);
            }
            Happening::Unsubscribed | Happening::Lost => {}
        }
    }
}

/// The view has the log to its end, and what was committed before the healing soon after it.
fn whole(view: &View, log: &[Seen], evidence: &Evidence, limits: &Limits, found: &mut Vec<Violation>) {
    let entries =
        || view.events.iter().filter_map(|(at, e)| if let Happening::Entry(e) = e { Some((*at, e.seq)) } else { None });
    let (last, head) = (entries().map(|(_, seq)| seq).max().unwrap_or_default(), log.len() as u64);
    if last < head {
        let what = format!("{} has got {last} of {head} entries when all was quiet", view.user);
        found.push(broken(view, last + 1, what));
        return;
    }
    let Some(healing) = evidence.healing else { return };
    let Some(behind) = entries().filter(|(at, _)| *at <= healing.at).map(|(_, seq)| seq).max() else { return };
    let connected = |until: Moment| {
        let subscribed = view.events.iter().filter(|(at, e)| matches!(e, Happening::Subscribed { .. }) && *at <= until);
        subscribed.map(|(at, _)| *at).max().unwrap_or_default().max(healing.at)
    };
    // Of what was committed before the healing: the entry after it that came last.
    let committed_before = committed_before(evidence, &view.room, healing.at);
    let late = entries().filter(|(_, seq)| *seq > behind && *seq <= committed_before).max_by_key(|(at, _)| *at);
    if let Some((at, seq)) = late.filter(|(at, _)| *at > connected(*at) + limits.whole_within) {
        let what =
            format!("{} got {seq} {:.1?} after being connected again", view.user, at.saturating_sub(connected(at)));
        found.push(broken(view, seq, what));
    }
}

/// The highest number that was acknowledged in a room by then.
fn committed_before(evidence: &Evidence, room: &str, by: Moment) -> u64 {
    let attempts = evidence.sendings.iter().filter(|sending| sending.room == room).flat_map(|sending| {
        sending.attempts.iter().filter(|attempt| attempt.answered <= by).filter_map(|attempt| match attempt.outcome {
            super::Outcome::Acked { seq, .. } => Some(seq),
            _ => None,
        })
    });
    attempts.max().unwrap_or_default()
}
