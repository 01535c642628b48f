//! One order: the log has no hole, is the same for all, and nobody acts in it who is out.

use std::collections::HashSet;

use super::{Evidence, Invariant, Reading, Seen, Violation};

pub(super) fn check(evidence: &Evidence, found: &mut Vec<Violation>) {
    for reading in &evidence.readings {
        contiguous(reading, found);
        let Some(first) = evidence.log(&reading.room) else { continue };
        same(first, reading, found);
    }
    for room in evidence.rooms() {
        members_alone_act(room, evidence.log(room).unwrap_or_default(), found);
    }
}

fn contiguous(reading: &Reading, found: &mut Vec<Violation>) {
    for (expected, entry) in (1..).zip(&reading.entries) {
        if entry.seq != expected {
            let what = format!("{} reads {} where {expected} should be", reading.reader, entry.seq);
            found.push(Violation::new(Invariant::OneOrder, what).room(&reading.room).seq(expected));
            return;
        }
    }
}

fn same(first: &[Seen], reading: &Reading, found: &mut Vec<Violation>) {
    if first.len() != reading.entries.len() {
        let what = format!("{} reads {} entries, another {}", reading.reader, reading.entries.len(), first.len());
        found.push(Violation::new(Invariant::OneOrder, what).room(&reading.room));
    }
    if let Some((one, other)) = first.iter().zip(&reading.entries).find(|(one, other)| !one.is(other)) {
        let what = format!("{} reads {other:?}, another {one:?}", reading.reader);
        found.push(Violation::new(Invariant::OneOrder, what).room(&reading.room).seq(one.seq));
    }
}

/// The log itself shows whether the decision was taken at its place in the order.
fn members_alone_act(room: &str, log: &[Seen], found: &mut Vec<Violation>) {
    let mut members = HashSet::new();
    for entry in log {
        let speaks = matches!(entry.kind.as_str(), "message.posted" | "message.edited" | "message.deleted");
        if speaks && !members.contains(entry.actor.as_str()) {
            let what = format!("{} did {} at {} and is no member there", entry.actor, entry.kind, entry.seq);
            found.push(Violation::new(Invariant::Barred, what).room(room).seq(entry.seq).user(&entry.actor));
        }
        members.extend(entry.lets_in());
        if let Some(out) = entry.puts_out() {
            members.remove(out);
        }
    }
}
