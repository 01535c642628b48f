//! T-SQL, held against a grammar: a typo fails where there is no server too.

mod statements;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::process;
use crate::python::PythonProgram;
use crate::report::Report;

/// Where statements are written to be looked at.
const OUT: &str = "target/qa/sql";
const PARSER: PythonProgram = PythonProgram { program: "sqlfluff", requirement: "sqlfluff==4.5.0" };
const MIGRATIONS: &str = "sql/mssql";
/// Where the stores' statements are.
const SOURCES: [&str; 6] = [
    "libs/timeline/src/mssql.rs",
    "libs/db/src/views.rs",
    "services/auth/src/store/mssql",
    "services/rooms/src/store/mssql",
    "services/messages/src/store/mssql",
    "services/standalone/src/import",
];

/// Parses the migrations and what the stores say to SQL Server.
pub(crate) fn check(report: &mut Report) -> Result<()> {
    let count = write_statements()?;
    println!("{count} statements of the stores are in {OUT}");
    let Some(parser) = PARSER.ensure() else {
        report.skip("sqlfluff cannot be installed here, so the T-SQL is NOT parsed");
        return Ok(());
    };
    // Any rule will do: what does not parse is told with every one of them, and no rule of style is asked for.
    process::run(&parser, &["lint", "--dialect", "tsql", "--rules", "LT12", "--disable-progress-bar", MIGRATIONS, OUT])
}

fn write_statements() -> Result<usize> {
    let _ = fs::remove_dir_all(OUT);
    fs::create_dir_all(OUT).with_context(|| format!("cannot make {OUT}"))?;
    // Large files are passed over otherwise.
    fs::write(Path::new(OUT).join(".sqlfluff"), "[sqlfluff]\nlarge_file_skip_byte_limit = 0\n")?;
    let sources: Vec<PathBuf> = SOURCES.iter().flat_map(|path| rust_files(Path::new(path))).collect();
    let constants = statements::Constants::of(&sources)?;
    let mut count = 0;
    for source in &sources {
        let found = statements::in_file(source, &constants)?;
        if found.is_empty() {
            continue;
        }
        count += found.len();
        let name = source.with_extension("sql").display().to_string().replace(['/', '\\'], "-");
        // sqlfluff's rule wants exactly one newline at the end.
        fs::write(Path::new(OUT).join(name), found.join("\nGO\n") + "\n")?;
    }
    Ok(count)
}

fn rust_files(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let Ok(entries) = path.read_dir() else { return vec![] };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let tests = |path: &PathBuf| path.file_stem().is_some_and(|stem| stem == "tests");
    let wanted = |path: &PathBuf| path.is_dir() || path.extension().is_some_and(|e| e == "rs");
    paths.into_iter().filter(|path| wanted(path) && !tests(path)).flat_map(|path| rust_files(&path)).collect()
}
