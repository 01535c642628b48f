//! What the checks of the deployment are made with. Each is used where it is, else fetched into the target folder.

use std::path::Path;

use crate::{process, tools};

/// Where the Python programs are installed.
const VENV: &str = "target/qa/deploy";
const PACKAGES: [&str; 2] = ["kubernetes-validate==1.37.0", "check-jsonschema==0.39.0"];
/// Where Debian's package is unpacked, which is not installed: it would start a server.
const UNPACKED: &str = "target/qa/prometheus";

/// A Python program of [`PACKAGES`], if it can be had.
pub(crate) fn python(program: &str) -> Option<String> {
    let installed = format!("{VENV}/bin/{program}");
    if !process::succeeds(&installed, &["--version"]) {
        tools::ensure_package_of_module("ensurepip", "python3-venv");
        let pip = format!("{VENV}/bin/pip");
        let done = process::run("python3", &["-m", "venv", VENV])
            .and_then(|()| process::run(&pip, &[&["install", "--quiet"][..], &PACKAGES].concat()));
        if let Err(error) = done {
            println!("{error:#}");
        }
    }
    process::succeeds(&installed, &["--version"]).then_some(installed)
}

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
