//! A message is one trace: from the terminal of who sends it to the sockets of who reads it.

use std::collections::BTreeSet;
use std::process::Stdio;

use chatapp_bus::permissions::authorization;
use chatapp_testkit::{
    Cluster, ClusterSetup, Collector, Platform, ReceivedSpan, Setup, Socket, User, binary, eventually,
};
use serde_json::json;

/// What a message passes on its way, by the name of its span and OpenTelemetry's number of the kind.
const FROM_THE_GATEWAY: [(&str, i32); 4] =
    [("POST messages", 3), ("POST /v1/rooms/{room_id}/messages", 2), ("write", 3), ("send room", 4)];
const FROM_THE_TERMINAL: [(&str, i32); 3] = [("send message", 1), ("POST", 3), ("POST /v1/rooms/{*rest}", 2)];

/// Sends a message by the real client.
async fn send_by_chat(url: &str, user: &User, room: &str, collector: &Collector) {
    let home = tempfile::tempdir().unwrap();
    let sent = tokio::process::Command::new(binary("chat"))
        .args(["send", room, "hello"])
        .env("CHAT_URL", url)
        .env("CHAT_TOKEN", &user.token)
        .env("CHAT_CONFIG_DIR", home.path())
        .env("CHATAPP_OTLP_ENDPOINT", collector.endpoint())
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
}

/// Waits until the trace that has a span of this name has `deliveries` of them, and gives its spans.
async fn trace_with(collector: &Collector, first: &str, deliveries: usize) -> Vec<ReceivedSpan> {
    eventually("the trace is whole", || async {
        let all = collector.spans();
        let trace = &all.iter().find(|span| span.name == first && span.parent_id.is_empty())?.trace_id;
        let spans: Vec<_> = all.iter().filter(|span| span.trace_id == *trace).cloned().collect();
        let delivered = spans.iter().filter(|span| span.name == "deliver room").count();
        let root = spans.iter().any(|span| span.name == first);
        (delivered == deliveries && root).then_some(spans)
    })
    .await
}

/// Asserts that every span but the first is part of another one of the same trace, and that each hop is there once.
fn assert_connected(spans: &[ReceivedSpan], hops: &[(&str, i32)]) {
    let ids: BTreeSet<_> = spans.iter().map(|span| &span.span_id).collect();
    let (first, others): (Vec<_>, Vec<_>) = spans.iter().partition(|span| span.parent_id.is_empty());
    assert_eq!(first.len(), 1, "{spans:#?}");
    let loose: Vec<_> = others.iter().filter(|span| !ids.contains(&span.parent_id)).collect();
    assert!(loose.is_empty(), "{loose:#?}");
    for (name, kind) in hops {
        let found: Vec<_> = spans.iter().filter(|span| span.name == *name).collect();
        assert!(!found.is_empty(), "no span {name} in {spans:#?}");
        assert!(found.iter().all(|span| span.kind == *kind), "{found:#?}");
    }
    // Each hop is part of the one before it.
    for pair in hops.windows(2) {
        let named = |name: &str| spans.iter().filter(|span| span.name == name).collect::<Vec<_>>();
        let before: Vec<_> = named(pair[0].0).into_iter().map(|span| &span.span_id).collect();
        let follows = named(pair[1].0).into_iter().any(|span| before.contains(&&span.parent_id));
        assert!(follows, "{} does not follow {}: {spans:#?}", pair[1].0, pair[0].0);
    }
    let published = spans.iter().find(|span| span.name == "send room").unwrap();
    for delivery in spans.iter().filter(|span| span.name == "deliver room") {
        assert_eq!((delivery.kind, &delivery.parent_id), (5, &published.span_id), "{spans:#?}");
        assert_eq!(delivery.attributes["entry.seq"], published.attributes["entry.seq"]);
    }
    let all = format!("{spans:?}");
    assert!(!all.contains("hello"), "the text of a message is in a span");
}

