//! What the platform counts, asked for as a scraper does after people have used it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chatapp_bus::permissions::authorization;
use chatapp_testkit::{Cluster, Metrics, Platform, Setup, Socket, User, eventually};
use serde_json::json;
use uuid::Uuid;

/// A text that no label may have.
const TEXT: &str = "between-us-alone-4711";

/// Two people who talk, one of whom forgets a password, repeats a message, and is put out in the end.
struct Story {
    /// What must stand in no label.
    private: Vec<String>,
}

impl Story {
    async fn play(ann: &User, bob: &User, url: &str) -> Self {
        let nobody = User::nobody_at(url);
        let wrong = json!({"username": bob.name, "password": "not-my-password-1"});
        nobody.post("/v1/auth/login", &wrong).await.expect_problem(401, "invalid_credentials");
        let room = ann.public_room("lab").await;
        bob.join(&room).await;
        let ws = format!("{}/v1/ws", url.replacen("http", "ws", 1));
        let mut socket = Socket::open(&ws, Some(&ann.token)).await.unwrap();
        socket.expect("ready").await;
        socket.subscribe(&room, Some(0)).await;
        let key = Uuid::now_v7();
        bob.post_message(&room, key, TEXT).await.expect(201);
        bob.post_message(&room, key, TEXT).await.expect(200);
        bob.post_message(&room, key, "another text").await.expect_problem(409, "key_reused");
        socket.expect_that("the message", |frame| frame["ev"] == "entry" && frame["body"] == TEXT).await;
        ann.put(&format!("/v1/rooms/{room}/blocks/{}", bob.name), &json!({})).await.expect(200);
        socket.expect_that("the block", |frame| frame["kind"] == "member.blocked").await;
        drop(socket);
        let names = [&ann.name, &bob.name, &ann.id, &bob.id, &room, &key.to_string()];
        Self { private: names.into_iter().cloned().chain([TEXT.to_owned(), "between-us".to_owned()]).collect() }
    }

    /// No label says who, where or what.
    fn is_told_by_none_of(&self, metrics: &Metrics) {
        for sample in &metrics.samples {
            for (label, value) in &sample.labels {
                let found = self.private.iter().find(|private| value.contains(private.as_str()));
                assert_eq!(found, None, "{} has it in {label}", sample.name);
            }
        }
    }
}

fn assert_value(metrics: &Metrics, name: &str, labels: &[(&str, &str)], expected: f64) {
    assert_eq!(metrics.value(name, labels), Some(expected), "{name} {labels:?}");
}

fn assert_counted(metrics: &Metrics, name: &str, labels: &[(&str, &str)]) {
    let value = metrics.value(name, labels);
    assert!(value.is_some_and(|value| value >= 1.0), "{name} {labels:?} is {value:?}");
}

async fn standalone() -> Platform {
    Setup::default().env("CHATAPP_OPS_LISTEN", "127.0.0.1:0").start().await
}

async fn after_a_story() -> (Story, Metrics) {
    let platform = standalone().await;
    let (ann, bob) = (User::register(&platform, "ann").await, User::register(&platform, "bob").await);
    let story = Story::play(&ann, &bob, &platform.url()).await;
    let metrics = eventually("the socket's end is counted", async || {
        let metrics = platform.metrics().await;
        let closed = metrics.value("chatapp_websocket_closes_total", &[("reason", "client")]) == Some(1.0);
        closed.then_some(metrics)
    })
    .await;
    (story, metrics)
}

#[tokio::test]
async fn what_people_do_is_counted_and_no_label_says_who_they_are() {
    let (story, metrics) = after_a_story().await;
    story.is_told_by_none_of(&metrics);
    for (outcome, count) in [("succeeded", 2.0), ("refused", 0.0)] {
        assert_value(&metrics, "chatapp_registrations_total", &[("service", "auth"), ("outcome", outcome)], count);
    }
    assert_value(&metrics, "chatapp_logins_total", &[("outcome", "failed")], 1.0);
    for outcome in ["accepted", "repeated", "refused"] {
        assert_value(&metrics, "chatapp_messages_posted_total", &[("outcome", outcome)], 1.0);
    }
    for (service, kind) in [("messages", "message.posted"), ("rooms", "member.joined"), ("rooms", "member.blocked")] {
        assert_value(&metrics, "chatapp_timeline_entries_total", &[("service", service), ("kind", kind)], 1.0);
    }
    assert_value(&metrics, "chatapp_moderation_actions_total", &[("action", "member.blocked")], 1.0);
    assert_value(&metrics, "chatapp_delivery_resumes_total", &[("outcome", "resumed")], 1.0);
    assert_value(&metrics, "chatapp_websocket_connections", &[], 0.0);
    assert_value(&metrics, "chatapp_hub_subscriptions", &[], 0.0);
    assert_value(&metrics, "chatapp_websocket_queue_bytes", &[], 0.0);
    assert_value(&metrics, "chatapp_delivery_latency_seconds_count", &[("service", "gateway")], 2.0);
    let posts = [("service", "messages"), ("http_route", "/v1/rooms/{room_id}/messages")];
    assert_value(&metrics, "http_server_request_duration_seconds_count", &posts, 3.0);
    assert_value(&metrics, "chatapp_readiness", &[("service", "chatapp")], 3.0);
    assert_value(&metrics, "chatapp_bus_connected", &[], 1.0);
    for (name, labels) in [
        ("chatapp_websocket_frames_total", &[][..]),
        ("chatapp_websocket_received_frames_total", &[]),
        ("chatapp_bus_messages_total", &[("direction", "received")]),
        ("chatapp_bus_lag_seconds_count", &[]),
        ("chatapp_db_commit_batch_size_count", &[]),
        ("db_client_operation_duration_seconds_count", &[("db_operation_name", "write"), ("error_type", "")]),
        ("db_client_operation_duration_seconds_count", &[("db_operation_name", "read"), ("error_type", "")]),
        ("db_client_connection_max", &[("pool", "readers")]),
        ("process_resident_memory_bytes", &[]),
        ("process_open_fds", &[]),
        ("chatapp_build_info", &[("service", "chatapp")]),
    ] {
        assert_counted(&metrics, name, labels);
    }
    let latency = metrics.value("chatapp_delivery_latency_seconds_sum", &[]).unwrap();
    assert!((0.0..20.0).contains(&latency), "{latency}");
    assert!(metrics.value("chatapp_bus_beat_age_seconds", &[]).unwrap() < 10.0);
    assert!(metrics.value("process_cpu_seconds_total", &[]).unwrap() > 0.0);
}

