//! Objects of kinds that a cluster learns from others (the Gateway API, the Prometheus operator). Their schemas are not in
//! Kubernetes' own; what matters in them is checked here.

use anyhow::{Context, Result};
use serde_json::Value;

use super::object::{Object, list, text};
use super::wiring::matches;

/// Their API groups.
pub(crate) const GROUPS: [&str; 2] = ["gateway.networking.k8s.io", "monitoring.coreos.com"];
/// The alert rules as Prometheus reads them.
const RULES: &str = "deploy/observability/prometheus/rules.yml";

/// What is wrong with them.
pub(crate) fn faults(objects: &[Object]) -> Result<Vec<String>> {
    let original = std::fs::read_to_string(RULES).with_context(|| format!("reading {RULES}"))?;
    let original: Value = serde_yaml_ng::from_str(&original).with_context(|| format!("{RULES} is no YAML"))?;
    Ok(of(objects, &original["groups"]))
}

/// What is wrong with them, when these are the groups of alert rules.
pub(crate) fn of(objects: &[Object], groups: &Value) -> Vec<String> {
    let mut faults = vec![];
    for object in objects.iter().filter(|object| GROUPS.contains(&object.group())) {
        let found = match object.kind() {
            "Gateway" => gateway(object),
            "HTTPRoute" => route(object, objects),
            "ServiceMonitor" => monitor(object, objects),
            "PrometheusRule" if object.at("/spec/groups") == groups && !groups.is_null() => vec![],
            "PrometheusRule" => vec![format!("its groups are not those of {RULES}: copy them")],
            _ => vec!["nothing here knows this kind".to_owned()],
        };
        faults.extend(found.into_iter().map(|fault| format!("{}: {fault}", object.title())));
    }
    faults
}

fn gateway(gateway: &Object) -> Vec<String> {
    let mut faults = vec![];
    if text(&gateway.0, "/spec/gatewayClassName").is_empty() {
        faults.push("it is of no class".to_owned());
    }
    for listener in list(gateway.at("/spec"), "listeners") {
        let name = text(listener, "/name");
        let secure = text(listener, "/protocol") == "HTTPS";
        if secure && list(&listener["tls"], "certificateRefs").next().is_none() {
            faults.push(format!("listener {name} has no certificate"));
        }
        if listener["port"].as_u64().is_none() || name.is_empty() {
            faults.push(format!("listener {name} has no name or no port"));
        }
    }
    faults
}

fn route(route: &Object, objects: &[Object]) -> Vec<String> {
    let mut faults = vec![];
    for parent in list(route.at("/spec"), "parentRefs") {
        let (name, section) = (text(parent, "/name"), &parent["sectionName"]);
        let found = objects.iter().find(|object| object.kind() == "Gateway" && object.name() == name);
        let listener = |gateway: &Object| list(gateway.at("/spec"), "listeners").any(|one| one["name"] == *section);
        if !found.is_some_and(|gateway| section.is_null() || listener(gateway)) {
            faults.push(format!("there is no Gateway {name} with a listener {section}"));
        }
    }
    let sockets =
        list(route.at("/spec"), "rules").filter(|rule| list(rule, "backendRefs").next().is_some()).any(|rule| {
            let paths = list(rule, "matches").any(|one| text(one, "/path/value") == "/v1/ws");
            paths && rule["timeouts"]["request"] == "0s" && rule["timeouts"]["backendRequest"] == "0s"
        });
    let backends: Vec<&Value> = list(route.at("/spec"), "rules").flat_map(|rule| list(rule, "backendRefs")).collect();
    if !backends.is_empty() && !sockets {
        faults.push("it ends sockets that live long: /v1/ws needs time-outs of 0s".to_owned());
    }
    for backend in backends {
        let service = objects.iter().find(|one| one.kind() == "Service" && backend["name"] == one.name());
        if !service.is_some_and(|one| list(one.at("/spec"), "ports").any(|port| port["port"] == backend["port"])) {
            faults.push(format!("there is no Service {} with the port {}", backend["name"], backend["port"]));
        }
    }
    faults
}

/// Whether every service that has an operations port is scraped.
fn monitor(monitor: &Object, objects: &[Object]) -> Vec<String> {
    let labels = |service: &Object| service.at("/metadata/labels").clone();
    let chosen = objects.iter().filter(|one| one.kind() == "Service");
    let chosen: Vec<&Object> = chosen.filter(|one| matches(monitor.at("/spec/selector"), &labels(one))).collect();
    let mut faults = vec![];
    for endpoint in list(monitor.at("/spec"), "endpoints") {
        let has = |one: &&&Object| list(one.at("/spec"), "ports").any(|port| port["name"] == endpoint["port"]);
        faults.extend(chosen.iter().filter(|one| !has(one)).map(|one| format!("{} has no such port", one.title())));
        // The operator sets the label `service` to the Service's name, before our relabelings; ours is the metrics' own.
        let drops = |rule: &Value| rule["action"] == "labeldrop" && rule["regex"] == "service";
        if endpoint["honorLabels"] != true && !list(endpoint, "relabelings").any(drops) {
            faults.push(format!("{} lets the operator's label `service` take the place of ours", monitor.title()));
        }
    }
    for deployment in objects.iter().filter(|one| one.kind() == "Deployment") {
        let Some(pod) = deployment.pod() else { continue };
        if !chosen.iter().any(|service| matches(service.at("/spec/selector"), pod.labels)) {
            faults.push(format!("{} is not scraped", deployment.title()));
        }
    }
    faults
}
