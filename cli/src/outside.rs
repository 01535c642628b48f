//! Other programs that do a part of the work: the editor, the browser, the shell.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use chatapp_types::limits::BODY_MAX_BYTES;

use crate::exit::{Exit, Failure, Outcome};

/// Opens a link; `asked` is the program to do it with, the system's when empty. Does not wait for it.
pub(crate) fn open_link(asked: &[String], link: &str) -> Outcome {
    let system = if cfg!(target_os = "macos") {
        "open"
    } else if cfg!(windows) {
        "explorer"
    } else {
        "xdg-open"
    };
    let default = [system.to_owned()];
    let program = if asked.is_empty() { &default[..] } else { asked };
    let mut command = Command::new(&program[0]);
    command.args(&program[1..]).arg(link).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child =
        command.spawn().map_err(|e| Failure::new(Exit::Failure, format!("{}: {e}; the link: {link}", program[0])))?;
    // Somebody must hear of its end, or it stays a zombie.
    std::thread::spawn(move || child.wait());
    Ok(())
}

/// Lets a text be edited in the person's editor, on the terminal, and gives what it has become. Blocks its thread.
pub(crate) fn edit(asked: &[String], text: &str) -> Outcome<String> {
    let program = editor(asked);
    let mut file = tempfile::Builder::new().prefix("chat-").suffix(".txt").tempfile()?;
    file.write_all(text.as_bytes())?;
    file.flush()?;
    let ended = Command::new(&program[0]).args(&program[1..]).arg(file.path()).status();
    let status = ended.map_err(|e| Failure::new(Exit::Failure, format!("{}: {e}", program[0])))?;
    if !status.success() {
        return Err(Failure::new(Exit::Failure, format!("{} ended with {status}; nothing is changed", program[0])));
    }
    let mut bytes = Vec::new();
    // Opened anew, for editors replace the file.
    std::fs::File::open(file.path())?.take(BODY_MAX_BYTES as u64 * 4).read_to_end(&mut bytes)?;
    let text = String::from_utf8(bytes).map_err(|_| Failure::new(Exit::Invalid, "the text is not UTF-8"))?;
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}

/// Lets the shell have the terminal, which it was given; returns when one has come back.
pub(crate) fn suspend() -> std::io::Result<()> {
    let me = std::process::id().to_string();
    Command::new("kill").args(["-TSTP", &me]).status().map(drop)
}

fn editor(asked: &[String]) -> Vec<String> {
    if !asked.is_empty() {
        return asked.to_vec();
    }
    let named = ["VISUAL", "EDITOR"].into_iter().filter_map(|name| std::env::var(name).ok());
    let words = named.map(|text| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
    words.into_iter().find(|words| !words.is_empty()).unwrap_or_else(|| vec!["vi".to_owned()])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn shell(script: &str) -> Vec<String> {
        ["sh", "-c", script].map(str::to_owned).to_vec()
    }

    #[test]
    fn an_editor_changes_the_text_and_its_last_line_end_is_no_part_of_it() {
        assert_eq!(edit(&shell("echo more >> \"$0\""), "one\n").unwrap(), "one\nmore");
    }

    #[test]
    fn an_editor_that_fails_changes_nothing_and_says_so() {
        let failure = edit(&shell("exit 3"), "one").unwrap_err();
        assert!(failure.to_string().contains("nothing is changed"), "{failure}");
        assert!(edit(&["no-such-editor".to_owned()], "one").is_err());
    }

    #[test]
    fn a_link_is_given_to_the_program_as_one_word() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("got");
        let program = shell(&format!("printf %s \"$0\" > {}", file.display()));
        open_link(&program, "https://a.example/?a=1&b=$(id)").unwrap();
        let begun = std::time::Instant::now();
        while std::fs::read_to_string(&file).unwrap_or_default().is_empty() {
            assert!(begun.elapsed().as_secs() < 10, "the program was not run");
            std::thread::yield_now();
        }
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "https://a.example/?a=1&b=$(id)");
    }
}