#[tokio::test]
async fn every_metric_says_what_it_is_in_units_and_has_few_labels() {
    let (_, metrics) = after_a_story().await;
    assert!(metrics.families.len() > 40, "{:?}", metrics.families.keys());
    let mut values: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for sample in &metrics.samples {
        assert!(sample.value >= 0.0, "{sample:?}");
        for (label, value) in &sample.labels {
            values.entry((&sample.name, label)).or_default().insert(value);
        }
    }
    for ((name, label), values) in values {
        assert!(values.len() <= 60, "{name} has {} values of {label}", values.len());
    }
    for (name, family) in &metrics.families {
        assert!(family.help.len() > 4 && family.help.ends_with('.'), "{name}: {}", family.help);
        let known = ["chatapp_", "http_server_", "db_client_", "process_"];
        assert!(known.iter().any(|prefix| name.starts_with(prefix)), "{name}");
        let stem = name.strip_suffix("_total").unwrap_or(name);
        if let Some(unit) = &family.unit {
            assert!(stem.ends_with(unit.as_str()) && ["seconds", "bytes"].contains(&unit.as_str()), "{name} in {unit}");
        }
        assert_eq!(family.kind == "counter", name.ends_with("_total"), "{name}");
        assert!(family.kind != "histogram" || stem.ends_with("_seconds") || stem.ends_with("_size"), "{name}");
        assert!(name.starts_with("process_") || family.labels.contains("service"), "{name} says not whose it is");
    }
}

#[tokio::test]
async fn the_table_of_metrics_is_the_truth() {
    let (_, metrics) = after_a_story().await;
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../libs/metrics/README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let row = |line: &str| {
        let mut cells = line.strip_prefix("| `")?.split('|').map(str::trim);
        let (name, kind, labels) = (cells.next()?, cells.next()?, cells.next()?);
        let labels: Vec<String> = labels.split(", ").filter(|label| !label.is_empty()).map(str::to_owned).collect();
        Some((name.trim_end_matches('`').to_owned(), (kind.to_owned(), labels)))
    };
    let told: BTreeMap<_, _> = readme.lines().filter_map(row).collect();
    let live: BTreeMap<_, _> = metrics
        .families
        .into_iter()
        .map(|(name, family)| (name, (family.kind, family.labels.into_iter().collect::<Vec<_>>())))
        .collect();
    for (name, is) in &live {
        assert_eq!(told.get(name), Some(is), "{name} in libs/metrics/README.md");
    }
    let gone: Vec<_> = told.keys().filter(|name| !live.contains_key(*name)).collect();
    assert!(gone.is_empty(), "the table has what nobody counts: {gone:?}");
}

#[tokio::test]
async fn each_service_counts_its_own_and_knows_its_bus() {
    let cluster = Cluster::start(1, &authorization(Cluster::password)).await;
    let (ann, bob) = (cluster.register(0, "ann").await, cluster.register(0, "bob").await);
    let story = Story::play(&ann, &bob, &cluster.url(0)).await;
    let own = [
        ("auth", "chatapp_registrations_total"),
        ("rooms", "chatapp_moderation_actions_total"),
        ("messages", "chatapp_messages_posted_total"),
        ("gateway", "chatapp_delivery_latency_seconds_count"),
    ];
    for service in Cluster::services() {
        let metrics = cluster.metrics(service, 0).await;
        story.is_told_by_none_of(&metrics);
        for (owner, name) in own {
            match metrics.value(name, &[("service", owner)]) {
                Some(value) => assert!(owner == service && value >= 1.0, "{name} at {service} is {value}"),
                None => assert_ne!(owner, service, "{name}"),
            }
        }
        let labels = [("service", service)];
        assert_value(&metrics, "chatapp_bus_connected", &labels, 1.0);
        assert_counted(&metrics, "chatapp_readiness", &labels);
        assert_counted(&metrics, "http_server_request_duration_seconds_count", &labels);
        let others = metrics.samples.iter().find(|s| s.labels.get("service").is_some_and(|of| of != service));
        assert_eq!(others, None, "at {service}");
        if service != "gateway" {
            assert_counted(&metrics, "db_client_operation_duration_seconds_count", &labels);
        }
    }
    let gateway = cluster.metrics("gateway", 0).await;
    assert_counted(&gateway, "chatapp_bus_lag_seconds_count", &[]);
    assert!(gateway.value("chatapp_bus_beat_age_seconds", &[]).unwrap() < 10.0);
}
