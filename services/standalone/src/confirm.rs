//! Questions before what cannot be undone.

use std::io::{self, BufRead, IsTerminal as _, Write};

use crate::screen::harmless;

/// Longer input is no answer.
const ANSWER_MAX: u64 = 4_096;

/// What cannot be undone was not confirmed, so nothing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotConfirmed {
    /// Nobody can be asked.
    #[error("deleting an account cannot be undone, and there is no terminal to ask on: say --yes; nothing was deleted")]
    NobodyToAsk,
    /// Another name was typed, or none.
    #[error("that is not the account's name: nothing was deleted")]
    AnotherName,
}

/// Asks on the terminal for the name of the account that is to be deleted.
pub(crate) fn deletion(username: &str) -> anyhow::Result<()> {
    if !io::stdin().is_terminal() {
        return Err(NotConfirmed::NobodyToAsk.into());
    }
    ask(username, io::stdin().lock(), io::stderr())
}

fn ask(username: &str, answers: impl BufRead, mut terminal: impl Write) -> anyhow::Result<()> {
    let name = harmless(username);
    writeln!(
        terminal,
        "This deletes the account {name} for good: its rooms pass to others, its messages lose their name."
    )?;
    write!(terminal, "Type the account's name to go on: ")?;
    terminal.flush()?;
    let mut answer = String::new();
    answers.take(ANSWER_MAX).read_line(&mut answer)?;
    if answer.trim() == username { Ok(()) } else { Err(NotConfirmed::AnotherName.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(answer: &str) -> Option<NotConfirmed> {
        ask("ann", answer.as_bytes(), io::sink()).err().and_then(|error| error.downcast().ok())
    }

    #[test]
    fn only_the_accounts_name_confirms() {
        assert_eq!(answered("ann\n"), None);
        assert_eq!(answered("  ann \r\n"), None);
        for answer in ["", "\n", "y\n", "yes\n", "anna\n", "Ann\n"] {
            assert_eq!(answered(answer), Some(NotConfirmed::AnotherName), "{answer:?}");
        }
    }

    #[test]
    fn the_question_names_the_account() {
        let mut shown = Vec::new();
        ask("ann", &b"ann\n"[..], &mut shown).unwrap();
        assert!(String::from_utf8(shown).unwrap().contains("account ann for good"));
    }
}
