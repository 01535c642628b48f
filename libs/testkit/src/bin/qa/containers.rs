//! The compose file, brought up on a real Docker engine.

use anyhow::{Result, bail};

use crate::process;
use crate::report::Report;

/// Brings the stack up, runs tests against it, kills each of its containers, takes it down.
const SCRIPT: &str = "deploy/docker/prove.sh";
/// The script's exit code where nothing can be tried; its last line says why.
const NOT_TRIED: i32 = 77;

/// Runs the script; a machine without an engine, and without the rights to start one, is a skip.
pub(crate) fn prove(report: &mut Report) -> Result<()> {
    let mut last = String::new();
    let status = process::watch_to_end(SCRIPT, &[], |line| {
        report.tally.read_nextest(line);
        line.clone_into(&mut last);
    })?;
    match status.code() {
        Some(0) => Ok(()),
        Some(NOT_TRIED) => {
            report.skip(&format!("the compose file is NOT proven on a Docker engine ({last})"));
            Ok(())
        }
        _ => bail!("`{SCRIPT}` ended with {status}"),
    }
}