#[tokio::test]
async fn one_message_is_one_trace_from_the_terminal_through_every_service_to_both_gateways() {
    let collector = Collector::start().await;
    let setup = ClusterSetup::new(2, &authorization(Cluster::password));
    let cluster = setup.env("CHATAPP_OTLP_ENDPOINT", &collector.endpoint()).start().await;
    let ann = cluster.register(0, "ann").await;
    let room = ann.public_room("lab").await;
    let mut readers = vec![];
    for number in 0..2 {
        let mut socket = cluster.connect(number, &ann).await;
        socket.subscribe(&room, None).await;
        readers.push(socket);
    }
    send_by_chat(&cluster.url(0), &ann, &room, &collector).await;
    for reader in &mut readers {
        while reader.entry().await["kind"] != "message.posted" {}
    }

    let spans = trace_with(&collector, "send message", 2).await;
    assert_connected(&spans, &[&FROM_THE_TERMINAL[..], &FROM_THE_GATEWAY[..]].concat());
    let of = |name: &str| spans.iter().find(|span| span.name == name).unwrap();
    assert_eq!(of("send message").service, "chat");
    assert_eq!(of("POST /v1/rooms/{*rest}").service, "chatapp-gateway");
    assert_eq!(of("POST /v1/rooms/{room_id}/messages").service, "chatapp-messages");
    assert_eq!(
        (of("write").service.as_str(), of("write").attributes["db.system.name"].as_str()),
        ("chatapp-messages", "sqlite")
    );
    assert_eq!(of("send room").attributes["messaging.system"], "nats");
    let deliveries: BTreeSet<_> =
        spans.iter().filter(|span| span.name == "deliver room").map(|span| &span.instance).collect();
    assert_eq!(deliveries.len(), 2, "one at each gateway");
    let logged = cluster.output("messages", 0) + &cluster.output("gateway", 0);
    assert!(logged.contains(&format!("\"trace.id\":\"{}\"", of("write").trace_id)), "{logged}");
}

async fn standalone(collector: &Collector) -> (Platform, User, String, Socket) {
    let platform = Setup::default().env("CHATAPP_OTLP_ENDPOINT", &collector.endpoint()).start().await;
    let ann = User::register(&platform, "ann").await;
    let room = ann.public_room("lab").await;
    let mut socket = Socket::open(&platform.ws_url("/v1/ws"), Some(&ann.token)).await.unwrap();
    socket.expect("ready").await;
    socket.subscribe(&room, None).await;
    (platform, ann, room, socket)
}

#[tokio::test]
async fn one_message_is_one_trace_within_one_process_too() {
    let collector = Collector::start().await;
    let (platform, ann, room, mut socket) = standalone(&collector).await;
    send_by_chat(&platform.url(), &ann, &room, &collector).await;
    while socket.entry().await["kind"] != "message.posted" {}
    let spans = trace_with(&collector, "send message", 1).await;
    assert_connected(&spans, &[&FROM_THE_TERMINAL[..], &FROM_THE_GATEWAY[..]].concat());
}

#[tokio::test]
async fn a_message_that_is_sent_over_a_socket_is_one_trace() {
    let collector = Collector::start().await;
    let (_platform, _ann, room, mut socket) = standalone(&collector).await;
    socket.post(&room, uuid::Uuid::now_v7(), "hello").await;
    socket.expect("ack").await;
    let spans = trace_with(&collector, "send", 1).await;
    assert_connected(&spans, &[&[("send", 2)], &FROM_THE_GATEWAY[..]].concat());
}

#[tokio::test]
async fn a_client_that_names_a_trace_finds_its_requests_in_the_log_and_decides_nothing_else() {
    let collector = Collector::start().await;
    let setup = Setup::default().env("CHATAPP_OTLP_ENDPOINT", &collector.endpoint()).env("CHATAPP_TRACE_SAMPLE", "0");
    let mut platform = setup.start().await;
    let ann = User::register(&platform, "ann").await;
    let named = "4bf92f3577b34da6a3ce929d0e0e4736";
    let request = ann.request(reqwest::Method::POST, "/v1/rooms").json(&json!({"name": "lab", "visibility": "public"}));
    ann.send(request.header("traceparent", format!("00-{named}-00f067aa0ba902b7-01"))).await.expect(201);
    assert_eq!(platform.terminate().await, 0);
    let output = platform.output();
    let line = output.lines().find(|line| line.contains("request answered") && line.contains(named));
    assert!(line.is_some_and(|line| line.contains(&format!("\"trace.id\":\"{named}\""))), "{output}");
    assert_eq!(collector.spans(), [], "a stranger has nothing recorded at the operator's expense");
}
