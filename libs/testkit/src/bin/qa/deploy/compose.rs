//! The compose files: what watches the platform is left out unless asked for, and open to its machine alone.

use anyhow::{Context, Result};
use serde_json::Value;

use super::object::{list, text};

/// The files.
pub(crate) const FILES: [&str; 2] = ["docker-compose.yml", "docker-compose.lite.yml"];
/// What both of them take over services from.
pub(crate) const OBSERVABILITY: &str = "deploy/observability/compose.yml";
/// What Prometheus reads.
const SCRAPING: &str = "deploy/observability/prometheus/prometheus.yml";
/// The name that asks for it.
const PROFILE: &str = "observability";

/// A compose file, its merge keys resolved.
pub(crate) fn read(file: &str) -> Result<Value> {
    let text = std::fs::read_to_string(file).with_context(|| format!("reading {file}"))?;
    let mut value: serde_yaml_ng::Value =
        serde_yaml_ng::from_str(&text).with_context(|| format!("{file} is no YAML"))?;
    value.apply_merge().with_context(|| format!("{file}: a merge of what is no map"))?;
    serde_json::to_value(value).with_context(|| format!("{file}: keys that are no text"))
}

/// What is wrong with them.
pub(crate) fn faults() -> Result<Vec<String>> {
    let watching = read(OBSERVABILITY)?;
    let scraping = read(SCRAPING)?;
    let mut faults = of_watching(&watching);
    for file in FILES {
        let compose = read(file)?;
        let found = of_file(&compose, &watching).into_iter().chain(of_scraping(&scraping, &compose));
        faults.extend(found.map(|fault| format!("{file}: {fault}")));
    }
    Ok(faults)
}

fn services(compose: &Value) -> impl Iterator<Item = (&String, &Value)> {
    compose["services"].as_object().into_iter().flatten()
}

fn of_file(compose: &Value, watching: &Value) -> Vec<String> {
    let mut faults = vec![];
    for (name, _) in services(watching) {
        let service = &compose["services"][name];
        if text(service, "/extends/service") != name {
            faults.push(format!("{name} of {OBSERVABILITY} is not taken over"));
        }
        if !list(service, "profiles").any(|profile| profile == PROFILE) {
            faults.push(format!("{name} runs without being asked for"));
        }
    }
    let published = services(compose).filter(|(_, service)| list(service, "ports").next().is_some());
    let published: Vec<&String> = published.map(|(name, _)| name).collect();
    if published != ["server"] {
        faults.push(format!("ports are published by {published:?}, and by the gateway alone they should be"));
    }
    faults
}

/// Services that Prometheus looks for and that are not there, or have their operations port elsewhere.
fn of_scraping(scraping: &Value, compose: &Value) -> Vec<String> {
    let mut faults = vec![];
    for found in list(scraping, "scrape_configs").flat_map(|job| list(job, "dns_sd_configs")) {
        for name in list(found, "names").filter_map(Value::as_str) {
            let service = &compose["services"][name];
            let port = text(service, "/environment/CHATAPP_OPS_LISTEN").rsplit_once(':').map(|(_, port)| port);
            if service.is_null() {
                faults.push(format!("Prometheus looks for {name}, which is no service"));
            } else if port.is_some_and(|port| found["port"] != port.parse::<u64>().unwrap_or_default()) {
                faults.push(format!("Prometheus looks for {name} at port {}", found["port"]));
            }
        }
    }
    faults
}

fn of_watching(watching: &Value) -> Vec<String> {
    let mut faults = vec![];
    for (name, service) in services(watching) {
        let tag = text(service, "/image").rsplit_once(':').map_or("", |(_, tag)| tag);
        let local = list(service, "ports").all(|port| port.as_str().is_some_and(|port| port.starts_with("127.0.0.1:")));
        let rules = [
            (tag.chars().filter(char::is_ascii_digit).count() >= 3, "its image is of no exact version"),
            (local, "it can be reached from elsewhere"),
            (service["read_only"] == true, "its file system can be written"),
            (list(service, "cap_drop").any(|one| one == "ALL"), "it keeps capabilities"),
            (!service["mem_limit"].is_null(), "its memory has no limit"),
            (!service["user"].is_null(), "it runs as whoever its image says"),
            // The collector's image has nothing that could ask.
            (name == "collector" || !service["healthcheck"].is_null(), "nobody asks whether it is well"),
        ];
        faults.extend(
            rules.iter().filter(|(holds, _)| !holds).map(|(_, fault)| format!("{OBSERVABILITY}: {name}: {fault}")),
        );
    }
    faults
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_watches_is_pinned_confined_and_local() {
        let sound = json!({
            "image": "prom/prometheus:v3.5.0", "read_only": true, "cap_drop": ["ALL"], "mem_limit": "1g", "user": "1:1",
            "healthcheck": {}, "ports": ["127.0.0.1:${PORT:-9090}:9090"],
        });
        let found = |key: &str, value: Value| {
            let mut service = sound.clone();
            service[key] = value;
            of_watching(&json!({"services": {"it": service}}))
        };
        assert_eq!(found("labels", json!({})), Vec::<String>::new());
        for (key, value) in [
            ("image", json!("prom/prometheus:latest")),
            ("ports", json!(["9090:9090"])),
            ("read_only", Value::Null),
            ("mem_limit", Value::Null),
            ("healthcheck", Value::Null),
        ] {
            assert_eq!(found(key, value).len(), 1, "{key}");
        }
    }

    #[test]
    fn what_is_scraped_is_there() {
        let compose =
            json!({"services": {"auth": {"environment": {"CHATAPP_OPS_LISTEN": "0.0.0.0:9000"}}, "nats": {}}});
        let found = |name: &str, port: u16| {
            let scraping = json!({"scrape_configs": [{"dns_sd_configs": [{"names": [name], "port": port}]}]});
            of_scraping(&scraping, &compose).len()
        };
        assert_eq!((found("auth", 9000), found("nats", 7777)), (0, 0));
        assert_eq!((found("auth", 9001), found("oauth", 9000)), (1, 1));
    }

    #[test]
    fn what_watches_must_be_asked_for() {
        let watching = json!({"services": {"jaeger": {}}});
        let compose = |profiles: Value| {
            json!({"services": {
                "server": {"ports": ["8000:8000"]},
                "jaeger": {"extends": {"service": "jaeger"}, "profiles": profiles},
            }})
        };
        assert_eq!(of_file(&compose(json!(["observability"])), &watching), Vec::<String>::new());
        assert_eq!(of_file(&compose(Value::Null), &watching), ["jaeger runs without being asked for"]);
    }
}
