//! The sockets, held against RFC 6455: kosoku plays the cases of the Autobahn test suite.

use anyhow::Result;

use crate::process;
use crate::python::PythonProgram;
use crate::report::Report;

const TOOL: PythonProgram = PythonProgram { program: "kosoku", requirement: "kosoku==0.1.0" };
/// They find it where it is installed, and are `#[ignore]`d elsewhere.
const TESTS: [&str; 8] = [
    "nextest",
    "run",
    "--workspace",
    "--locked",
    "--run-ignored",
    "only",
    "-E",
    "package(chatapp-gateway) & test(/^conformance::/)",
];

/// Plays every case, and compares with the table of `tests/conformance`.
pub(crate) fn check(report: &mut Report) -> Result<()> {
    if TOOL.ensure().is_none() {
        report.skip("kosoku cannot be installed here, so the sockets are NOT held against the standard");
        return Ok(());
    }
    process::watch("cargo", &TESTS, |line| report.tally.read_nextest(line))
}
