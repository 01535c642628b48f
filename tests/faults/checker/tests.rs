//! Histories that no server may write; the checker objects to each.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation)]

use std::time::Duration;

use uuid::Uuid;

use super::*;

fn at(millis: u64) -> Moment {
    Duration::from_millis(millis)
}

fn seen(seq: u64, kind: &str, actor: &str, subject: Option<&str>, body: Option<&str>) -> Seen {
    let message = body.map(|body| format!("m-{body}"));
    let (kind, actor, subject) = (kind.to_owned(), actor.to_owned(), subject.map(str::to_owned));
    Seen { seq, kind, actor, subject, message, body: body.map(str::to_owned), deleted: false }
}

fn log() -> Vec<Seen> {
    vec![
        seen(1, "room.created", "ann", None, None),
        seen(2, "member.joined", "bob", None, None),
        seen(3, "message.posted", "ann", None, Some("one")),
        seen(4, "message.posted", "bob", None, Some("two")),
        seen(5, "member.blocked", "ann", Some("bob"), None),
        seen(6, "message.posted", "ann", None, Some("three")),
        seen(7, "member.unblocked", "ann", Some("bob"), None),
        seen(8, "member.joined", "bob", None, None),
        seen(9, "message.posted", "bob", None, Some("four")),
    ]
}

fn sending(author: &str, body: &str, outcome: Outcome) -> Sending {
    let attempts = vec![Attempt { asked: at(9_000), answered: at(9_010), outcome }];
    Sending { room: "lab".into(), author: author.into(), key: Uuid::new_v4(), body: body.into(), attempts }
}

fn ack(seq: u64, body: &str) -> Outcome {
    Outcome::Acked { seq, message: format!("m-{body}") }
}

/// Who gets entries at a tenth of a second each.
fn view(user: &str, seqs: impl IntoIterator<Item = u64>) -> View {
    let mut events = vec![(at(50), Happening::Subscribed { after: 0, asked: at(40) })];
    events.extend(seqs.into_iter().map(|seq| (at(seq * 100), Happening::Entry(log()[seq as usize - 1].clone()))));
    View { user: user.into(), room: "lab".into(), events, whole: true }
}

/// A run in which everything held: bob is blocked from 0.5 s to 0.7 s.
fn sound() -> Evidence {
    let change = |kind, who: &str| Change { room: "lab".into(), kind, who: who.into(), done: Some(true) };
    let reading = |reader: &str| Reading { room: "lab".into(), reader: reader.into(), entries: log() };
    let mut bobs = view("bob", 1..=5);
    bobs.events.push((at(501), Happening::Unsubscribed));
    bobs.events.push((at(790), Happening::Subscribed { after: 5, asked: at(780) }));
    bobs.events.extend((6..=9).map(|seq| (at(seq * 10 + 800), Happening::Entry(log()[seq as usize - 1].clone()))));
    Evidence {
        sendings: vec![
            sending("ann", "one", ack(3, "one")),
            sending("bob", "two", ack(4, "two")),
            sending("ann", "three", ack(6, "three")),
            sending("bob", "four", ack(9, "four")),
            sending("bob", "let me in", Outcome::Refused { code: "blocked".into() }),
            sending("ann", "cut off", Outcome::Unknown { why: "reset".into() }),
        ],
        changes: vec![change("member.blocked", "bob"), change("member.joined", "bob"), change("member.joined", "bob")],
        readings: vec![reading("ann"), reading("bob")],
        views: vec![view("ann", 1..=9), bobs],
        bars: vec![Bar { room: "lab".into(), user: "bob".into(), seq: None, told: at(520), lifted: Some(at(700)) }],
        glimpses: vec![glimpse(400, 410, Some(4)), glimpse(600, 610, None), glimpse(900, 910, Some(9))],
        probes: vec![Probe { question: "GET".into(), hidden: "404".into(), absent: "404".into() }],
        revocations: vec![Revocation { user: "ann".into(), told: at(100), uses: vec![at(90), at(600)] }],
        healing: Some(Healing { at: at(5_000), calm: at(8_000) }),
        connections: [("ann".to_owned(), vec![at(5_100), at(6_000), at(7_000)])].into(),
        health: vec![Health { process: "gateway".into(), descriptors: 40, memory_mib: 60, panics: vec![] }],
    }
}

