//! Completions and manual pages, made from the command line's own description.

use std::io::{self, Write as _};
use std::path::Path;

use clap::CommandFactory as _;

use crate::args::Cli;
use crate::exit::{Exit, Failure, Outcome};

pub(super) fn completions(shell: clap_complete::Shell) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "chat", &mut script);
    Ok(io::stdout().lock().write_all(&script)?)
}

pub(super) fn pages(folder: Option<&Path>) -> Outcome {
    if let Some(folder) = folder {
        let written = std::fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(Cli::command(), folder));
        return written.map_err(|e| Failure::new(Exit::Failure, format!("{}: {e}", folder.display())));
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page)?;
    Ok(io::stdout().lock().write_all(&page)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_folder_that_cannot_be_written_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a-file");
        std::fs::write(&file, "").unwrap();
        let failure = pages(Some(&file.join("man"))).unwrap_err();
        assert!(failure.to_string().contains("a-file/man"), "{failure}");
    }
}
