//! `/openapi.json`: whole, and honest about what anyone may call.

use std::collections::BTreeSet;

use chatapp_testkit::Platform;
use serde_json::Value;

use crate::surface::Surface;

/// What anyone may call, on purpose.
const PUBLIC: [&str; 7] =
    ["get_openapi", "get_signing_keys", "login_user", "open_socket", "refresh_session", "register_user", "show_root"];

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(target) = fields.get("$ref").and_then(Value::as_str) {
                found.insert(target.to_owned());
            }
            fields.values().for_each(|value| references(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[tokio::test]
async fn every_reference_leads_somewhere() {
    let platform = Platform::start().await;
    let surface = Surface::read(&platform).await;
    let document = surface.document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    assert_eq!(document["info"]["title"], "ChatApp");
    let mut found = BTreeSet::new();
    references(document, &mut found);
    assert!(!found.is_empty());
    for target in &found {
        let pointer = target.strip_prefix('#').unwrap_or_else(|| panic!("{target} points outside"));
        assert!(document.pointer(pointer).is_some(), "{target} points at nothing");
    }
}

#[tokio::test]
async fn every_operation_says_who_may_call_it_and_how_it_fails() {
    let platform = Platform::start().await;
    let surface = Surface::read(&platform).await;
    let operations = surface.operations();
    let public: Vec<&str> = operations.values().filter(|o| o.public).map(|o| o.id.as_str()).collect();
    assert_eq!(public, PUBLIC);
    let document = surface.document();
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
    for operation in operations.values() {
        let described = &document["paths"][&operation.path][operation.method.as_str().to_ascii_lowercase()];
        assert!(described["security"].is_array(), "{}: says nothing of security", operation.id);
        assert!(described["summary"].as_str().is_some_and(|text| !text.is_empty()), "{}: no summary", operation.id);
        let responses = described["responses"].as_object().unwrap();
        let problem = &responses["default"]["content"]["application/problem+json"]["schema"]["$ref"];
        assert_eq!(problem, "#/components/schemas/Problem", "{}: no problem", operation.id);
        assert!(
            responses.keys().any(|status| status.starts_with('2') || status == "101"),
            "{}: no success",
            operation.id
        );
        let in_path: BTreeSet<String> = operation.parameters_in("path").map(|p| format!("{{{}}}", p.name)).collect();
        let wanted: BTreeSet<String> =
            operation.path.split('/').filter(|part| part.starts_with('{')).map(str::to_owned).collect();
        assert_eq!(in_path, wanted, "{}: parameters of the path", operation.id);
    }
}
