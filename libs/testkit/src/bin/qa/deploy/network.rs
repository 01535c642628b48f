//! Who may speak to whom: network policies, played out over the pods.

use serde_json::Value;

use super::object::{Object, Pod, list, text};
use super::wiring::{matches, pods, settings};

/// What the policies forbid that they should allow, or the other way round.
pub(crate) fn faults(objects: &[Object]) -> Vec<String> {
    let policies: Vec<&Object> = objects.iter().filter(|object| object.kind() == "NetworkPolicy").collect();
    let mut faults = vec![];
    if !policies.iter().any(|policy| denies_all(policy)) {
        faults.push("no NetworkPolicy denies everything that is not allowed".to_owned());
    }
    for policy in &policies {
        let chosen: Vec<_> =
            pods(objects).filter(|(_, pod)| matches(policy.at("/spec/podSelector"), pod.labels)).collect();
        if chosen.is_empty() {
            faults.push(format!("{}: it selects no pod", policy.title()));
        }
        for rule in list(policy.at("/spec"), "ingress") {
            let closed = ports(rule).filter(|port| !chosen.iter().any(|(_, pod)| pod.port(port).is_some()));
            faults.extend(closed.map(|port| format!("{}: nobody there has the port {port}", policy.title())));
        }
        faults.extend(one_sided(policy, &chosen, &policies, objects));
    }
    faults.extend(calls(&policies, objects));
    faults.extend(operations(&policies, objects));
    faults
}

fn denies_all(policy: &Object) -> bool {
    let spec = policy.at("/spec");
    let types: Vec<&Value> = list(spec, "policyTypes").collect();
    let none = |key| list(spec, key).next().is_none();
    spec["podSelector"] == serde_json::json!({}) && types.len() == 2 && none("ingress") && none("egress")
}

fn ports(rule: &Value) -> impl Iterator<Item = &Value> {
    list(rule, "ports").map(|port| &port["port"])
}

/// Ways out to pods that have no way in for it.
fn one_sided(policy: &Object, from: &[(&Object, Pod<'_>)], policies: &[&Object], objects: &[Object]) -> Vec<String> {
    let mut faults = vec![];
    for rule in list(policy.at("/spec"), "egress") {
        let inside = list(rule, "to").filter(|peer| peer.get("namespaceSelector").is_none());
        for peer in inside.filter_map(|peer| peer.get("podSelector")) {
            let to: Vec<_> = pods(objects).filter(|(_, pod)| matches(peer, pod.labels)).collect();
            if to.is_empty() {
                faults.push(format!("{}: {peer} selects no pod", policy.title()));
            }
            for (source, target) in from.iter().flat_map(|source| to.iter().map(move |target| (source, target))) {
                let shut = ports(rule).filter(|port| !lets_in(policies, source.1, target.1, port));
                let (source, target) = (source.0.title(), target.0.title());
                faults.extend(shut.map(|port| format!("{target} does not let {source} in on port {port}")));
            }
        }
    }
    faults
}

fn lets_in(policies: &[&Object], source: Pod<'_>, target: Pod<'_>, port: &Value) -> bool {
    allows(policies, "ingress", "from", target, source, port)
}

fn lets_out(policies: &[&Object], source: Pod<'_>, target: Pod<'_>, port: &Value) -> bool {
    allows(policies, "egress", "to", source, target, port)
}

/// Whether a policy of the one pod has a rule of that direction for the other pod and the port.
fn allows(policies: &[&Object], way: &str, peers: &str, own: Pod<'_>, other: Pod<'_>, port: &Value) -> bool {
    let own_policies = policies.iter().filter(|policy| matches(policy.at("/spec/podSelector"), own.labels));
    let mut rules = own_policies.flat_map(|policy| list(policy.at("/spec"), way));
    rules.any(|rule| {
        let anybody = list(rule, peers).next().is_none();
        let inside = |peer: &Value| {
            peer.get("namespaceSelector").is_none()
                && peer.get("podSelector").is_some_and(|selector| matches(selector, other.labels))
        };
        (anybody || list(rule, peers).any(inside)) && ports(rule).any(|one| one == port)
    })
}

/// Services that a pod's settings name by a URL, and that it cannot reach.
fn calls(policies: &[&Object], objects: &[Object]) -> Vec<String> {
    let mut faults = vec![];
    for (source, pod) in pods(objects).filter(|(_, pod)| pod.labels["chatapp.example/serves"] == "requests") {
        let needed = settings(pod, objects).into_iter().filter(|(name, _)| needs(source.name(), name));
        for (name, url) in needed {
            let Some((host, port)) = host_and_port(&url) else { continue };
            // What has a domain is elsewhere.
            if host.contains('.') {
                continue;
            }
            let service = objects.iter().find(|object| object.kind() == "Service" && object.name() == host);
            let offered = service.and_then(|service| {
                let mut offered = list(service.at("/spec"), "ports");
                offered.find(|one| one["port"] == port).map(|one| (service.at("/spec/selector"), &one["targetPort"]))
            });
            let Some((selector, target)) = offered else {
                faults.push(format!("{}: {name} is {url}, and no Service is there", source.title()));
                continue;
            };
            for (_, other) in pods(objects).filter(|(_, pod)| matches(selector, pod.labels)) {
                let number = other.port(target).map_or(Value::Null, Value::from);
                if !lets_out(policies, pod, other, &number) || !lets_in(policies, pod, other, &number) {
                    faults.push(format!("{}: the network policies do not let it reach {url}", source.title()));
                }
            }
        }
    }
    faults
}

/// Whether a service speaks to what a setting names. All are told where the others are; few need to know.
fn needs(service: &str, setting: &str) -> bool {
    match setting {
        "CHATAPP_AUTH_URL" => service != "auth",
        "CHATAPP_ROOMS_URL" | "CHATAPP_MESSAGES_URL" => service == "gateway",
        "CHATAPP_BUS_URL" => true,
        _ => false,
    }
}

fn host_and_port(url: &str) -> Option<(&str, u64)> {
    let (_, rest) = url.split_once("://")?;
    let (host, port) = rest.trim_end_matches('/').rsplit_once(':')?;
    Some((host, port.parse().ok()?))
}

/// The operations ports are for the namespace of monitoring alone.
fn operations(policies: &[&Object], objects: &[Object]) -> Vec<String> {
    let mut faults = vec![];
    for (object, pod) in pods(objects) {
        let Some(port) = pod.port(&Value::from("operations")).map(Value::from) else { continue };
        let own = policies.iter().filter(|policy| matches(policy.at("/spec/podSelector"), pod.labels));
        let rules = own.flat_map(|policy| list(policy.at("/spec"), "ingress"));
        let opened: Vec<&Value> = rules.filter(|rule| ports(rule).any(|one| *one == port)).collect();
        let of_monitoring =
            |peer: &Value| text(peer, "/namespaceSelector/matchLabels/kubernetes.io~1metadata.name") == "monitoring";
        let only =
            opened.iter().all(|rule| list(rule, "from").next().is_some() && list(rule, "from").all(of_monitoring));
        if opened.is_empty() || !only {
            faults.push(format!("{}: its operations port is not for `monitoring` alone", object.title()));
        }
    }
    faults
}