fn glimpse(asked: u64, answered: u64, showed: Option<u64>) -> Glimpse {
    let (asked, answered) = (at(asked), at(answered));
    Glimpse { user: "bob".into(), room: "lab".into(), path: "history", asked, answered, showed }
}

fn found(spoil: impl FnOnce(&mut Evidence)) -> Vec<Invariant> {
    let mut evidence = sound();
    spoil(&mut evidence);
    let violations = check(&evidence, &Limits::default());
    for violation in &violations {
        drop(violation.slice(&evidence));
    }
    violations.into_iter().map(|violation| violation.invariant).collect()
}

#[track_caller]
fn objects(to: Invariant, spoil: impl FnOnce(&mut Evidence)) {
    let found = found(spoil);
    assert!(found.contains(&to), "{found:?}");
}

fn every_log(evidence: &mut Evidence, change: impl Fn(&mut Vec<Seen>)) {
    evidence.readings.iter_mut().for_each(|reading| change(&mut reading.entries));
    evidence.views.clear();
}

#[test]
fn a_sound_run_is_passed() {
    assert_eq!(found(|_| {}), []);
}

#[test]
fn an_unknown_send_that_is_there_once_is_passed() {
    assert_eq!(found(|e| e.sendings[3] = sending("bob", "four", Outcome::Unknown { why: "time".into() })), []);
}

#[test]
fn a_lost_ack_is_noticed() {
    objects(Invariant::AckedOnce, |e| e.sendings.push(sending("ann", "gone", ack(10, "gone"))));
}

#[test]
fn an_acknowledged_message_at_another_place_or_of_another_author_is_noticed() {
    objects(Invariant::AckedOnce, |e| e.sendings[0] = sending("ann", "one", ack(4, "one")));
    objects(Invariant::AckedOnce, |e| e.sendings[0].author = "bob".into());
    objects(Invariant::AckedOnce, |e| e.sendings[0] = sending("ann", "one", ack(3, "other")));
}

#[test]
fn a_key_that_is_answered_with_two_places_is_noticed() {
    objects(Invariant::AckedOnce, |e| {
        let again = Attempt { asked: at(9_100), answered: at(9_110), outcome: ack(7, "one") };
        e.sendings[0].attempts.push(again);
    });
}

#[test]
fn a_message_that_is_there_twice_is_noticed() {
    objects(Invariant::AckedOnce, |e| {
        every_log(e, |log| log.push(seen(10, "message.posted", "ann", None, Some("one"))));
    });
    objects(Invariant::NoPhantom, |e| {
        let twice = |seq| seen(seq, "message.posted", "ann", None, Some("cut off"));
        every_log(e, |log| log.extend([twice(10), twice(11)]));
    });
}

#[test]
fn a_refused_message_that_is_there_and_one_that_nobody_sent_are_noticed() {
    let posted = |body: &str| seen(10, "message.posted", "bob", None, Some(body));
    objects(Invariant::NoPhantom, |e| every_log(e, |log| log.push(posted("let me in"))));
    objects(Invariant::NoPhantom, |e| every_log(e, |log| log.push(posted("from nowhere"))));
}

#[test]
fn a_swap_between_readers_is_noticed() {
    objects(Invariant::OneOrder, |e| {
        let entries = &mut e.readings[1].entries;
        entries.swap(2, 3);
        (entries[2].seq, entries[3].seq) = (3, 4);
    });
}

#[test]
fn a_hole_in_the_log_is_noticed_also_when_everyone_reads_it() {
    objects(Invariant::OneOrder, |e| every_log(e, |log| drop(log.remove(3))));
    objects(Invariant::OneOrder, |e| drop(e.readings[1].entries.pop()));
}

#[test]
fn a_hole_a_duplicate_and_a_swap_in_a_live_view_are_noticed() {
    for seqs in [vec![1, 2, 3, 5, 6, 7, 8, 9], vec![1, 2, 3, 3, 4, 5, 6, 7, 8, 9], vec![1, 2, 4, 3, 5, 6, 7, 8, 9]] {
        objects(Invariant::WholeView, |e| e.views[0] = view("ann", seqs));
    }
}

#[test]
fn a_live_view_without_the_last_entry_is_noticed() {
    objects(Invariant::WholeView, |e| e.views[0] = view("ann", 1..=8));
}

