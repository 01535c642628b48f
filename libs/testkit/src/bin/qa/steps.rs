//! What each step runs.

use anyhow::Result;

use crate::plan::{Plan, Step};
use crate::process;
use crate::report::Report;
use crate::{api, containers, dependencies, deploy, sbom, secrets, sql, sqlserver, tools, websocket};

/// Runs one step; what it finds is added to `report`.
pub(crate) fn run(step: Step, plan: &Plan, report: &mut Report) -> Result<()> {
    match step {
        Step::Tools => tools::install(),
        Step::Format => process::run("cargo", &["fmt", "--all", "--check"]),
        Step::Secrets => secrets::scan(),
        Step::Dependencies => dependencies::check(report),
        Step::Sql => sql::check(report),
        Step::Lint => {
            process::run("cargo", &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])
        }
        // All targets at once: programs and tests share one set of features, so that nothing is compiled twice.
        Step::Build => process::run("cargo", &["build", "--workspace", "--all-targets", "--locked"]),
        Step::Deploy => deploy::check(report),
        Step::Doctest => {
            let arguments = ["test", "--doc", "--workspace", "--locked", "--no-fail-fast"];
            process::watch("cargo", &arguments, |line| report.tally.read_cargo_test(line))
        }
        Step::Test => test(plan, report),
        Step::Api => api::check(report),
        Step::WebSocket => websocket::check(report),
        Step::SqlServer => sqlserver::test(report),
        Step::Containers => containers::prove(report),
        Step::Sbom => sbom::write(),
    }
}

fn test(plan: &Plan, report: &mut Report) -> Result<()> {
    let ci = std::env::var("CI").is_ok_and(|value| !value.is_empty() && value != "false");
    if !tools::NEXTEST.ensure() {
        println!("cargo-nextest is not to be had: falling back to cargo test, which kills no test that hangs");
        let mut arguments = vec!["test", "--workspace", "--lib", "--bins", "--tests", "--locked", "--no-fail-fast"];
        arguments.extend(plan.tests.iter().map(String::as_str));
        return process::watch("cargo", &arguments, |line| report.tally.read_cargo_test(line));
    }
    let profile = if ci { "ci" } else { "default" };
    let mut arguments = vec!["nextest", "run", "--workspace", "--locked", "--profile", profile];
    arguments.extend(plan.tests.iter().map(String::as_str));
    process::watch("cargo", &arguments, |line| report.tally.read_nextest(line))
}
