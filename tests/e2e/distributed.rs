//! Every service twice, with a NATS server between them and one database under them.

use std::time::{Duration, Instant};

use chatapp_bus::permissions::authorization;
use chatapp_testkit::{Cluster, ClusterSetup, DEADLINE, NatsServer, Socket, binary, eventually, within};
use serde_json::{Value, json};
use uuid::Uuid;

/// How long a block or the end of a session takes to hold everywhere: promised is 1 s; the rest is the test machine's.
const HOLDS_WITHIN: Duration = Duration::from_secs(3);
/// What the bus brings is here long before heads are compared the next time (5 s).
const BROUGHT_BY_THE_BUS: Duration = Duration::from_secs(2);
/// Without the bus: promised are 2 s until the log is asked instead; the rest is the test machine's.
const BROUGHT_BY_THE_LOG: Duration = Duration::from_secs(5);

/// What the replicas share.
#[derive(Clone, Copy)]
enum Storage {
    File,
    SqlServer,
}

impl Storage {
    async fn cluster(self) -> Cluster {
        let setup = ClusterSetup::new(2, &authorization(Cluster::password));
        match self {
            Self::File => setup.start().await,
            Self::SqlServer => setup.on_sql_server().start().await,
        }
    }
}

/// Runs each case on each kind of storage.
macro_rules! on_every_storage {
    ($($case:ident),+ $(,)?) => {
        mod file {
            $(#[tokio::test]
            async fn $case() {
                super::$case(super::Storage::File).await;
            })+
        }
        mod mssql {
            $(#[tokio::test]
            #[ignore = "needs a server in CHATAPP_TEST_MSSQL_URL"]
            async fn $case() {
                super::$case(super::Storage::SqlServer).await;
            })+
        }
    };
}

on_every_storage!(
    what_is_said_at_one_gateway_is_heard_at_the_other_in_one_order,
    a_block_and_the_end_of_a_session_hold_at_every_replica,
    without_the_bus_the_log_delivers_and_its_return_leaves_no_hole,
    a_replica_killed_under_load_loses_nothing_that_was_acknowledged,
);

/// Reads the feed up to the entry `last`, and asserts that it has each entry after `after` once and in order.
async fn read_to(socket: &mut Socket, after: u64, last: u64) -> Vec<Value> {
    let mut entries = vec![];
    for seq in after + 1..=last {
        let entry = socket.entry().await;
        assert_eq!(entry["seq"], seq, "{entry}");
        entries.push(entry);
    }
    entries
}

/// Types at one socket until it is seen at the other. Typing is in no log: only the bus brings it.
async fn until_typing_crosses(room: &str, from: &mut Socket, to: &mut Socket) {
    let mut seen = Box::pin(to.expect("typing"));
    let typing = async {
        loop {
            from.send(&json!({"op": "typing", "room_id": room})).await;
            // A notice that comes before the bus is lost.
            if tokio::time::timeout(Duration::from_secs(1), &mut seen).await.is_ok() {
                return;
            }
        }
    };
    within(DEADLINE, "typing crosses", typing).await;
}

fn texts(entries: &[Value]) -> Vec<&str> {
    entries.iter().filter_map(|entry| entry["body"].as_str()).collect()
}

fn seq(message: &Value) -> u64 {
    message["seq"].as_u64().expect("a seq")
}

async fn what_is_said_at_one_gateway_is_heard_at_the_other_in_one_order(on: Storage) {
    let cluster = on.cluster().await;
    let (ann, bob) = (cluster.register(0, "ann").await, cluster.register(1, "bob").await);
    let room = ann.public_room("lab").await;
    bob.join(&room).await;
    let (mut a, mut b) = (cluster.connect(0, &ann).await, cluster.connect(1, &bob).await);
    a.subscribe(&room, None).await;
    b.subscribe(&room, None).await;
    for n in 0..5 {
        ann.say(&room, &format!("quick {n}")).await;
        within(BROUGHT_BY_THE_BUS, "the message at the other gateway", b.entry()).await;
    }
    read_to(&mut a, 2, 7).await;
    let say = async |user: &chatapp_testkit::User| {
        for n in 0..40 {
            user.say(&room, &format!("{} {n}", user.name)).await;
        }
    };
    let (from_a, from_b, (), ()) = tokio::join!(read_to(&mut a, 7, 87), read_to(&mut b, 7, 87), say(&ann), say(&bob));
    assert_eq!(texts(&from_a), texts(&from_b));
    for user in [&ann, &bob] {
        let own: Vec<&str> = texts(&from_b).into_iter().filter(|text| text.starts_with(&user.name)).collect();
        assert_eq!(own, (0..40).map(|n| format!("{} {n}", user.name)).collect::<Vec<_>>());
    }
    // The same key at the other replica is the same message.
    let key = Uuid::now_v7();
    let first = ann.post_message(&room, key, "once").await.expect(201);
    let again = ann.at(&cluster.url(1)).post_message(&room, key, "once").await;
    assert_eq!((again.json["seq"].as_u64(), again.status.is_success()), (Some(seq(&first)), true), "{}", again.text);
    until_typing_crosses(&room, &mut b, &mut a).await;
    assert!(!cluster.bus.output().contains("Violation"), "the services need more than they may");
}

