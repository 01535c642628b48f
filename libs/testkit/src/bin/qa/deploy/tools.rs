//! What the checks of the deployment are made with. Each is used where it is, else fetched into the target folder.

use std::path::Path;

use crate::python::PythonProgram;
use crate::{process, tools};

/// Holds manifests against Kubernetes' schemas, which it brings along.
pub(crate) const KUBERNETES_VALIDATE: PythonProgram =
    PythonProgram { program: "kubernetes-validate", requirement: "kubernetes-validate==1.37.0" };
/// Holds compose files against their schema.
pub(crate) const CHECK_JSONSCHEMA: PythonProgram =
    PythonProgram { program: "check-jsonschema", requirement: "check-jsonschema==0.39.0" };
/// Where Debian's package is unpacked, which is not installed: it would start a server.
const UNPACKED: &str = "target/qa/prometheus";

/// What builds an overlay: a program and the words before the overlay's folder. Older versions do not know what the overlays
/// use.
pub(crate) fn kustomize() -> Option<[&'static str; 2]> {
    if !process::succeeds("kubectl", &["version", "--client"]) {
        tools::ensure_package("kubectl", "kubernetes-client");
    }
    let current = |program: &str| {
        let version = process::output(program, &["version", "--client"]).unwrap_or_default();
        version.contains("v5.") || version.contains("v6.")
    };
    [["kubectl", "kustomize"], ["kustomize", "build"]].into_iter().find(|[program, _]| current(program))
}

/// Prometheus' own tool, of Debian's package where it is not installed.
pub(crate) fn promtool() -> Option<String> {
    if process::succeeds("promtool", &["--version"]) {
        return Some("promtool".to_owned());
    }
    let unpacked = format!("{UNPACKED}/usr/bin/promtool");
    if !Path::new(&unpacked).exists() && process::succeeds("apt-get", &["--version"]) {
        let script = format!(
            "set -e; mkdir -p {UNPACKED}; cd {UNPACKED}; apt-get download -qq prometheus 2>/dev/null || \
             {{ apt-get update -qq; apt-get download -qq prometheus; }}; dpkg -x prometheus_*.deb .; rm prometheus_*.deb"
        );
        if let Err(error) = process::run("sh", &["-c", &script]) {
            println!("{error:#}");
        }
    }
    process::succeeds(&unpacked, &["--version"]).then_some(unpacked)
}
