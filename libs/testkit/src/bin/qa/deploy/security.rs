//! The *restricted* Pod Security standard, rule by rule, and what this project asks for beyond it.
//!
//! A cluster enforces the standard when a pod is made; a mistake is found here before.

use serde_json::Value;

use super::object::{Object, Pod, list, text};

/// Volumes that a restricted pod may have.
const VOLUMES: [&str; 8] =
    ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"];
/// What may be added after all capabilities were dropped.
const CAPABILITY: &str = "NET_BIND_SERVICE";
/// Images whose program writes beside its data.
const WRITES_EVERYWHERE: &str = "mcr.microsoft.com/mssql/server";

/// What an object's pods do that they may not; empty for an object without pods.
pub(crate) fn faults(object: &Object) -> Vec<String> {
    let Some(pod) = object.pod() else { return vec![] };
    let mut faults = pod_faults(pod);
    for container in pod.containers() {
        let name = text(container, "/name");
        faults.extend(container_faults(pod, container).into_iter().map(|fault| format!("container {name}: {fault}")));
    }
    faults.into_iter().map(|fault| format!("{}: {fault}", object.title())).collect()
}

fn pod_faults(pod: Pod<'_>) -> Vec<String> {
    let mut faults = vec![];
    for key in ["hostNetwork", "hostPID", "hostIPC"] {
        if pod.spec[key] == true {
            faults.push(format!("{key} is not for a restricted pod"));
        }
    }
    for volume in list(pod.spec, "volumes") {
        let kinds = volume.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).filter(|key| *key != "name");
        for kind in kinds.filter(|kind| !VOLUMES.contains(kind)) {
            faults.push(format!("volume {} is a {kind}", text(volume, "/name")));
        }
    }
    if list(&pod.spec["securityContext"], "sysctls").next().is_some() {
        faults.push("it sets sysctls".to_owned());
    }
    if pod.spec["automountServiceAccountToken"] != false {
        faults.push("it has a token for the cluster (automountServiceAccountToken)".to_owned());
    }
    faults
}

fn container_faults(pod: Pod<'_>, container: &Value) -> Vec<String> {
    let own = &container["securityContext"];
    let of_pod = &pod.spec["securityContext"];
    // What a container says counts before what its pod says.
    let said = |key: &str| if own[key].is_null() { &of_pod[key] } else { &own[key] };
    let profile = text(said("seccompProfile"), "/type");
    let added: Vec<&Value> = list(&own["capabilities"], "add").collect();
    let may_write = text(container, "/image").starts_with(WRITES_EVERYWHERE);
    let rules = [
        (own["privileged"] != true, "it is privileged"),
        (own["allowPrivilegeEscalation"] == false, "it may gain privileges (allowPrivilegeEscalation)"),
        (*said("runAsNonRoot") == true, "it may run as root (runAsNonRoot)"),
        (*said("runAsUser") != 0, "it runs as root (runAsUser)"),
        (matches!(profile, "RuntimeDefault" | "Localhost"), "it may make any system call (seccompProfile)"),
        (list(&own["capabilities"], "drop").any(|one| one == "ALL"), "it keeps capabilities (drop: [ALL])"),
        (added.iter().all(|one| **one == CAPABILITY), "it adds capabilities"),
        (matches!(text(own, "/procMount"), "" | "Default"), "it sees all of /proc (procMount)"),
        (list(container, "ports").all(|port| port["hostPort"].is_null()), "it takes a port of its node (hostPort)"),
        (may_write || own["readOnlyRootFilesystem"] == true, "it may write its image (readOnlyRootFilesystem)"),
        (!container["resources"]["requests"]["cpu"].is_null(), "it asks for no processor (resources.requests.cpu)"),
        (!container["resources"]["requests"]["memory"].is_null(), "it asks for no memory (resources.requests.memory)"),
        (!container["resources"]["limits"]["memory"].is_null(), "its memory has no limit (resources.limits.memory)"),
        (is_pinned(text(container, "/image")), "its image is of no version"),
    ];
    rules.into_iter().filter(|(holds, _)| !holds).map(|(_, fault)| fault.to_owned()).collect()
}