async fn a_block_and_the_end_of_a_session_hold_at_every_replica(on: Storage) {
    let cluster = on.cluster().await;
    let (ann, bob) = (cluster.register(0, "ann").await, cluster.register(1, "bob").await);
    let room = ann.public_room("lab").await;
    bob.join(&room).await;
    let mut feed = cluster.connect(1, &bob).await;
    feed.subscribe(&room, None).await;
    let blocking = ann.put(&format!("/v1/rooms/{room}/blocks/{}", bob.name), &json!({})).await;
    assert!(blocking.status.is_success(), "{}", blocking.text);
    within(HOLDS_WITHIN, "the block cuts the other gateway's feed", feed.expect("unsubscribed")).await;
    for number in [0, 1] {
        let bob = bob.at(&cluster.url(number));
        bob.post_message(&room, Uuid::now_v7(), "let me in").await.expect_problem(403, "blocked");
        bob.get(&format!("/v1/rooms/{room}/messages")).await.expect_problem(403, "blocked");
    }
    let phone = bob.at(&cluster.url(0)).login_again().await;
    let here = phone.at(&cluster.url(1));
    let mut socket = cluster.connect(1, &here).await;
    here.get("/v1/users/me").await.expect(200);
    let out = phone.post("/v1/auth/logout", &json!({})).await;
    assert!(out.status.is_success(), "{}", out.text);
    let begun = Instant::now();
    assert_eq!(within(HOLDS_WITHIN, "the socket at the other gateway closes", socket.closed()).await.code, 4501);
    for path in ["/v1/users/me".to_owned(), "/v1/rooms".to_owned(), "/v1/unread".to_owned()] {
        eventually("the ended session is refused", || async { (here.get(&path).await.status == 401).then_some(()) })
            .await;
    }
    assert!(begun.elapsed() < HOLDS_WITHIN, "took {:?}", begun.elapsed());
    bob.get("/v1/users/me").await.expect(200);
}

async fn without_the_bus_the_log_delivers_and_its_return_leaves_no_hole(on: Storage) {
    let mut cluster = on.cluster().await;
    let (ann, bob, eve) =
        (cluster.register(0, "ann").await, cluster.register(1, "bob").await, cluster.register(1, "eve").await);
    let room = ann.public_room("lab").await;
    bob.join(&room).await;
    eve.join(&room).await;
    let (mut b, mut e) = (cluster.connect(1, &bob).await, cluster.connect(1, &eve).await);
    b.subscribe(&room, None).await;
    e.subscribe(&room, None).await;
    cluster.bus.kill();
    let first = seq(&ann.say(&room, "no bus 0").await);
    within(BROUGHT_BY_THE_LOG, "a message without the bus", read_to(&mut b, first - 1, first)).await;
    let last = seq(&ann.say(&room, "no bus 1").await);
    let blocking = ann.put(&format!("/v1/rooms/{room}/blocks/{}", eve.name), &json!({})).await;
    assert!(blocking.status.is_success(), "{}", blocking.text);
    ann.say(&room, "not for eve").await;
    within(BROUGHT_BY_THE_LOG, "the block without the bus", e.expect("unsubscribed")).await;
    e.send(&json!({"op": "ping"})).await;
    let after = e.next().await.expect("an open socket");
    assert_eq!(after["ev"], "pong", "nothing follows the block: {after}");

    let writer = async {
        let mut head = 0;
        for n in 0..60 {
            head = seq(&ann.say(&room, &format!("m{n}")).await);
        }
        head
    };
    let (head, ()) = tokio::join!(writer, cluster.bus.run());
    within(DEADLINE, "everything said meanwhile", read_to(&mut b, last - 1, head)).await;
    let mut a = cluster.connect(0, &ann).await;
    a.subscribe(&room, None).await;
    until_typing_crosses(&room, &mut b, &mut a).await;
    let last = seq(&ann.say(&room, "by the bus").await);
    within(BROUGHT_BY_THE_BUS, "a message by the bus", b.expect_that("it", |e| e["seq"] == last)).await;
}

