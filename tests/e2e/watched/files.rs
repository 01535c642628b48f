//! What can be said of dashboards and alerts without a platform.

use std::collections::BTreeSet;

use chatapp_bus::permissions::authorization;
use serde_json::Value;

use super::queries::{alerts, all, dashboards, text};

#[test]
fn every_query_of_a_dashboard_and_an_alert_is_one() {
    let queries = all();
    assert!(queries.len() > 80, "{}", queries.len());
    for query in queries {
        assert!(!query.asked().names.is_empty(), "{} asks for nothing", query.place);
    }
}

#[test]
fn every_panel_has_a_place_of_its_own_and_a_query_of_a_source_that_is_provisioned() {
    let sources = text("deploy/observability/grafana/provisioning/datasources/chatapp.yml");
    let mut uids = BTreeSet::new();
    for (name, dashboard) in dashboards() {
        assert_eq!(dashboard["uid"], name.as_str());
        assert!(uids.insert(name.clone()), "{name} is there twice");
        let panels = dashboard["panels"].as_array().unwrap();
        let (mut ids, mut cells) = (BTreeSet::new(), BTreeSet::new());
        for panel in panels {
            let title = panel["title"].as_str().unwrap();
            assert!(ids.insert(panel["id"].as_u64().unwrap()), "{name}: {title} has another's id");
            let side = |key: &str| panel["gridPos"][key].as_u64().unwrap();
            assert!(side("x") + side("w") <= 24, "{name}: {title} is too wide");
            for x in side("x")..side("x") + side("w") {
                for y in side("y")..side("y") + side("h") {
                    assert!(cells.insert((x, y)), "{name}: {title} covers another panel");
                }
            }
            if panel["type"] == "row" {
                continue;
            }
            let source = panel["datasource"]["uid"].as_str().unwrap();
            assert!(sources.contains(&format!("uid: {source}\n")), "{name}: {title} asks {source}");
            assert!(panel["fieldConfig"]["defaults"]["unit"].is_string(), "{name}: {title} has no unit");
        }
    }
}

fn name(alert: &Value) -> &str {
    alert["alert"].as_str().expect("a name")
}

#[test]
fn every_alert_says_how_bad_it_is_and_has_its_section_in_the_runbook() {
    let runbook = text("deploy/README.md");
    let sections: BTreeSet<&str> = runbook.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    for alert in alerts() {
        let name = name(&alert);
        assert!(matches!(alert["labels"]["severity"].as_str(), Some("critical" | "warning")), "{name}");
        assert!(["summary", "description"].iter().all(|key| alert["annotations"][key].is_string()), "{name}");
        let anchor = format!("deploy/README.md#{}", name.to_lowercase());
        assert_eq!(alert["annotations"]["runbook_url"], anchor.as_str());
        assert!(sections.contains(name), "the runbook has no section {name}");
    }
    let known: BTreeSet<String> = alerts().iter().map(|alert| name(alert).to_owned()).collect();
    let about = sections.iter().filter(|section| section.starts_with("Chatapp"));
    for section in about {
        assert!(known.contains(*section), "the runbook explains {section}, which is no alert");
    }
}

#[test]
fn every_alert_is_tried() {
    let tests: Value = serde_yaml_ng::from_str(&text("deploy/observability/prometheus/rules.test.yml")).unwrap();
    let tried = tests.to_string();
    for alert in alerts() {
        let expected = format!("alertname=\\\"{}\\\"", name(&alert));
        assert!(tried.contains(&expected), "no test expects {}", name(&alert));
    }
}

#[test]
fn the_bus_of_the_development_overlay_gives_each_service_its_rights_and_no_others() {
    let users = authorization(|service| format!("${}_PASSWORD", service.to_uppercase()));
    let settings = text("deploy/k8s/overlays/dev/nats.conf");
    assert!(settings.ends_with(&users), "it should end with:\n{users}");
}