/// Whether the image's name says which one it is.
fn is_pinned(image: &str) -> bool {
    let name = image.rsplit('/').next().unwrap_or_default();
    let tag = name.rsplit_once([':', '@']).map_or("", |(_, tag)| tag);
    !matches!(tag, "" | "latest")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sound() -> Value {
        json!({
            "kind": "Deployment", "metadata": {"name": "it"},
            "spec": {"template": {"spec": {
                "automountServiceAccountToken": false,
                "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
                "containers": [{
                    "name": "one", "image": "registry.example.com:5000/it:1.0",
                    "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}},
                    "securityContext": {
                        "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
                        "capabilities": {"drop": ["ALL"]}
                    }
                }],
                "volumes": [{"name": "tmp", "emptyDir": {}}]
            }}}
        })
    }

    /// What is objected to when `value` stands at `pointer` below the pod's spec.
    fn objections(pointer: &str, value: Value) -> Vec<String> {
        let mut object = sound();
        let spec = object.pointer_mut("/spec/template/spec").unwrap();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        spec.pointer_mut(parent).unwrap()[key] = value;
        faults(&Object(object))
    }

    #[test]
    fn a_sound_pod_is_let_through() {
        assert_eq!(faults(&Object(sound())), Vec::<String>::new());
        assert_eq!(faults(&Object(json!({"kind": "Service"}))), Vec::<String>::new());
    }

    #[test]
    fn each_violation_of_a_pod_is_objected_to() {
        for (pointer, value, word) in [
            ("/hostNetwork", json!(true), "hostNetwork"),
            ("/hostPID", json!(true), "hostPID"),
            ("/hostIPC", json!(true), "hostIPC"),
            ("/volumes", json!([{"name": "root", "hostPath": {"path": "/"}}]), "hostPath"),
            ("/securityContext/sysctls", json!([{"name": "net.core.somaxconn"}]), "sysctls"),
            ("/securityContext/runAsNonRoot", json!(false), "runAsNonRoot"),
            ("/securityContext/runAsUser", json!(0), "runAsUser"),
            ("/securityContext/seccompProfile", json!({"type": "Unconfined"}), "seccompProfile"),
            ("/securityContext/seccompProfile", Value::Null, "seccompProfile"),
            ("/automountServiceAccountToken", Value::Null, "token"),
        ] {
            let found = objections(pointer, value);
            assert!(found.len() == 1 && found[0].contains(word), "{pointer}: {found:?}");
        }
    }

    #[test]
    fn each_violation_of_a_container_is_objected_to() {
        for (key, value, word) in [
            ("securityContext/privileged", json!(true), "privileged"),
            ("securityContext/allowPrivilegeEscalation", Value::Null, "gain"),
            ("securityContext/runAsNonRoot", json!(false), "runAsNonRoot"),
            ("securityContext/runAsUser", json!(0), "runAsUser"),
            ("securityContext/capabilities", json!({"drop": ["NET_RAW"]}), "keeps"),
            ("securityContext/capabilities", json!({"drop": ["ALL"], "add": ["SYS_ADMIN"]}), "adds"),
            ("securityContext/procMount", json!("Unmasked"), "/proc"),
            ("securityContext/readOnlyRootFilesystem", json!(false), "readOnlyRootFilesystem"),
            ("ports", json!([{"containerPort": 80, "hostPort": 80}]), "hostPort"),
            ("resources/limits", json!({}), "no limit"),
            ("resources/requests", json!({"memory": "1Gi"}), "processor"),
            ("image", json!("registry.example.com:5000/it"), "version"),
            ("image", json!("it:latest"), "version"),
        ] {
            let found = objections(&format!("/containers/0/{key}"), value);
            assert!(found.len() == 1 && found[0].contains(word), "{key}: {found:?}");
        }
    }

    #[test]
    fn a_port_below_1024_may_be_bound() {
        let value = json!({"drop": ["ALL"], "add": [CAPABILITY]});
        assert_eq!(objections("/containers/0/securityContext/capabilities", value), Vec::<String>::new());
    }

    #[test]
    fn containers_that_run_first_are_held_to_the_same_rules() {
        let found = objections("/initContainers", json!([{"name": "first", "image": "it:1.0"}]));
        assert!(found.iter().all(|fault| fault.contains("container first")) && found.len() > 3, "{found:?}");
    }
}
