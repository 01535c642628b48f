//! What each step runs.

use anyhow::Result;

use crate::plan::{Plan, Step};
use crate::process;
use crate::tally::Tally;
use crate::{dependencies, sbom, secrets, tools};

/// Runs one step; the tests it runs are added to `tally`.
pub(crate) fn run(step: Step, plan: &Plan, tally: &mut Tally) -> Result<()> {
    match step {
        Step::Tools => tools::install(),
        Step::Format => process::run("cargo", &["fmt", "--all", "--check"]),
        Step::Secrets => secrets::scan(),
        Step::Dependencies => dependencies::check(),
        Step::Lint => {
            process::run("cargo", &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])
        }
        // All targets at once: programs and tests share one set of features, so that nothing is compiled twice.
        Step::Build => process::run("cargo", &["build", "--workspace", "--all-targets", "--locked"]),
        Step::Doctest => {
            process::watch("cargo", &["test", "--doc", "--workspace", "--locked", "--no-fail-fast"], |line| {
                tally.read(line);
            })
        }
        Step::Test => test(plan, tally),
        Step::Sbom => sbom::write(),
    }
}

fn test(plan: &Plan, tally: &mut Tally) -> Result<()> {
    let ci = std::env::var("CI").is_ok_and(|value| !value.is_empty() && value != "false");
    let mut arguments = if tools::NEXTEST.ensure() {
        let profile = if ci { "ci" } else { "default" };
        vec!["nextest", "run", "--workspace", "--locked", "--profile", profile]
    } else {
        println!("cargo-nextest is not to be had: falling back to cargo test, which runs tests in fewer processes");
        vec!["test", "--workspace", "--lib", "--bins", "--tests", "--locked", "--no-fail-fast"]
    };
    arguments.extend(plan.tests.iter().map(String::as_str));
    process::watch("cargo", &arguments, |line| tally.read(line))
}
