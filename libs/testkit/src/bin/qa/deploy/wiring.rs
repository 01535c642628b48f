//! Whether objects that name one another mean something that is there: selectors, ports, settings, secrets.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::object::{Object, Pod, list, text};

/// Seconds that what runs in the background may take to end, and a little for the rest.
const END_OF_BACKGROUND: u64 = 12;

/// Keys of Secrets that are used, by the Secret's name.
pub(crate) type SecretKeys = BTreeMap<String, BTreeSet<String>>;

/// What does not fit together.
pub(crate) fn faults(objects: &[Object]) -> Vec<String> {
    let mut faults = vec![];
    for object in objects {
        let found = match object.kind() {
            "Service" => service(object, objects),
            "HorizontalPodAutoscaler" => target(object, objects),
            "PodDisruptionBudget" => selects(object, "/spec/selector", objects),
            "Deployment" => replacement(object, objects),
            _ => vec![],
        };
        let pod =
            object.pod().into_iter().flat_map(|pod| [references(pod, objects), mounts(pod), probes(pod)].concat());
        faults.extend(found.into_iter().chain(pod).map(|fault| format!("{}: {fault}", object.title())));
    }
    faults
}

/// Whether a selector (`matchLabels` and `matchExpressions`, or a plain map) takes these labels.
pub(crate) fn matches(selector: &Value, labels: &Value) -> bool {
    let plain = selector.get("matchLabels").is_none() && selector.get("matchExpressions").is_none();
    let wanted = if plain { selector } else { &selector["matchLabels"] };
    wanted.as_object().into_iter().flatten().all(|(key, value)| labels[key] == *value)
        && list(selector, "matchExpressions").all(|one| {
            let label = &labels[text(one, "/key")];
            let listed = list(one, "values").any(|value| value == label);
            match text(one, "/operator") {
                "In" => listed,
                "NotIn" => !listed,
                "Exists" => !label.is_null(),
                _ => label.is_null(),
            }
        })
}

/// The pods of all objects that make some.
pub(crate) fn pods(objects: &[Object]) -> impl Iterator<Item = (&Object, Pod<'_>)> {
    objects.iter().filter_map(|object| Some((object, object.pod()?)))
}

fn service(service: &Object, objects: &[Object]) -> Vec<String> {
    let mut faults = selects(service, "/spec/selector", objects);
    let selector = service.at("/spec/selector");
    for port in list(service.at("/spec"), "ports") {
        let target = if port["targetPort"].is_null() { &port["port"] } else { &port["targetPort"] };
        let mut chosen = pods(objects).filter(|(_, pod)| matches(selector, pod.labels));
        if let Some((other, _)) = chosen.find(|(_, pod)| pod.port(target).is_none()) {
            faults.push(format!("{} has no port {target}", other.title()));
        }
    }
    faults
}

fn selects(object: &Object, pointer: &str, objects: &[Object]) -> Vec<String> {
    let selector = object.at(pointer);
    let found = pods(objects).any(|(_, pod)| matches(selector, pod.labels));
    if found { vec![] } else { vec![format!("{selector} selects no pod")] }
}

fn target(scaler: &Object, objects: &[Object]) -> Vec<String> {
    let (kind, name) = (text(&scaler.0, "/spec/scaleTargetRef/kind"), text(&scaler.0, "/spec/scaleTargetRef/name"));
    let found = objects.iter().any(|object| object.kind() == kind && object.name() == name);
    if found { vec![] } else { vec![format!("there is no {kind} {name}")] }
}

/// Whether it is replaced without a moment in which nobody answers, and each replica has the time to finish.
fn replacement(deployment: &Object, objects: &[Object]) -> Vec<String> {
    let mut faults = vec![];
    let Some(pod) = deployment.pod() else { return faults };
    if deployment.at("/spec/strategy/rollingUpdate/maxUnavailable") != 0 {
        faults.push("an update takes a replica away before another is there (maxUnavailable)".to_owned());
    }
    if !matches(deployment.at("/spec/selector"), pod.labels) {
        faults.push("it does not select its own pods".to_owned());
    }
    let settings = settings(pod, objects);
    let seconds = |name: &str| settings.get(name).and_then(|value| value.parse::<u64>().ok()).unwrap_or(0);
    let needed = seconds("CHATAPP_DRAIN_DELAY") + seconds("CHATAPP_DRAIN") + END_OF_BACKGROUND;
    let given = pod.spec["terminationGracePeriodSeconds"].as_u64().unwrap_or(30);
    if seconds("CHATAPP_DRAIN_DELAY") == 0 {
        faults.push("it stops to answer before it is known to (CHATAPP_DRAIN_DELAY)".to_owned());
    }
    if given < needed {
        faults
            .push(format!("it is killed after {given} s and needs {needed} s to end (terminationGracePeriodSeconds)"));
    }
    for kind in ["HorizontalPodAutoscaler", "PodDisruptionBudget"] {
        if !objects.iter().any(|object| object.kind() == kind && object.name() == deployment.name()) {
            faults.push(format!("it has no {kind}"));
        }
    }
    faults
}

