//! The network: answers that are lost, bytes that crawl, connections that end, services that do not reach each other.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chatapp_testkit::{Flow, User};
use futures::FutureExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use uuid::Uuid;

use crate::checker::{Invariant, Outcome};
use crate::connection::Connection;
use crate::run::Run;
use crate::scenario::{ALONE, EVERY, REPLICAS, SERVERS, Scenario};

pub(crate) const ALL: &[Scenario] = &[
    Scenario {
        name: "lost-answers",
        about: "requests arrive and answers do not: then the connection ends, whole or by half",
        forms: EVERY,
        quick: ALONE,
        plan: |plan| plan.front = true,
        fault: |run| lost_answers(run).boxed(),
    },
    Scenario {
        name: "slow-network",
        about: "bytes come late and one by one",
        forms: EVERY,
        quick: ALONE,
        plan: |plan| plan.front = true,
        fault: |run| slow(run).boxed(),
    },
    Scenario {
        name: "hang-ups",
        about: "clients hang up in mid-request, over and over: no lock is left held, no transaction open",
        forms: EVERY,
        quick: ALONE,
        plan: |_| {},
        fault: |run| hang_ups(run).boxed(),
    },
    Scenario {
        name: "reconnect-herd",
        about: "all of many sockets are dropped at once, again and again, and all come back",
        forms: EVERY,
        quick: ALONE,
        plan: |plan| plan.front = true,
        fault: |run| herd(run).boxed(),
    },
    Scenario {
        name: "slow-reader",
        about: "a client stops reading: it is closed, others are not slowed, and it resumes without a hole",
        forms: EVERY,
        quick: ALONE,
        plan: |_| {},
        fault: |run| slow_reader(run).boxed(),
    },
    Scenario {
        name: "services-cut",
        about: "a gateway does not reach the services, or not their answers",
        forms: SERVERS,
        quick: REPLICAS,
        plan: |plan| plan.linked = true,
        fault: |run| services_cut(run).boxed(),
    },
];

async fn lost_answers(run: &mut Run) {
    for _ in 0..run.times(6, 40) {
        run.pause(100..700).await;
        let (hold, way) = (run.chance.millis(50..900), run.chance.index(3));
        let number = run.chance.index(run.stage.front.len());
        let link = &run.stage.front[number];
        link.flow(Flow::Pass, Flow::Hold);
        tokio::time::sleep(hold).await;
        match way {
            0 => link.half_close(),
            1 => link.refuse(),
            _ => link.cut(),
        }
        link.heal();
        run.tally.partitions += 1;
    }
}

async fn slow(run: &mut Run) {
    let begun = Instant::now();
    while begun.elapsed() < run.seconds(5, 60) {
        let number = run.chance.index(run.stage.front.len());
        let slice = *run.chance.pick(&[1, 7, 64, 512]);
        let delay = run.chance.millis(1..4);
        let (up, down) = (Flow::Slow { delay, slice }, Flow::Slow { delay, slice: slice * 4 });
        run.stage.front[number].flow(up, down);
        run.tally.partitions += 1;
        run.pause(300..1_500).await;
        run.stage.front[number].heal();
    }
}

async fn hang_ups(run: &mut Run) {
    let (rooms, times) = (run.crowd.rooms.clone(), run.times(200, 1_000));
    for n in 0..times {
        let (user, room) = (run.somebody(), run.chance.pick(&rooms).clone());
        let (key, body) = (Uuid::now_v7(), format!("{} hangs up {n}", user.name));
        let sending = run.journal.begin(&room, &user.name, key, &body);
        let asked = run.journal.now();
        let url = run.crowd.gateways.url(n);
        let json = serde_json::json!({"body": body}).to_string();
        let request = format!(
            "POST /v1/rooms/{room}/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nIdempotency-Key: {key}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{json}",
            user.token,
            json.len()
        );
        let whole = run.chance.one_in(2);
        let length = if whole { request.len() } else { run.chance.index(request.len()) };
        if let Ok(mut stream) = TcpStream::connect(url.trim_start_matches("http://")).await {
            let _ = stream.write_all(&request.as_bytes()[..length]).await;
            run.pause(0..8).await;
        }
        run.tally.partitions += 1;
        run.journal.attempt(sending, asked, Outcome::Unknown { why: "hung up".to_owned() });
    }
}

