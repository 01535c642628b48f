//! Paths and queries that are bad.

use crate::surface::{Call, Operation};

/// Refused, in one way or the other.
const REFUSED: &[u16] = &[400, 404, 422];
/// No value of its kind.
const NO_VALUE: &[u16] = &[400, 422];
/// Any text is good here, but nothing may break.
const ANY: &[u16] = &[101, 200, 400, 404, 422];

/// Paths with something bad in one place, and the statuses they may get.
pub(super) fn bad(operation: &Operation, call: &Call) -> Vec<(String, &'static [u16])> {
    let mut all = in_path(operation, call);
    let path = call.path.split('?').next().unwrap_or_default();
    // Queries are read, so that nothing is written by the good ones among these.
    if operation.method == reqwest::Method::GET {
        for parameter in operation.parameters_in("query") {
            for (value, statuses) in values(&parameter.name, &parameter.schema) {
                all.push((format!("{path}?{}={value}", parameter.name), statuses));
            }
            all.push((format!("{path}?{0}=1&{0}=2", parameter.name), ANY));
        }
        all.push((format!("{path}?%ff=%ff&=&&a=%zz&\u{e9}"), ANY));
    }
    all
}

fn in_path(operation: &Operation, call: &Call) -> Vec<(String, &'static [u16])> {
    let junk = [
        "nonsense",
        "0",
        "-1",
        "%00",
        "%ff",
        "%2e%2e%2f%2e%2e%2fetc",
        "%0d%0ax:%20y",
        "a%20b",
        "'--",
        "%F0%9F%98%80%E2%80%AE",
        "00000000-0000-0000-0000-000000000000",
        "018f0000-0000-7000-8000-00000000000",
        "018f0000-0000-7000-8000-0000000000000",
        "%7Broom_id%7D",
        "%E2%80%8B",
    ];
    let segments: Vec<&str> = operation.path.split('/').collect();
    let good: Vec<&str> = call.path.split('?').next().unwrap_or_default().split('/').collect();
    let mut all = Vec::new();
    for at in (0..segments.len()).filter(|at| segments[*at].starts_with('{')) {
        let long = "x".repeat(5_000);
        for value in junk.into_iter().chain([long.as_str()]) {
            let mut path = good.clone();
            path[at] = value;
            all.push((path.join("/"), REFUSED));
        }
    }
    all
}

fn values(name: &str, schema: &serde_json::Value) -> Vec<(String, &'static [u16])> {
    let is =
        |kind: &str| schema["type"] == kind || schema["type"].as_array().is_some_and(|k| k.iter().any(|k| k == kind));
    let of = |values: &[&str], statuses| values.iter().map(|v| ((*v).to_owned(), statuses)).collect::<Vec<_>>();
    match name {
        "limit" => of(&["0", "-1", "201", "1000000000", "99999999999999999999", "abc", "1.5", "%00", "1e2"], NO_VALUE),
        "cursor" => {
            let mut all = of(&["garbage", "AAAA", "e30", "bnVsbA", "%00", "WzEsMiwzXQ", "%ff"], NO_VALUE);
            all.push(("A".repeat(2_000), NO_VALUE));
            all
        }
        _ if is("integer") => of(&["-1", "abc", "1.5", "99999999999999999999999", "%00", "0x10"], NO_VALUE),
        _ if schema["enum"].is_array() => of(&["nonsense", "%00", "PUBLIC"], NO_VALUE),
        _ if schema["format"] == "uuid" => {
            of(&["nonsense", "0", "%00", "018f0000-0000-7000-8000-00000000000"], REFUSED)
        }
        _ => {
            let mut all = of(&["", "%00", "%ff", "%25", "_", "%E2%80%AE", "'%3B--", "%22", "*", "%F0%9F%98%80"], ANY);
            all.push(("x".repeat(5_000), ANY));
            all
        }
    }
}
