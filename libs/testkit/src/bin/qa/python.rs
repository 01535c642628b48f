//! Programs that come from Python's package index, each in an environment of its own.

use crate::process;

/// A program of a Python package.
pub(crate) struct PythonProgram {
    /// What one types.
    pub(crate) program: &'static str,
    /// The package and its version, as pip takes them.
    pub(crate) requirement: &'static str,
}

impl PythonProgram {
    /// How it is called here; installed below `target/qa` when it is missing. `None` where it cannot be had.
    pub(crate) fn ensure(&self) -> Option<String> {
        if process::succeeds(self.program, &["--help"]) {
            return Some(self.program.to_owned());
        }
        let environment = format!("target/qa/{}", self.program);
        let installed = format!("{environment}/bin/{}", self.program);
        if process::succeeds(&installed, &["--help"]) {
            return Some(installed);
        }
        crate::tools::ensure_package_of_module("ensurepip", "python3-venv");
        let done = process::run("python3", &["-m", "venv", &environment])
            .and_then(|()| process::run(&format!("{environment}/bin/pip"), &["install", "--quiet", self.requirement]));
        if let Err(error) = done {
            println!("{error:#}");
        }
        process::succeeds(&installed, &["--help"]).then_some(installed)
    }
}
