//! Bodies that are bad in every way we can think of.

use serde_json::{Map, Value, json};

use super::Bad;
use crate::surface::{Operation, Surface};

const JSON: Option<&str> = Some("application/json");

/// Above the limit of every body, and little enough to be sent before the refusal is read.
const TOO_LARGE: usize = 100_000;

/// Bodies that must be refused.
pub(super) fn malformed(surface: &Surface, operation: &Operation, good: &Value) -> Vec<Bad> {
    let mut all = whole(good);
    if !operation.nullable_body {
        all.push(bad("body null", "null"));
    }
    all.extend(fields(good));
    for name in operation.properties() {
        all.extend(wrong_types(surface, operation, good, &name));
        if takes(surface, operation, &name, "string") {
            all.extend(texts_that_are_none(good, &name));
        }
    }
    all
}

fn bad(what: impl Into<String>, body: impl Into<Vec<u8>>) -> Bad {
    Bad { what: what.into(), content_type: JSON, body: body.into(), statuses: &[400] }
}

/// What is wrong as a whole, whatever the operation.
fn whole(good: &Value) -> Vec<Bad> {
    let good = good.to_string();
    let mut all: Vec<Bad> = ["", " ", "{", "}", "nonsense", "true", "7", "\"text\"", "[]", "[{}]", "\u{0}", "NaN"]
        .into_iter()
        .map(|text| bad(format!("body {text:?}"), text))
        .collect();
    all.push(bad("something after the end", format!("{good}}}")));
    all.push(bad("two values", format!("{good}{good}")));
    all.push(bad("cut off", &good.as_bytes()[..good.len() - 1]));
    all.push(bad("with a byte order mark", format!("\u{feff}{good}")));
    all.push(bad("UTF-16", good.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>()));
    all.push(bad("deeply nested arrays", "[".repeat(30_000)));
    all.push(bad("deeply nested objects", "{\"a\":".repeat(10_000)));
    all.push(bad(
        "an unknown field, deeply nested",
        format!("{{\"nested\":{}1{}}}", "[".repeat(5_000), "]".repeat(5_000)),
    ));
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp", "json"]
    {
        let body = good.clone().into_bytes();
        all.push(Bad { what: format!("sent as {kind}"), content_type: Some(kind), body, statuses: &[415] });
    }
    all.push(Bad { what: "sent as nothing".into(), content_type: None, body: good.into(), statuses: &[415] });
    all
}

/// What is wrong with the fields as such.
fn fields(good: &Value) -> Vec<Bad> {
    let mut all = vec![
        bad("an unknown field", with(good, "unknown_field", json!(1)).to_string()),
        bad("a field of other languages", with(good, "__proto__", json!({"admin": true})).to_string()),
    ];
    for (name, value) in good.as_object().into_iter().flatten() {
        let twice = good.to_string().replacen('{', &format!("{{\"{name}\":{value},"), 1);
        all.push(bad(format!("{name} twice"), twice));
        let large = with(good, name, json!("x".repeat(TOO_LARGE))).to_string();
        all.push(Bad { statuses: &[413], ..bad(format!("{name} beyond the body's limit"), large) });
    }
    all
}

/// Every kind of value that the property does not take.
fn wrong_types(surface: &Surface, operation: &Operation, good: &Value, name: &str) -> Vec<Bad> {
    let values = [
        ("string", "\"nonsense\""),
        ("boolean", "true"),
        ("integer", "7"),
        ("array", "[]"),
        ("object", "{}"),
        ("number", "1.5"),
        ("number", "1e400"),
        ("integer", "-1"),
        ("integer", "123456789012345678901234567890"),
        ("null", "null"),
    ];
    let mut all = Vec::new();
    for (kind, text) in values {
        let negative_or_huge = text.len() > 1 && kind == "integer";
        if takes(surface, operation, name, kind) && !negative_or_huge {
            continue;
        }
        let body = with(good, name, json!(MARK)).to_string().replace(&format!("\"{MARK}\""), text);
        all.push(Bad { statuses: &[400, 422], ..bad(format!("{name}: {text}"), body) });
    }
    all
}

