//! Each check, tried with what it must object to.

use super::object::read;
use super::{custom, network, wiring};

const SOUND: &str = include_str!("sound.yaml");

/// What is objected to when `from` is replaced in what is sound.
fn objections(from: &str, to: &str) -> Vec<String> {
    assert!(SOUND.contains(from), "{from} is not there to be replaced");
    let value: Vec<serde_yaml_ng::Value> = serde_yaml_ng::Deserializer::from_str(&SOUND.replacen(from, to, 1))
        .map(|document| serde::Deserialize::deserialize(document).unwrap())
        .collect();
    let documents: Vec<String> = value.iter().map(|one| serde_yaml_ng::to_string(one).unwrap()).collect();
    let objects = read(&documents.join("---\n")).unwrap();
    let custom = custom::of(&objects, &serde_json::Value::Null);
    [wiring::faults(&objects), wiring::missing_keys(&objects), network::faults(&objects), custom].concat()
}

/// Each of `(from, to, word)`: with `from` replaced by `to`, something with the word in it is objected to.
fn each_is_objected_to(replacements: &[(&str, &str, &str)]) {
    for (from, to, word) in replacements {
        let found = objections(from, to);
        assert!(found.iter().any(|fault| fault.contains(word)), "{from} -> {to}: {found:?}");
    }
}

#[test]
fn what_fits_together_is_let_through() {
    assert_eq!(objections("Two services", "2 services"), Vec::<String>::new());
}

#[test]
fn what_does_not_fit_together_is_objected_to() {
    each_is_objected_to(&[
        ("maxUnavailable: 0", "maxUnavailable: 1", "maxUnavailable"),
        ("terminationGracePeriodSeconds: 40", "terminationGracePeriodSeconds: 20", "needs 27 s"),
        ("CHATAPP_DRAIN_DELAY: \"5\", ", "", "CHATAPP_DRAIN_DELAY"),
        ("{path: /readyz, port: operations}", "{path: /livez, port: operations}", "readinessProbe"),
        ("{path: /readyz, port: operations}", "{path: /readyz, port: ops}", "which is not there"),
        ("serviceAccountName: one", "serviceAccountName: two", "no ServiceAccount two"),
        ("configMapRef: {name: settings}", "configMapRef: {name: settngs}", "no ConfigMap settngs"),
        ("data: {token: eA==", "data: {tokn: eA==", "Secret keys has no token"),
        ("master: eA==", "mister: eA==", "Secret keys has no master"),
        ("volumeMounts: [{name: secrets,", "volumeMounts: [{name: secrts,", "mounted nowhere"),
        ("selector: {app: auth}", "selector: {app: auht}", "selects no pod"),
        ("targetPort: http}", "targetPort: web}", "has no port \"web\""),
        ("kind: Deployment, name: auth", "kind: Deployment, name: aut", "no Deployment aut"),
        (
            "kind: PodDisruptionBudget\nmetadata: {name: auth}",
            "kind: PodDisruptionBudget\nmetadata: {name: a}",
            "has no Pod",
        ),
        ("values: [gateway]", "values: [gatway]", "selects no pod"),
    ]);
}

#[test]
fn a_network_that_is_too_open_or_too_closed_is_objected_to() {
    each_is_objected_to(&[
        (
            "metadata: {name: nothing}\nspec: {podSelector: {}",
            "metadata: {name: x}\nspec: {podSelector: {matchLabels: {app: auth}}",
            "denies everything",
        ),
        (
            "ports: [{port: 8000}]}]}\n---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: in}",
            "ports: [{port: 8001}]}]}\n---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: in}",
            "does not let",
        ),
        (
            "ingress: [{from: [{podSelector: {matchLabels: {app: gateway}}}], ports: [{port: 8000}]}]",
            "ingress: []",
            "does not let",
        ),
        ("egress: [{to:", "egres: [{to:", "do not let it reach"),
        ("kubernetes.io/metadata.name: monitoring", "kubernetes.io/metadata.name: elsewhere", "for `monitoring` alone"),
        ("ports: [{port: 9000}]", "ports: [{port: 9001}]", "nobody there has the port 9001"),
        ("http://auth:80", "http://auth:81", "no Service is there"),
    ]);
}

#[test]
fn objects_of_kinds_that_others_define_are_held_against_the_rest() {
    each_is_objected_to(&[
        ("sectionName: https", "sectionName: http", "no Gateway way-in"),
        ("request: 0s", "request: 30s", "time-outs of 0s"),
        (
            "backendRefs: [{name: gateway, port: 80}]",
            "backendRefs: [{name: gateway, port: 8000}]",
            "with the port 8000",
        ),
        ("tls: {certificateRefs: [{name: it}]}", "tls: {}", "no certificate"),
        ("endpoints: [{port: operations,", "endpoints: [{port: metrics,", "has no such port"),
        ("{action: labeldrop, regex: service}", "{action: labeldrop, regex: servce}", "take the place of ours"),
        (
            "metadata: {name: gateway, labels: {scraped: \"yes\"}}",
            "metadata: {name: gateway}",
            "gateway is not scraped",
        ),
        ("kind: ServiceMonitor", "kind: PrometheusRule\nspecs: 1", "its groups are not those"),
        ("kind: ServiceMonitor", "kind: Probe", "nothing here knows this kind"),
    ]);
}
