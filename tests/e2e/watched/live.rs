//! Dashboards and alerts against what running programs count.

use std::collections::{BTreeMap, BTreeSet};

use chatapp_bus::permissions::authorization;
use chatapp_testkit::{Cluster, ClusterSetup, Metrics, PASSWORD, Socket, User};
use serde_json::{Value, json};
use uuid::Uuid;

use super::queries::{self, Asked, Query};

/// What Prometheus itself puts on every series.
const OF_THE_TARGET: [&str; 2] = ["job", "instance"];
/// What Prometheus makes of every target.
const OF_PROMETHEUS: &str = "up";
/// What the exporter beside NATS puts before the fields that NATS shows at `/varz`.
const OF_NATS: &str = "gnatsd_varz_";
/// What has no series before somebody is refused by a limit, which are off here.
const OF_LIMITS: &str = "chatapp_throttled_total";

/// What there is to ask for.
struct Shown {
    /// The labels of each series.
    series: BTreeMap<String, BTreeSet<String>>,
    /// What is declared, with or without series.
    families: BTreeSet<String>,
    /// The fields of NATS that are numbers.
    nats: BTreeSet<String>,
}

impl Shown {
    async fn by(cluster: &Cluster, monitoring: u16) -> Self {
        let mut this = Self { series: BTreeMap::new(), families: BTreeSet::new(), nats: of_nats(monitoring).await };
        for service in ["auth", "rooms", "messages", "gateway"] {
            let Metrics { families, samples } = cluster.metrics(service, 0).await;
            this.families.extend(families.into_keys());
            for sample in samples {
                this.series.entry(sample.name).or_default().extend(sample.labels.into_keys());
            }
        }
        this
    }

    /// What a query asks for that is not there.
    fn lacks(&self, query: &Query) -> Vec<String> {
        let Asked { names, labels } = query.asked();
        let names =
            names.iter().filter(|name| !self.has(name)).map(|name| format!("{}: there is no {name}", query.place));
        let unknown = |(name, label): &&(String, String)| {
            !OF_THE_TARGET.contains(&label.as_str())
                && self.series.get(name).is_some_and(|known| !known.contains(label))
        };
        let labels = labels.iter().filter(unknown);
        names.chain(labels.map(|(name, label)| format!("{}: {name} has no {label}", query.place))).collect()
    }

    fn has(&self, name: &str) -> bool {
        match name.strip_prefix(OF_NATS) {
            Some(field) => self.nats.contains(field),
            None if name == OF_LIMITS => self.families.contains(name),
            None => name == OF_PROMETHEUS || self.series.contains_key(name),
        }
    }
}

/// What NATS shows of itself.
async fn of_nats(port: u16) -> BTreeSet<String> {
    let shown: Value = reqwest::get(format!("http://127.0.0.1:{port}/varz")).await.unwrap().json().await.unwrap();
    shown.as_object().unwrap().iter().filter(|(_, value)| value.is_number()).map(|(key, _)| key.clone()).collect()
}

/// Everything that people do, once.
async fn traffic(cluster: &Cluster) {
    let (ann, bob) = (cluster.register(0, "ann").await, cluster.register(0, "bob").await);
    let wrong = json!({"username": ann.name, "password": "not the password"});
    ann.post("/v1/auth/login", &wrong).await.expect(401);
    let room = ann.public_room("watched").await;
    bob.join(&room).await;
    let mut listener = cluster.connect(0, &bob).await;
    listener.subscribe(&room, Some(1)).await;
    let mut writer = cluster.connect(0, &ann).await;
    writer.subscribe(&room, None).await;
    let key = Uuid::now_v7();
    for _ in 0..2 {
        assert!(ann.post_message(&room, key, "said once").await.status.is_success());
    }
    listener.expect_that("the message", |frame| frame["body"] == "said once").await;
    writer.send(&json!({"op": "typing", "room_id": room})).await;
    listener.expect("typing").await;
    let blocked = ann.put(&format!("/v1/rooms/{room}/blocks/{}", bob.name), &json!({"reason": "a test"})).await;
    assert!(blocked.status.is_success(), "{blocked:?}");
    bob.post_message(&room, Uuid::now_v7(), "too late").await.expect(403);
    of_version_0(cluster, &ann).await;
}

/// A socket that closes at once, since nobody may open it.
async fn of_version_0(cluster: &Cluster, ann: &User) {
    let answer = ann.post("/login", &json!({"username": ann.name, "password": PASSWORD})).await;
    let token = answer.json["access_token"].as_str().unwrap_or("none");
    let url = format!("{}/ws/nowhere?token={token}", cluster.url(0).replacen("http", "ws", 1));
    if let Ok(mut socket) = Socket::open(&url, None).await {
        socket.closed().await;
    }
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
    let shown = Shown::by(&cluster, monitoring).await;
    let lacking: Vec<String> = queries::all().iter().flat_map(|query| shown.lacks(query)).collect();
    assert!(lacking.is_empty(), "{}", lacking.join("\n"));
}

#[test]
fn a_query_for_what_nobody_counts_is_found() {
    let series = BTreeMap::from([("a_total".to_owned(), BTreeSet::from(["service".to_owned()]))]);
    let shown = Shown { series, families: BTreeSet::new(), nats: BTreeSet::from(["mem".to_owned()]) };
    let lacks = |text: &str| shown.lacks(&Query { place: "it".to_owned(), text: text.to_owned() });
    assert_eq!(
        lacks("sum by (service, instance) (rate(a_total{job=\"x\"}[1m])) + gnatsd_varz_mem + up"),
        Vec::<String>::new()
    );
    assert_eq!(lacks("b_total"), ["it: there is no b_total"]);
    assert_eq!(lacks("a_total{kind=\"x\"}"), ["it: a_total has no kind"]);
    assert_eq!(lacks("gnatsd_varz_men"), ["it: there is no gnatsd_varz_men"]);
}