/// The environment of a pod's first container, as far as it is written down.
pub(crate) fn settings(pod: Pod<'_>, objects: &[Object]) -> BTreeMap<String, String> {
    let mut settings = BTreeMap::new();
    let Some(container) = pod.containers().last() else { return settings };
    for source in list(container, "envFrom") {
        let data = find(objects, "ConfigMap", text(source, "/configMapRef/name")).map(|map| map.at("/data"));
        let data = data.and_then(Value::as_object).into_iter().flatten();
        settings.extend(data.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned())));
    }
    let own = list(container, "env").map(|env| (text(env, "/name").to_owned(), text(env, "/value").to_owned()));
    settings.extend(own);
    settings
}

fn find<'a>(objects: &'a [Object], kind: &str, name: &str) -> Option<&'a Object> {
    objects.iter().find(|object| object.kind() == kind && object.name() == name)
}

/// What a pod takes from elsewhere: settings and its account must be there, and have what is taken.
fn references(pod: Pod<'_>, objects: &[Object]) -> Vec<String> {
    let mut faults = vec![];
    let mut need = |kind: &str, name: &str, key: Option<&str>| match (find(objects, kind, name), key) {
        (None, _) => faults.push(format!("there is no {kind} {name}")),
        (Some(found), Some(key)) if found.at("/data").get(key).is_none() => {
            faults.push(format!("{kind} {name} has no {key}"));
        }
        _ => {}
    };
    let account = text(pod.spec, "/serviceAccountName");
    if !account.is_empty() {
        need("ServiceAccount", account, None);
    }
    for container in pod.containers() {
        for source in list(container, "envFrom") {
            need("ConfigMap", text(source, "/configMapRef/name"), None);
        }
        for from in list(container, "env").filter_map(|env| env.pointer("/valueFrom/configMapKeyRef")) {
            need("ConfigMap", text(from, "/name"), Some(text(from, "/key")));
        }
    }
    for map in list(pod.spec, "volumes").filter_map(|volume| volume.get("configMap")) {
        need("ConfigMap", text(map, "/name"), None);
    }
    faults
}

/// The keys of Secrets that pods take. Of a Secret mounted whole, those of the files that settings name.
pub(crate) fn secret_keys(objects: &[Object]) -> SecretKeys {
    let mut keys = SecretKeys::new();
    let mut take = |name: &str, key: &str| {
        keys.entry(name.to_owned()).or_default().insert(key.to_owned());
    };
    for (_, pod) in pods(objects) {
        let environment = pod.containers().flat_map(|container| list(container, "env"));
        for from in environment.filter_map(|env| env.pointer("/valueFrom/secretKeyRef")) {
            take(text(from, "/name"), text(from, "/key"));
        }
        for volume in list(pod.spec, "volumes") {
            for source in volume.get("projected").into_iter().flat_map(|volume| list(volume, "sources")) {
                for item in list(&source["secret"], "items") {
                    take(text(source, "/secret/name"), text(item, "/key"));
                }
            }
            let Some(name) = volume.pointer("/secret/secretName").and_then(Value::as_str) else { continue };
            let mounts = pod.containers().flat_map(|container| list(container, "volumeMounts"));
            for mount in mounts.filter(|mount| mount["name"] == volume["name"]) {
                let folder = format!("{}/", text(mount, "/mountPath"));
                for key in settings(pod, objects).values().filter_map(|value| value.strip_prefix(&folder)) {
                    take(name, key);
                }
            }
        }
    }
    keys
}

/// Keys that are taken from a Secret that is among the objects and has them not.
pub(crate) fn missing_keys(objects: &[Object]) -> Vec<String> {
    let taken = secret_keys(objects);
    let of = |name: &str| find(objects, "Secret", name);
    let lack = |name: &str, key: &String| of(name).is_some_and(|secret| secret.at("/data").get(key).is_none());
    let missing = taken.iter().flat_map(|(name, keys)| keys.iter().map(move |key| (name, key)));
    missing.filter(|(name, key)| lack(name, key)).map(|(name, key)| format!("Secret {name} has no {key}")).collect()
}

fn mounts(pod: Pod<'_>) -> Vec<String> {
    let named = |list: Vec<&Value>| list.iter().map(|one| text(one, "/name").to_owned()).collect::<BTreeSet<_>>();
    let volumes = named(list(pod.spec, "volumes").collect());
    let mounted = named(pod.containers().flat_map(|container| list(container, "volumeMounts")).collect());
    let unmounted = volumes.difference(&mounted).map(|name| format!("volume {name} is mounted nowhere"));
    // A StatefulSet's claims are volumes too, and stand elsewhere.
    unmounted.collect()
}

fn probes(pod: Pod<'_>) -> Vec<String> {
    let mut faults = vec![];
    for container in pod.containers() {
        for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
            let port = container[probe].pointer("/httpGet/port").or(container[probe].pointer("/tcpSocket/port"));
            if let Some(port) = port.filter(|port| pod.port(port).is_none()) {
                faults.push(format!("{probe} asks the port {port}, which is not there"));
            }
        }
        let serves = pod.labels["chatapp.example/serves"] == "requests";
        for (probe, path) in [("startupProbe", "/livez"), ("livenessProbe", "/livez"), ("readinessProbe", "/readyz")] {
            let asked = text(&container[probe], "/httpGet/path");
            if serves && (asked != path || container[probe]["httpGet"]["port"] != "operations") {
                faults.push(format!("{probe} does not ask {path} of the operations port"));
            }
        }
    }
    faults
}
