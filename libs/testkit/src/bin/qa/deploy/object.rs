//! Kubernetes objects, as `kustomize` writes them.

use anyhow::{Context, Result};
use serde_json::Value;

/// One object.
#[derive(Clone, Debug)]
pub(crate) struct Object(pub(crate) Value);

/// All objects of a stream of YAML documents.
pub(crate) fn read(text: &str) -> Result<Vec<Object>> {
    serde_yaml_ng::Deserializer::from_str(text)
        .map(|document| serde::Deserialize::deserialize(document).map(Object).context("this is no YAML"))
        .filter(|object| !matches!(object, Ok(Object(Value::Null))))
        .collect()
}

impl Object {
    /// What kind it is.
    pub(crate) fn kind(&self) -> &str {
        text(&self.0, "/kind")
    }

    /// The kind's API group, empty for the core's.
    pub(crate) fn group(&self) -> &str {
        text(&self.0, "/apiVersion").rsplit_once('/').map_or("", |(group, _)| group)
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        text(&self.0, "/metadata/name")
    }

    /// How a fault names it.
    pub(crate) fn title(&self) -> String {
        format!("{} {}", self.kind(), self.name())
    }

    /// What is at a JSON pointer.
    pub(crate) fn at(&self, pointer: &str) -> &Value {
        self.0.pointer(pointer).unwrap_or(&Value::Null)
    }

    /// The metadata and spec of the pods that it makes, if it makes any.
    pub(crate) fn pod(&self) -> Option<Pod<'_>> {
        let template = match self.kind() {
            "Pod" => &self.0,
            "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job" => self.at("/spec/template"),
            "CronJob" => self.at("/spec/jobTemplate/spec/template"),
            _ => return None,
        };
        Some(Pod { labels: template.pointer("/metadata/labels").unwrap_or(&Value::Null), spec: template.get("spec")? })
    }
}

/// What a pod is to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pod<'a> {
    /// Its labels.
    pub(crate) labels: &'a Value,
    /// The rest.
    pub(crate) spec: &'a Value,
}

impl<'a> Pod<'a> {
    /// Its containers, those that run before the others too.
    pub(crate) fn containers(self) -> impl Iterator<Item = &'a Value> {
        let kinds = ["initContainers", "containers", "ephemeralContainers"];
        kinds.into_iter().flat_map(move |kind| list(self.spec, kind))
    }

    /// The number of the container port with this name, or of this number, where a container has it.
    pub(crate) fn port(self, wanted: &Value) -> Option<u64> {
        let mut ports = self.containers().flat_map(|container| list(container, "ports"));
        let same = |port: &&Value| port["name"] == *wanted || port["containerPort"] == *wanted;
        ports.find(same).and_then(|port| port["containerPort"].as_u64())
    }
}

/// The elements of the list under `key`, none where there is no list.
pub(crate) fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

/// The text at a pointer, empty where there is none.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