/// Strings that are no text.
fn texts_that_are_none(good: &Value, name: &str) -> Vec<Bad> {
    let escapes = ["\\ud800", "\\udfff\\ud800", "\\u12", "\\x41", "\u{1}", "\u{0}", "\n"];
    let mut all: Vec<Bad> = escapes
        .into_iter()
        .map(|text| {
            let body = with(good, name, json!(MARK)).to_string().replace(MARK, text);
            bad(format!("{name}: {text:?} in the string"), body)
        })
        .collect();
    for bytes in [&b"\xff"[..], b"\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"\xf5\x80\x80\x80"] {
        let body = with(good, name, json!(MARK)).to_string();
        let at = body.find(MARK).expect("the mark");
        let body = [&body.as_bytes()[..at], bytes, &body.as_bytes()[at + MARK.len()..]].concat();
        all.push(bad(format!("{name}: bytes {bytes:x?} in the string"), body));
    }
    all
}

/// Bodies of the right form with values that break what is careless. Some are good ones.
pub(super) fn hostile(surface: &Surface, operation: &Operation, good: &Value) -> Vec<(String, Value)> {
    let long = "é".repeat(20_000);
    let texts = [
        "",
        " ",
        "\u{0}",
        "a\u{0}b",
        "\r\nx: y",
        "\u{1b}[2J",
        "\u{202e}abc",
        "\u{200b}",
        "\u{feff}",
        "\u{fffe}",
        "'; DROP TABLE rooms_rooms; --",
        "%s%n%x",
        "${jndi:ldap://x}",
        "../../etc/passwd",
        "{{7*7}}",
        "\u{10ffff}",
        "9999-12-31T23:59:59Z",
        "-9999-01-01T00:00:00Z",
        "+99999-01-01T00:00:00Z",
        "00000000-0000-0000-0000-000000000000",
        "ﷺﷺﷺﷺﷺﷺﷺﷺﷺﷺﷺﷺﷺﷺﷺﷺﷺﷺﷺﷺ",
        "e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
        &long,
    ];
    let mut all = Vec::new();
    for name in operation.properties() {
        if takes(surface, operation, &name, "string") {
            all.extend(texts.iter().map(|text| (short(&name, text), with(good, &name, json!(text)))));
        }
        if takes(surface, operation, &name, "integer") {
            let numbers = [0, 1, u64::from(u32::MAX), u64::from(u32::MAX) + 1, i64::MAX as u64, u64::MAX];
            all.extend(numbers.iter().map(|n| (format!("{name}: {n}"), with(good, &name, json!(n)))));
        }
        if takes(surface, operation, &name, "array") {
            let lists = [json!([]), json!(["read", "read"]), json!(vec!["read"; 5_000]), json!([null]), json!([[]])];
            all.extend(lists.into_iter().map(|list| (format!("{name}: a list"), with(good, &name, list))));
        }
    }
    all
}

/// Stands where text is put that no JSON value could hold.
const MARK: &str = "the-place-of-a-value";

fn with(good: &Value, name: &str, value: Value) -> Value {
    let mut body = good.as_object().cloned().unwrap_or_else(Map::new);
    body.insert(name.to_owned(), value);
    Value::Object(body)
}

/// Whether a property takes values of a kind, as the description says.
fn takes(surface: &Surface, operation: &Operation, name: &str, kind: &str) -> bool {
    let property = &operation.body.as_ref().expect("a body")["properties"][name];
    let kinds = |schema: &Value| match &schema["type"] {
        Value::Array(kinds) => kinds.clone(),
        kind => vec![kind.clone()],
    };
    let optional = property["oneOf"].as_array().is_some_and(|of| of.iter().any(|one| one["type"] == "null"));
    let all = [kinds(property), kinds(surface.resolved(property))].concat();
    if kind == "string" && surface.resolved(property)["enum"].is_array() {
        return false;
    }
    (kind == "null" && optional) || all.iter().any(|one| one == kind)
}

fn short(name: &str, text: &str) -> String {
    format!("{name}: {:?}", text.chars().take(30).collect::<String>())
}
