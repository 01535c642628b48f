//! Programs that the gate needs, installed when they are missing and can be had.

use std::path::Path;

use anyhow::Result;

use crate::process;

/// A cargo subcommand that comes as a crate.
pub(crate) struct Subcommand {
    /// The word after `cargo`.
    pub(crate) word: &'static str,
    /// The crate that installs it.
    pub(crate) package: &'static str,
}

/// The test runner.
pub(crate) const NEXTEST: Subcommand = Subcommand { word: "nextest", package: "cargo-nextest" };
/// The check of dependencies.
pub(crate) const DENY: Subcommand = Subcommand { word: "deny", package: "cargo-deny" };
/// The bill of materials.
pub(crate) const CYCLONEDX: Subcommand = Subcommand { word: "cyclonedx", package: "cargo-cyclonedx" };

impl Subcommand {
    /// Whether it can be run now; tries to install it if not, which takes minutes the first time.
    pub(crate) fn ensure(&self) -> bool {
        if process::succeeds("cargo", &[self.word, "--version"]) {
            return true;
        }
        println!("{} is missing; installing it takes some minutes, once", self.package);
        if let Err(error) = process::run("cargo", &["install", self.package, "--locked"]) {
            println!("{error:#}");
        }
        process::succeeds("cargo", &[self.word, "--version"])
    }
}

/// Installs what can be installed. Only what no step can do without is an error.
pub(crate) fn install() -> Result<()> {
    for (word, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if !process::succeeds("cargo", &[word, "--version"]) {
            process::run("rustup", &["component", "add", component])?;
        }
    }
    ensure_package("git", "git");
    // The tests of crashes send signals with it.
    ensure_package("kill", "procps");
    // The tests of several replicas share its events.
    ensure_package("nats-server", "nats-server");
    // The tests of faults make system calls fail with it, and step the clock with the other.
    ensure_package("strace", "strace");
    ensure_package("faketime", "faketime");
    for subcommand in [NEXTEST, DENY] {
        let state = if subcommand.ensure() { "found" } else { "not to be had" };
        println!("{}: {state}", subcommand.package);
    }
    Ok(())
}

/// Installs the Debian package that has a module of Python's.
pub(crate) fn ensure_package_of_module(module: &str, package: &str) {
    if !process::succeeds("python3", &["-c", &format!("import {module}")]) {
        install_package(module, package);
    }
}

/// Installs the Debian package that has `program`, where that is possible without asking anyone.
pub(crate) fn ensure_package(program: &str, package: &str) {
    if process::succeeds(program, &["--version"]) {
        println!("{program}: found");
        return;
    }
    install_package(program, package);
}

fn install_package(program: &str, package: &str) {
    let root = process::output("id", &["-u"]).is_ok_and(|id| id.trim() == "0");
    if !root || !Path::new("/usr/bin/apt-get").exists() {
        println!("{program}: missing; install it to run every test");
        return;
    }
    let installed = process::run("apt-get", &["update", "-qq"])
        .and_then(|()| process::run("apt-get", &["install", "-y", "-qq", "--no-install-recommends", package]));
    if let Err(error) = installed {
        println!("{program}: missing, and could not be installed: {error:#}");
    }
}
