//! What was sent against what is there.

use std::collections::{HashMap, HashSet};

use super::{Change, Evidence, Invariant, Outcome, Seen, Sending, Violation};

pub(super) fn check(evidence: &Evidence, found: &mut Vec<Violation>) {
    for room in evidence.rooms() {
        let log = evidence.log(room).unwrap_or_default();
        let mut posts: HashMap<&str, Vec<&Seen>> = HashMap::new();
        for entry in log.iter().filter(|entry| entry.kind == "message.posted" && !entry.deleted) {
            posts.entry(entry.body.as_deref().unwrap_or_default()).or_default().push(entry);
        }
        let mut wanted = HashSet::new();
        for sending in evidence.sendings.iter().filter(|sending| sending.room == room) {
            wanted.insert(sending.body.as_str());
            let there = posts.get(sending.body.as_str()).map_or(&[][..], Vec::as_slice);
            acked(sending, there, found);
            unfounded(sending, found);
            not_acked(sending, there, found);
        }
        for (body, entries) in posts.iter().filter(|(body, _)| !wanted.contains(**body)) {
            let what = format!("nobody sent {body:?} at {}", entries[0].seq);
            found.push(Violation::new(Invariant::NoPhantom, what).room(room).seq(entries[0].seq));
        }
        changes(evidence, room, log, found);
    }
}

fn acked(sending: &Sending, there: &[&Seen], found: &mut Vec<Violation>) {
    let about = |violation: Violation, seq| violation.room(&sending.room).key(sending.key).seq(seq);
    let mut first = None;
    for (seq, message) in sending.acked() {
        let (first_seq, first_message) = *first.get_or_insert((seq, message));
        if (first_seq, first_message) != (seq, message) {
            let what = format!("{:?} was acknowledged at {first_seq}, then at {seq}", sending.body);
            found.push(about(Violation::new(Invariant::AckedOnce, what), seq));
        }
    }
    let Some((seq, message)) = first else { return };
    match there {
        [] => {
            let what = format!("{:?} was acknowledged at {seq} and is not there", sending.body);
            found.push(about(Violation::new(Invariant::AckedOnce, what), seq));
        }
        [entry] => {
            if entry.seq != seq || entry.message.as_deref() != Some(message) || entry.actor != sending.author {
                let what = format!("{:?} was acknowledged at {seq} as {message}, and is {entry:?}", sending.body);
                found.push(about(Violation::new(Invariant::AckedOnce, what), seq));
            }
        }
        several => {
            let what = format!("{:?} is there {} times", sending.body, several.len());
            found.push(about(Violation::new(Invariant::AckedOnce, what), several[1].seq));
        }
    }
}

/// Whatever fails around it, the platform knows why it refuses, and it does not refuse a key that it knows.
fn unfounded(sending: &Sending, found: &mut Vec<Violation>) {
    for attempt in &sending.attempts {
        let (Outcome::Refused { code } | Outcome::Unknown { why: code }) = &attempt.outcome else { continue };
        let invariant = match code.as_str() {
            "internal" => Invariant::Bounded,
            "conflict" | "key_reused" => Invariant::AckedOnce,
            _ => continue,
        };
        let what = format!("{:?}, always the same under its key, was answered with {code}", sending.body);
        found.push(Violation::new(invariant, what).room(&sending.room).key(sending.key));
        return;
    }
}

fn not_acked(sending: &Sending, there: &[&Seen], found: &mut Vec<Violation>) {
    let most = usize::from(sending.is_unknown());
    if sending.acked().next().is_none() && there.len() > most {
        let fate = if most == 0 { "refused" } else { "unknown" };
        let what = format!("{:?} was {fate} and is there {} times", sending.body, there.len());
        let violation = Violation::new(Invariant::NoPhantom, what).room(&sending.room).key(sending.key);
        found.push(violation.seq(there[0].seq));
    }
}

/// Every change that was answered as done has an entry, and there is no entry for which nobody asked.
fn changes(evidence: &Evidence, room: &str, log: &[Seen], found: &mut Vec<Violation>) {
    let mut asked: HashMap<(&str, &str), (usize, usize)> = HashMap::new();
    for Change { kind, who, done, .. } in evidence.changes.iter().filter(|change| change.room == room) {
        let (sure, perhaps) = asked.entry((kind, who)).or_default();
        *sure += usize::from(*done == Some(true));
        *perhaps += usize::from(done.is_none());
    }
    for ((kind, who), (sure, perhaps)) in asked {
        let of = |entry: &&Seen| entry.kind == kind && entry.subject.as_deref().unwrap_or(&entry.actor) == who;
        let there = log.iter().filter(of).count();
        if there < sure {
            let what = format!("{kind} of {who} was answered as done {sure} times and is there {there} times");
            found.push(Violation::new(Invariant::Committed, what).room(room));
        }
        if there > sure + perhaps {
            let what = format!("{kind} of {who} is there {there} times and was asked for {} times", sure + perhaps);
            found.push(Violation::new(Invariant::NoPhantom, what).room(room));
        }
    }
}
