//! Dashboards and alerts against what running programs count.

use std::collections::{BTreeMap, BTreeSet};

use chatapp_bus::permissions::authorization;
use chatapp_testkit::{Cluster, ClusterSetup, Socket, User, eventually};
use serde_json::{Value, json};
use uuid::Uuid;

use super::queries;

/// What Prometheus itself puts on every series.
const OF_THE_TARGET: [&str; 2] = ["job", "instance"];
/// What Prometheus makes of every target.
const OF_PROMETHEUS: [&str; 1] = ["up"];
/// What the exporter beside NATS calls the fields that NATS shows at `/varz`.
const OF_NATS: &str = "gnatsd_varz_";
/// What only trouble brings, which this test does not make: their families are there, without series.
const OF_TROUBLE: [&str; 0] = [];

/// The families and series of some processes: the labels of each.
#[derive(Default)]
struct Exposition {
    families: BTreeSet<String>,
    series: BTreeMap<String, BTreeSet<String>>,
}

impl Exposition {
    /// Adds what a process shows.
    fn add(&mut self, text: &str) {
        for line in text.lines() {
            if let Some(family) = line.strip_prefix("# TYPE ") {
                self.families.insert(family.split(' ').next().unwrap_or_default().to_owned());
            }
            if line.starts_with('#') {
                continue;
            }
            let (series, _) = line.rsplit_once(' ').unwrap_or((line, ""));
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            let known = self.series.entry(name.to_owned()).or_default();
            known.extend(
                labels
                    .trim_end_matches('}')
                    .split("\",")
                    .filter_map(|pair| pair.split_once('=').map(|(label, _)| label.trim().to_owned())),
            );
        }
    }

    /// Whether the family of a series is there, with or without series.
    fn has_family(&self, name: &str) -> bool {
        let suffixes = ["", "_total", "_bucket", "_count", "_sum"];
        suffixes.iter().filter_map(|suffix| name.strip_suffix(suffix)).any(|family| self.families.contains(family))
    }
}

/// Everything that people do, once.
async fn traffic(cluster: &Cluster) {
    let (ann, bob) = (cluster.register(0, "ann").await, cluster.register(0, "bob").await);
    let wrong = json!({"username": ann.name, "password": "not the password"});
    ann.post("/v1/auth/login", &wrong).await.expect(401);
    let room = ann.public_room("watched").await;
    bob.join(&room).await;
    let mut first = cluster.connect(0, &bob).await;
    first.subscribe(&room, None).await;
    let mut second = cluster.connect(0, &ann).await;
    second.subscribe(&room, Some(1)).await;
    let key = Uuid::now_v7();
    for _ in 0..2 {
        assert!(ann.post_message(&room, key, "said once").await.status < 300);
    }
    let _ = first.expect_that("the message", |frame| frame["body"] == "said once").await;
    second.send(&json!({"op": "typing", "room_id": room})).await;
    first.expect("typing").await;
    ann.put(&format!("/v1/rooms/{room}/blocks/{}", bob.name), &json!({"reason": "a test"})).await;
    let refused = bob.post_message(&room, Uuid::now_v7(), "too late").await;
    assert_eq!(refused.status, 403);
    version_0(cluster, &ann).await;
    drop(first);
}

/// A socket of the original's interface, beside those of version 1.
async fn version_0(cluster: &Cluster, ann: &User) {
    let login = json!({"username": ann.name, "password": chatapp_testkit::PASSWORD});
    let answer = ann.post("/login", &login).await;
    let Some(token) = answer.body["access_token"].as_str() else { return };
    let url = format!("{}/ws/watched?token={token}", cluster.url(0).replacen("http", "ws", 1));
    let _ = Socket::open(&url, None).await;
}

async fn scraped(cluster: &Cluster) -> Exposition {
    let mut shown = Exposition::default();
    for service in ["auth", "rooms", "messages", "gateway"] {
        let url = eventually(&format!("the operations port of {service}"), || {
            let address = operations_address(&cluster.output(service, 0));
            async move { address }
        })
        .await;
        let text = reqwest::get(format!("http://{url}/metrics")).await.unwrap().text().await.unwrap();
        shown.add(&text);
    }
    shown
}

fn operations_address(log: &str) -> Option<String> {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let opened = lines.filter(|line| line.to_string().contains("operations port is open")).last()?;
    let address = |value: &Value| value["listen.address"].as_str().map(str::to_owned);
    address(&opened).or_else(|| address(&opened["fields"]))
}

/// What NATS shows of itself, by the exporter's names.
async fn of_nats(port: u16) -> BTreeSet<String> {
    let shown: Value = reqwest::get(format!("http://127.0.0.1:{port}/varz")).await.unwrap().json().await.unwrap();
    shown.as_object().unwrap().iter().filter(|(_, value)| value.is_number()).map(|(key, _)| key.clone()).collect()
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

#[tokio::test]
async fn every_metric_and_label_of_a_query_is_one_that_running_programs_have() {
    let monitoring = free_port();
    let bus = format!("http: \"127.0.0.1:{monitoring}\"\n{}", authorization(Cluster::password));
    let cluster = ClusterSetup::new(1, &bus).start().await;
    traffic(&cluster).await;
    let (shown, nats) = (scraped(&cluster).await, of_nats(monitoring).await);
    let mut faults = vec![];
    for query in queries::all() {
        let asked = query.asked();
        for name in &asked.names {
            if let Some(field) = name.strip_prefix(OF_NATS) {
                if !nats.contains(field) {
                    faults.push(format!("{}: NATS has no {field}", query.place));
                }
            } else if !OF_PROMETHEUS.contains(&name.as_str()) && !shown.series.contains_key(name) {
                let (there, trouble) = (shown.has_family(name), OF_TROUBLE.contains(&name.as_str()));
                if !(there && trouble) {
                    faults.push(format!("{}: {name} is not there (its family is: {there})", query.place));
                }
            }
        }
        for (name, label) in &asked.labels {
            let known = shown.series.get(name).is_none_or(|labels| labels.contains(label));
            if !known && !OF_THE_TARGET.contains(&label.as_str()) {
                faults.push(format!("{}: {name} has no label {label}", query.place));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
