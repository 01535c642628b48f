//! What happens at the same moment: a send and a block, a message and a subscription, one key at two places.

use std::time::{Duration, Instant};

use chatapp_testkit::User;
use futures::FutureExt as _;
use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use crate::checker::{Bar, Change, Invariant};
use crate::connection::Connection;
use crate::outcome::{insist, post};
use crate::run::Run;
use crate::scenario::{EVERY, REPLICAS, Scenario};

pub(crate) const ALL: &[Scenario] = &[
    Scenario {
        name: "send-against-block",
        about: "messages of a member race the block: what is before it in the order stands, the rest is refused",
        forms: EVERY,
        quick: REPLICAS,
        plan: |plan| plan.moderated = false,
        fault: |run| send_against_block(run).boxed(),
    },
    Scenario {
        name: "subscribe-under-load",
        about: "messages arrive between a subscription and its replay: none is missed, none comes twice",
        forms: EVERY,
        quick: REPLICAS,
        plan: |plan| plan.pause = 10..60,
        fault: |run| subscribe_under_load(run).boxed(),
    },
    Scenario {
        name: "one-key-twice",
        about: "the same key arrives at two places at once: one message, one answer",
        forms: EVERY,
        quick: REPLICAS,
        plan: |_| {},
        fault: |run| one_key_twice(run).boxed(),
    },
];

async fn send_against_block(run: &mut Run) {
    let (owner, racer, room) = (run.crowd.owner.clone(), run.crowd.members[1].clone(), run.crowd.rooms[0].clone());
    for round in 0..run.times(60, 10_000) {
        let sends = (0..3).map(|n| {
            let user = racer.at(&run.crowd.gateways.url(n + round));
            race(
                run,
                user,
                room.clone(),
                format!("{} races {round} {n}", racer.name),
                run.chance.clone().fork().millis(0..12),
            )
        });
        let sends: Vec<_> = sends.collect();
        let blocking = async {
            tokio::time::sleep(run.chance.clone().millis(0..10)).await;
            change(run, &owner, Method::PUT, &format!("/v1/rooms/{room}/blocks/{}", racer.name), "member.blocked")
                .await;
            run.journal.now()
        };
        let (_, told) = tokio::join!(futures::future::join_all(sends), blocking);
        run.chance.draw();
        let (bar_room, user) = (room.clone(), racer.name.clone());
        run.journal.write().bars.push(Bar { room: bar_room, user, seq: None, told, lifted: None });
        change(run, &owner, Method::DELETE, &format!("/v1/rooms/{room}/blocks/{}", racer.name), "member.unblocked")
            .await;
        let lifted = run.journal.now();
        if let Some(bar) = run.journal.write().bars.last_mut() {
            bar.lifted = Some(lifted);
        }
        change(run, &racer, Method::POST, &format!("/v1/rooms/{room}/join"), "member.joined").await;
    }
    run.crowd.subscribe_again(1, &room);
}

async fn race(run: &Run, user: User, room: String, body: String, after: Duration) {
    tokio::time::sleep(after).await;
    let key = Uuid::now_v7();
    let sending = run.journal.begin(&room, &user.name, key, &body);
    let asked = run.journal.now();
    let outcome = post(&user, &room, key, &body).await;
    run.journal.attempt(sending, asked, outcome);
}

async fn change(run: &Run, user: &User, method: Method, path: &str, kind: &'static str) {
    let insisted = insist(|| user.clone(), method, path, &json!({})).await;
    let done = if insisted.lost { None } else { Some(insisted.refused.is_none()) };
    let (room, who) = (run.crowd.rooms[0].clone(), run.crowd.members[1].name.clone());
    run.journal.write().changes.push(Change { room, kind, who, done });
}

async fn subscribe_under_load(run: &mut Run) {
    for n in 0..run.times(40, 400) {
        let (user, room) = (run.crowd.members[2].clone(), run.chance.pick(&run.crowd.rooms[1..]).clone());
        let Some(mut live) = Connection::open(&run.crowd.gateways.url(n), &user.token).await else { continue };
        let mut after = run.chance.within(0..40);
        live.send(&json!({"op": "subscribe", "room_id": room, "after": after})).await;
        let (mut last, mut caught_up, begun) = (after, false, Instant::now());
        let patience = Duration::from_secs(8);
        while begun.elapsed() < if caught_up { Duration::from_millis(150) } else { patience } {
            let Ok(frame) = tokio::time::timeout(patience, live.next()).await else { break };
            let Some(frame) = frame else {
                run.object(Invariant::WholeView, "a subscription under load ended its connection");
                break;
            };
            // A cursor beyond the head is taken for the head.
            if let Some(head) = frame["head"].as_u64() {
                (after, last) = (after.min(head), last.min(head));
            }
            if frame["ev"] == "caught_up" {
                caught_up = true;
                if frame["seq"].as_u64().is_some_and(|seq| seq > last.max(after)) {
                    run.object(Invariant::WholeView, format!("caught up with {} having got {last}", frame["seq"]));
                }
            }
            if let Some(seq) = frame["seq"].as_u64().filter(|_| frame["ev"] == "entry") {
                if seq != last + 1 {
                    run.object(
                        Invariant::WholeView,
                        format!("a new subscription after {after} got {seq} after {last}"),
                    );
                }
                last = seq;
            }
        }
        if !caught_up {
            run.object(Invariant::WholeView, "a subscription was not caught up in eight seconds");
        }
    }
}

async fn one_key_twice(run: &mut Run) {
    let rooms = run.crowd.rooms.clone();
    for n in 0..run.times(40, 200) {
        let (user, room) = (run.somebody(), run.chance.pick(&rooms).clone());
        let (key, body) = (Uuid::now_v7(), format!("{} insists {n}", user.name));
        let sending = run.journal.begin(&room, &user.name, key, &body);
        let asked = run.journal.now();
        let tries = (0..4).map(|place| {
            let user = user.at(&run.crowd.gateways.url(place));
            let (room, body) = (room.clone(), body.clone());
            async move { post(&user, &room, key, &body).await }
        });
        for outcome in futures::future::join_all(tries).await {
            run.journal.attempt(sending, asked, outcome);
        }
    }
}
