//! The dependency tree against `deny.toml`.

use std::path::PathBuf;

use anyhow::Result;

use crate::report::Report;
use crate::{process, tools};

/// Checks licences, sources, bans and layers, and advisories when their database is on this machine.
///
/// The database is never fetched here: a gate must not fail, or pass, by the state of a network.
pub(crate) fn check(report: &mut Report) -> Result<()> {
    if !tools::DENY.ensure() {
        report.skip("cargo-deny cannot be installed here, so the dependencies are NOT checked");
        return Ok(());
    }
    // The tree of every platform, while the check itself works offline.
    process::run("cargo", &["fetch", "--locked"])?;
    let mut arguments = vec!["deny", "--offline", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"];
    if has_advisories() {
        arguments.push("advisories");
    } else {
        report.skip("advisories, for their database is not on this machine (`cargo deny fetch db` gets it)");
    }
    process::run("cargo", &arguments)
}

/// Whether a database of advisories has been fetched at some time.
fn has_advisories() -> bool {
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    let databases = home.and_then(|home| home.join("advisory-dbs").read_dir().ok());
    databases.into_iter().flatten().flatten().any(|entry| entry.path().join(".git").is_dir())
}
