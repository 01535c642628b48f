//! The tests that need a SQL Server.

use anyhow::Result;

use crate::process;
use crate::report::Report;

/// Names the server; see `chatapp_testkit::MSSQL_URL`.
const URL: &str = "CHATAPP_TEST_MSSQL_URL";
/// Starts one in a container for the command that follows.
const WITH_SERVER: [&str; 6] =
    ["run", "--quiet", "--manifest-path", "tests/sqlserver/Cargo.toml", "--target-dir", "target/sqlserver"];
/// They are `#[ignore]`d elsewhere, so that a run without a server counts them as skipped.
const TESTS: [&str; 8] =
    ["nextest", "run", "--workspace", "--locked", "--run-ignored", "only", "-E", "test(/(^|::)mssql::/)"];

/// Runs them on the server that is named, or on one that is started for them, or says that it did not.
pub(crate) fn test(report: &mut Report) -> Result<()> {
    if std::env::var_os(URL).is_some_and(|url| !url.is_empty()) {
        return process::watch("cargo", &TESTS, |line| report.tally.read_nextest(line));
    }
    if !process::succeeds("docker", &["info"]) || !process::succeeds("docker", &["pull", "--quiet", IMAGE]) {
        report
            .skip(&format!("the tests on SQL Server: {URL} names no server, and none can be started here with Docker"));
        return Ok(());
    }
    let arguments = [&WITH_SERVER[..], &["--", "cargo"], &TESTS].concat();
    process::watch("cargo", &arguments, |line| report.tally.read_nextest(line))
}

/// What is started.
const IMAGE: &str = "mcr.microsoft.com/mssql/server:2022-latest";