#[test]
fn a_live_view_that_is_late_after_the_fault_is_noticed() {
    let early = |e: &mut Evidence| {
        let attempt = &mut e.sendings[3].attempts[0];
        (attempt.asked, attempt.answered) = (at(3_900), at(4_000));
    };
    objects(Invariant::WholeView, |e| {
        early(e);
        e.views[0].events.last_mut().unwrap().0 = at(15_100);
    });
    assert_eq!(
        found(|e| {
            early(e);
            e.views[0].events.last_mut().unwrap().0 = at(14_900);
        }),
        []
    );
}

#[test]
fn a_live_entry_that_the_log_does_not_have_is_noticed() {
    objects(Invariant::WholeView, |e| {
        let Happening::Entry(entry) = &mut e.views[0].events[3].1 else { panic!() };
        entry.body = Some("something else".into());
    });
}

#[test]
fn a_leak_to_a_blocked_user_is_noticed_on_every_path() {
    let early = |at_: u64| (at(at_), Happening::Entry(log()[5].clone()));
    objects(Invariant::Barred, |e| e.views[1].events.insert(6, early(510)));
    objects(Invariant::Barred, |e| e.glimpses.push(glimpse(515, 560, Some(6))));
    objects(Invariant::Barred, |e| e.glimpses.push(glimpse(600, 610, Some(4))));
    let subscribed = (at(650), Happening::Subscribed { after: 5, asked: at(640) });
    objects(Invariant::Barred, |e| e.views[1].events.insert(7, subscribed));
}

#[test]
fn a_message_of_somebody_who_is_out_is_noticed_by_the_log_alone() {
    objects(Invariant::Barred, |e| {
        e.sendings[2] = sending("bob", "three", ack(6, "three"));
        every_log(e, |log| log[5].actor = "bob".into());
    });
}

#[test]
fn a_difference_between_hidden_and_absent_is_noticed() {
    objects(Invariant::Hidden, |e| e.probes[0].hidden = "403".into());
}

#[test]
fn an_outsider_who_sees_anything_is_noticed() {
    objects(Invariant::Hidden, |e| e.views.push(View { whole: false, ..view("eve", 3..=3) }));
}

#[test]
fn slow_sends_after_the_fault_and_silence_are_noticed() {
    objects(Invariant::Recovers, |e| e.sendings[0].attempts[0].answered = at(10_500));
    objects(Invariant::Recovers, |e| e.healing = Some(Healing { at: at(5_000), calm: at(16_000) }));
    objects(Invariant::Recovers, |e| e.healing = Some(Healing { at: at(9_500), calm: at(9_600) }));
}

#[test]
fn a_client_that_reconnects_over_and_over_is_noticed() {
    objects(Invariant::Recovers, |e| e.connections.get_mut("ann").unwrap().push(at(8_000)));
}

#[test]
fn a_panic_and_a_process_that_grows_are_noticed() {
    objects(Invariant::Bounded, |e| e.health[0].panics.push("thread panicked".into()));
    objects(Invariant::Bounded, |e| e.health[0].descriptors = 5_000);
    objects(Invariant::Bounded, |e| e.health[0].memory_mib = 5_000);
}

#[test]
fn an_internal_error_is_noticed() {
    objects(Invariant::Bounded, |e| {
        e.sendings[4] = sending("bob", "let me in", Outcome::Refused { code: "internal".into() });
    });
}

#[test]
fn a_repeat_that_is_refused_for_its_key_is_noticed() {
    let refused =
        Attempt { asked: at(9_100), answered: at(9_110), outcome: Outcome::Refused { code: "conflict".into() } };
    objects(Invariant::AckedOnce, |e| e.sendings[0].attempts.push(refused));
}

#[test]
fn a_success_without_a_commit_and_an_entry_without_a_request_are_noticed() {
    let again = Change { room: "lab".into(), kind: "member.blocked", who: "bob".into(), done: Some(true) };
    objects(Invariant::Committed, |e| e.changes.push(again));
    objects(Invariant::NoPhantom, |e| drop(e.changes.pop()));
}

#[test]
fn a_session_that_works_after_its_end_is_noticed() {
    objects(Invariant::Revoked, |e| e.revocations[0].uses.push(at(1_200)));
}