async fn a_replica_killed_under_load_loses_nothing_that_was_acknowledged(on: Storage) {
    let mut cluster = on.cluster().await;
    let (ann, bob) = (cluster.register(0, "ann").await, cluster.register(1, "bob").await);
    let room = ann.public_room("lab").await;
    bob.join(&room).await;
    let mut b = cluster.connect(1, &bob).await;
    b.subscribe(&room, None).await;
    let say = async |from: usize, to: usize| {
        for n in from..to {
            let key = Uuid::now_v7();
            let (body, path) = (json!({"body": format!("m{n}")}), format!("/v1/rooms/{room}/messages"));
            eventually("the message is taken, under one key at every try", || async {
                let request = ann.request(reqwest::Method::POST, &path).header("Idempotency-Key", key.to_string());
                ann.try_send(request.json(&body)).await.ok()?.status.is_success().then_some(())
            })
            .await;
        }
    };
    let killed = async {
        read_to(&mut b, 2, 30).await;
        cluster.kill("messages", 0);
        cluster.run("messages", 0).await;
    };
    tokio::join!(say(0, 100), killed);
    let rest = read_to(&mut b, 30, 102).await;
    assert_eq!(texts(&rest), (28..100).map(|n| format!("m{n}")).collect::<Vec<_>>());
    // A gateway that is gone takes no message with it: its listeners resume at another one.
    cluster.kill("gateway", 1);
    say(100, 120).await;
    let mut b = cluster.connect(0, &bob).await;
    let missed = b.subscribe(&room, Some(102)).await;
    assert_eq!(texts(&missed), (100..120).map(|n| format!("m{n}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_service_starts_without_the_bus_says_so_and_finds_it_later() {
    let mut cluster = Cluster::start(1, &authorization(Cluster::password)).await;
    let ann = cluster.register(0, "ann").await;
    let room = ann.public_room("lab").await;
    cluster.bus.kill();
    for service in ["gateway", "messages"] {
        assert_eq!(cluster.terminate(service, 0).await, 0, "{}", cluster.output(service, 0));
    }
    for service in ["messages", "gateway"] {
        cluster.run(service, 0).await;
        assert!(cluster.output(service, 0).contains("the event bus is not there, waiting for it"));
    }
    let mut feed = cluster.connect(0, &ann).await;
    feed.subscribe(&room, None).await;
    let said = seq(&ann.say(&room, "without").await);
    feed.expect_that("the message without the bus", |e| e["seq"] == said).await;
    cluster.bus.run().await;
    for service in ["messages", "gateway"] {
        eventually("the bus is found", || {
            let output = cluster.output(service, 0);
            let lost = output.rfind("the event bus is not there").unwrap_or(0);
            async move { output[lost..].contains("the event bus is connected").then_some(()) }
        })
        .await;
    }
    let said = seq(&ann.say(&room, "with").await);
    feed.expect_that("the message by the bus", |e| e["seq"] == said).await;
}

#[tokio::test]
async fn a_wrong_password_for_the_bus_ends_the_start_with_the_names_of_the_settings() {
    let server = NatsServer::start(&authorization(Cluster::password)).await;
    let dir = tempfile::tempdir().unwrap();
    let password = dir.path().join("password");
    std::fs::write(&password, "guessed-badly").unwrap();
    for program in [&["chatapp-rooms"][..], &["chatapp", "up"]] {
        let output = tokio::process::Command::new(binary(program[0]))
            .args(&program[1..])
            .args(["--listen", "127.0.0.1:0", "--data-dir"])
            .arg(dir.path().join("data"))
            .args(["--ops-listen", "127.0.0.1:0", "--bus-url", &server.url(), "--bus-user", "rooms"])
            .arg("--bus-password-file")
            .arg(&password)
            .kill_on_drop(true)
            .output();
        let output = within(DEADLINE, "the end of the start", output).await.unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("CHATAPP_BUS_USER") && said.contains("CHATAPP_BUS_PASSWORD_FILE"), "{said}");
        assert!(!said.contains("guessed-badly"), "{said}");
    }
}