async fn herd(run: &mut Run) {
    let (size, times) = (run.times(150, 1_000), run.times(2, 5));
    let user = run.crowd.members[2].clone();
    for round in 0..times {
        let urls = run.stage.urls();
        let sockets = connect_all(&user, &urls, size).await;
        if sockets.len() < size {
            let what = format!("of {size} sockets {} connected within {:?}, round {round}", sockets.len(), HERD_BACK);
            run.object(Invariant::Recovers, what);
        }
        for link in &run.stage.front {
            link.cut();
        }
        run.tally.partitions += run.stage.front.len();
        drop(sockets);
    }
}

/// All sockets of a herd are open again after so long.
const HERD_BACK: Duration = Duration::from_secs(20);

async fn connect_all(user: &User, urls: &[String], size: usize) -> Vec<Connection> {
    let one = async |n: usize| {
        let mut backoff = 50;
        loop {
            if let Some(connection) = Connection::open(&urls[n % urls.len()], &user.token).await {
                return connection;
            }
            tokio::time::sleep(Duration::from_millis(backoff)).await;
            backoff = (backoff * 2).min(2_000);
        }
    };
    let opened = Arc::new(std::sync::Mutex::new(Vec::new()));
    let all = futures::future::join_all((0..size).map(|n| {
        let opened = opened.clone();
        async move {
            let connection = one(n).await;
            opened.lock().unwrap().push(connection);
        }
    }));
    let _ = tokio::time::timeout(HERD_BACK, all).await;
    std::mem::take(&mut opened.lock().unwrap())
}

async fn slow_reader(run: &mut Run) {
    let (owner, reader) = (run.crowd.owner.clone(), run.crowd.members[2].clone());
    let room = owner.public_room("torrent").await;
    reader.join(&room).await;
    let url = run.stage.urls()[0].clone();
    let mut live = Connection::open_narrow(&url, &reader.token).await.expect("a connection");
    live.send(&serde_json::json!({"op": "subscribe", "room_id": room, "after": 0})).await;
    // Far more than the queue and the network's buffers hold: 16 kB each.
    let (count, body) = (600_u64, "\u{1f980}".repeat(3_900));
    for _ in 0..count / 20 {
        let posts = (0..20).map(|_| crate::outcome::post(&owner, &room, Uuid::now_v7(), &body));
        futures::future::join_all(posts).await;
    }
    run.tally.others += 1;
    let mut last = 0;
    while last < count + 2 {
        let Some(frame) = live.next().await else { break };
        last = check_next(run, last, &frame);
    }
    if last == count + 2 {
        run.object(Invariant::Bounded, "a client that does not read was given everything: its queue has no bound");
    }
    let mut live = Connection::open(&url, &reader.token).await.expect("a connection");
    live.send(&serde_json::json!({"op": "subscribe", "room_id": room, "after": last})).await;
    while last < count + 2 {
        let Some(frame) = live.next().await else { break };
        if frame["ev"] == "gap" {
            last = frame["to"].as_u64().unwrap_or_default();
        }
        last = check_next(run, last, &frame);
    }
    if last != count + 2 {
        run.object(Invariant::WholeView, format!("resumed up to {last} of {}", count + 2));
    }
}

fn check_next(run: &mut Run, last: u64, frame: &serde_json::Value) -> u64 {
    match frame["seq"].as_u64().filter(|_| frame["ev"] == "entry") {
        Some(seq) if seq == last + 1 => seq,
        Some(seq) => {
            run.object(Invariant::WholeView, format!("the slow reader got {seq} after {last}"));
            seq
        }
        None => last,
    }
}

async fn services_cut(run: &mut Run) {
    for round in 0..run.times(3, 12) {
        run.pause(200..600).await;
        let (peer, number) = (*run.chance.pick(&["messages", "messages", "rooms", "auth"]), round % 2);
        let flows = [(Flow::Hold, Flow::Hold), (Flow::Pass, Flow::Hold)];
        let (up, down) = *run.chance.pick(&flows);
        run.stage.cluster().link("gateway", number, peer).flow(up, down);
        run.tally.partitions += 1;
        run.pause(500..5_000).await;
        let cut = run.chance.one_in(2);
        let link = run.stage.cluster().link("gateway", number, peer);
        link.heal();
        if cut {
            link.cut();
        }
    }
}
