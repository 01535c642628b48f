//! What was asked for.

use anyhow::{Result, bail};

/// One part of the gate, which can be run alone by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Tools,
    Format,
    Secrets,
    Dependencies,
    Sql,
    Lint,
    Build,
    Deploy,
    Doctest,
    Test,
    Api,
    WebSocket,
    SqlServer,
    Containers,
    Sbom,
}

impl Step {
    /// Every step of the full gate, cheap ones first.
    const GATE: [Self; 14] = [
        Self::Tools,
        Self::Format,
        Self::Secrets,
        Self::Dependencies,
        Self::Sql,
        Self::Lint,
        Self::Build,
        Self::Deploy,
        Self::Doctest,
        Self::Test,
        Self::Api,
        Self::WebSocket,
        Self::SqlServer,
        Self::Containers,
    ];
    /// The tests alone.
    const QUICK: [Self; 2] = [Self::Build, Self::Test];

    const ALL: [Self; 15] = [
        Self::Tools,
        Self::Format,
        Self::Secrets,
        Self::Dependencies,
        Self::Sql,
        Self::Lint,
        Self::Build,
        Self::Deploy,
        Self::Doctest,
        Self::Test,
        Self::Api,
        Self::WebSocket,
        Self::SqlServer,
        Self::Containers,
        Self::Sbom,
    ];

    /// The word that runs this step alone.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Format => "format",
            Self::Secrets => "secrets",
            Self::Dependencies => "dependencies",
            Self::Sql => "sql",
            Self::Lint => "lint",
            Self::Build => "build",
            Self::Deploy => "deploy",
            Self::Doctest => "doctest",
            Self::Test => "test",
            Self::Api => "api",
            Self::WebSocket => "websocket",
            Self::SqlServer => "sqlserver",
            Self::Containers => "containers",
            Self::Sbom => "sbom",
        }
    }

    /// What the step makes sure of.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Tools => "what the other steps need is installed",
            Self::Format => "the code has the one format (rustfmt)",
            Self::Secrets => "no tracked file holds a secret",
            Self::Dependencies => "licences, sources, banned crates and layers (cargo-deny)",
            Self::Sql => "the T-SQL of migrations and stores parses (sqlfluff)",
            Self::Lint => "no warning in any target (clippy)",
            Self::Build => "all programs and tests compile",
            Self::Deploy => "manifests, compose files, alert rules and what they name fit together",
            Self::Doctest => "the examples in the documentation work",
            Self::Test => "all tests (cargo-nextest)",
            Self::Api => "the REST interface does what its description says (schemathesis)",
            Self::WebSocket => "the sockets do what RFC 6455 says (kosoku)",
            Self::SqlServer => "the tests that need a SQL Server",
            Self::Containers => "the stack of docker-compose.lite.yml on a real Docker engine, killed under load",
            Self::Sbom => "a software bill of materials (CycloneDX) in target/sbom",
        }
    }
}

/// The steps to run, in order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
    /// What follows `--`: handed to the test runner, to choose tests.
    pub(crate) tests: Vec<String>,
}

/// Reads the command line.
pub(crate) fn parse(arguments: &[String]) -> Result<Plan> {
    let (words, tests) = match arguments.iter().position(|argument| argument == "--") {
        Some(at) => (&arguments[..at], arguments[at + 1..].to_vec()),
        None => (arguments, vec![]),
    };
    let mut steps = vec![];
    for word in words {
        match Step::ALL.into_iter().find(|step| step.name() == word) {
            Some(Step::Test) => steps.extend(Step::QUICK),
            Some(step @ (Step::Deploy | Step::Api | Step::WebSocket | Step::SqlServer | Step::Containers)) => {
                steps.extend([Step::Build, step]);
            }
            Some(step) => steps.push(step),
            None if word == "--quick" => steps.extend(Step::QUICK),
            None => bail!("there is no step or option '{word}'\n\n{}", help()),
        }
    }
    if steps.is_empty() {
        steps.extend(Step::GATE);
    }
    Ok(Plan { steps, tests })
}

/// The answer to `--help`.
pub(crate) fn help() -> String {
    let steps: Vec<String> = Step::ALL.iter().map(|step| format!("  {:<14}{}", step.name(), step.title())).collect();
    format!(
        "Everything that must hold before a change is merged.\n\n\
         Usage: cargo qa [--quick | STEP...] [-- TEST FILTER...]\n\n\
         Without arguments every step but sbom runs, up to the first that fails. --quick runs the tests alone.\n\n\
         Steps:\n{}",
        steps.join("\n")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Plan> {
        parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn without_arguments_the_whole_gate_runs() {
        assert_eq!(parsed("").unwrap(), Plan { steps: Step::GATE.to_vec(), tests: vec![] });
    }

    #[test]
    fn a_step_runs_alone_and_tests_are_built_first() {
        assert_eq!(parsed("lint").unwrap().steps, [Step::Lint]);
        assert_eq!(parsed("test").unwrap().steps, [Step::Build, Step::Test]);
        assert_eq!(parsed("--quick -- -E test(block)").unwrap().tests, ["-E", "test(block)"]);
    }

    #[test]
    fn an_unknown_word_is_answered_with_the_known_ones() {
        let error = parsed("lnit").unwrap_err().to_string();
        assert!(error.contains("'lnit'") && error.contains("lint"), "{error}");
    }
}
