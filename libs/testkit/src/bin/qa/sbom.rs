//! The software bill of materials.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::{process, tools};

/// Where the documents go.
const FOLDER: &str = "target/sbom";
/// What the tool names each document, beside the manifest it describes.
const NAME: &str = "bom";

/// Writes one CycloneDX document for each program that is shipped.
pub(crate) fn write() -> Result<()> {
    if !tools::CYCLONEDX.ensure() {
        bail!("cargo-cyclonedx cannot be installed here");
    }
    process::run("cargo", &["cyclonedx", "--format", "json", "--override-filename", NAME])?;
    fs::create_dir_all(FOLDER).with_context(|| format!("making {FOLDER}"))?;
    for folder in ["services", "libs", "."] {
        let members = fs::read_dir(folder).with_context(|| format!("reading {folder}"))?;
        for member in members.flatten().map(|entry| entry.path()) {
            take(&member)?;
        }
    }
    println!("written to {FOLDER}");
    Ok(())
}

/// Moves a program's document out of its sources, and removes that of a library or of the tests.
fn take(member: &Path) -> Result<()> {
    let document = member.join(NAME).with_extension("json");
    let Some(name) = member.file_name().filter(|_| document.exists()) else { return Ok(()) };
    if !member.join("src/main.rs").exists() {
        return fs::remove_file(&document).with_context(|| format!("removing {}", document.display()));
    }
    let to = Path::new(FOLDER).join(name).with_extension("cdx.json");
    fs::rename(&document, &to).with_context(|| format!("moving {} to {}", document.display(), to.display()))
}
