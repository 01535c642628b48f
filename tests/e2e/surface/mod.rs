//! The platform's own description of itself, read as a client reads it, and people to call it with.
//!
//! Tests that go through every operation take the list from `/openapi.json` of the running platform, so that an
//! operation that is added without a thought for them makes them fail.

mod requests;
mod scene;

use std::collections::BTreeMap;

use chatapp_testkit::{Platform, User};
use reqwest::Method;
use serde_json::Value;

pub(crate) use requests::{Call, call};
pub(crate) use scene::{Cast, ROLES, Role, Scene, Visibility};

/// One parameter of an operation.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    /// `path`, `query` or `header`.
    pub(crate) place: String,
    /// Its schema, resolved.
    pub(crate) schema: Value,
}

/// One operation.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) parameters: Vec<Parameter>,
    /// The schema of its JSON body, resolved, when it takes one.
    pub(crate) body: Option<Value>,
    /// Whether `null` stands for no body.
    pub(crate) nullable_body: bool,
    /// Whether it says that anyone may call it.
    pub(crate) public: bool,
}

impl Operation {
    /// The parameters at one place.
    pub(crate) fn parameters_in<'a>(&'a self, place: &'a str) -> impl Iterator<Item = &'a Parameter> {
        self.parameters.iter().filter(move |p| p.place == place)
    }

    /// The names and schemas of the body's properties.
    pub(crate) fn properties(&self) -> Vec<String> {
        let properties = self.body.as_ref().and_then(|schema| schema["properties"].as_object());
        properties.map(|all| all.keys().cloned().collect()).unwrap_or_default()
    }
}

/// The description.
pub(crate) struct Surface {
    root: Value,
}

impl Surface {
    /// Reads `/openapi.json`.
    pub(crate) async fn read(platform: &Platform) -> Self {
        Self { root: User::anonymous(platform).get("/openapi.json").await.expect(200) }
    }

    /// The whole document.
    pub(crate) const fn document(&self) -> &Value {
        &self.root
    }

    /// Every operation, by id. Panics when two have one id, or one has none.
    pub(crate) fn operations(&self) -> BTreeMap<String, Operation> {
        let mut all = BTreeMap::new();
        for (path, item) in self.root["paths"].as_object().expect("paths") {
            for (method, described) in item.as_object().expect("a path item") {
                let Some(method) = method_of(method) else { continue };
                let operation = self.operation(path, method, item, described);
                let id = operation.id.clone();
                assert!(all.insert(id.clone(), operation).is_none(), "two operations are called {id}");
            }
        }
        assert!(all.len() > 30, "only {} operations are described", all.len());
        all
    }

    fn operation(&self, path: &str, method: Method, item: &Value, described: &Value) -> Operation {
        let id = described["operationId"].as_str().unwrap_or_else(|| panic!("{method} {path} has no operationId"));
        let listed = [&item["parameters"], &described["parameters"]];
        let parameters = listed.into_iter().filter_map(Value::as_array).flatten().map(|p| self.parameter(p)).collect();
        let body = self.resolved(&described["requestBody"]);
        let schema = &body["content"]["application/json"]["schema"];
        let security = described["security"].as_array().or_else(|| self.root["security"].as_array());
        Operation {
            id: id.to_owned(),
            method,
            path: path.to_owned(),
            parameters,
            body: (!schema.is_null()).then(|| self.resolved(schema).clone()),
            nullable_body: schema["oneOf"].as_array().is_some_and(|of| of.iter().any(|one| one["type"] == "null")),
            public: security.is_none_or(|all| all.is_empty() || all.iter().any(|one| one == &serde_json::json!({}))),
        }
    }

    fn parameter(&self, described: &Value) -> Parameter {
        let described = self.resolved(described);
        let text = |field: &str| described[field].as_str().unwrap_or_default().to_owned();
        Parameter { name: text("name"), place: text("in"), schema: self.resolved(&described["schema"]).clone() }
    }

    /// What a `$ref` points at, or the value itself. Panics when it points at nothing.
    pub(crate) fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        let mut value = value;
        // `oneOf: [null, X]` and `allOf: [X]` are how an optional reference is written.
        loop {
            let next = if let Some(target) = value["$ref"].as_str() {
                let pointer = target.strip_prefix('#').unwrap_or_else(|| panic!("{target} points outside"));
                self.root.pointer(pointer).unwrap_or_else(|| panic!("{target} points at nothing"))
            } else {
                let of = value["oneOf"].as_array().or_else(|| value["allOf"].as_array());
                match of.and_then(|all| all.iter().find(|one| one.get("$ref").is_some())) {
                    Some(one) => one,
                    None => return value,
                }
            };
            value = next;
        }
    }
}

fn method_of(word: &str) -> Option<Method> {
    matches!(word, "get" | "post" | "put" | "patch" | "delete" | "head").then(|| {
        let word = word.to_ascii_uppercase();
        word.parse().expect("a method")
    })
}
