//! Completions for shells, and manual pages: written from the command line's own description and from the lists of keys
//! and commands, so that they cannot differ from them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;

use clap::CommandFactory as _;
use clap_mangen::roff::{Roff, bold, roman};

use crate::args::Cli;
use crate::command::{COMMANDS, Group, LITERAL};
use crate::exit::{Exit, Failure, Outcome};
use crate::screen::keymap::Place;
use crate::screen::{SETTINGS_HELP, keys};

pub(super) fn completions(shell: clap_complete::Shell) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "chat", &mut script);
    Ok(io::stdout().lock().write_all(&script)?)
}

pub(super) fn pages(folder: Option<&Path>) -> Outcome {
    let page = main_page()?;
    if let Some(folder) = folder {
        let written = std::fs::create_dir_all(folder)
            .and_then(|()| clap_mangen::generate_to(Cli::command(), folder))
            .and_then(|()| std::fs::write(folder.join("chat.1"), &page));
        return written.map_err(|e| Failure::new(Exit::Failure, format!("{}: {e}", folder.display())));
    }
    Ok(io::stdout().lock().write_all(&page)?)
}

/// What is otherwise with `--plain`, and why.
const LINE_BY_LINE: &str = "\
chat --plain is for screen readers, pipes and terminals that cannot draw. It shows each message once, as a line that
nothing changes later, and has every command. What follows is all that differs.

Who is typing stands before the prompt while it is so, and takes no line of the conversation; :status says it too. Others
see that you are typing a message, not that you are typing a command. [typing] in the settings turns either off. On input
that is no terminal nobody can see it.

There are no panes: :rooms, :members and :who show what is in them. An edit or a deletion is a line that names the message
by its number; :numbers shows them, and :goto shows messages as they are now. The keys with which messages are chosen are
commands with a number: :reply #N, :edit #N, :delete #N, :copy #N, :open #N. Scrolling is the terminal's; :history shows
what came earlier.

Rooms that you are not in call for your attention as on the full screen, and one line tells of it. The room that you are in
calls too, because a line-by-line client does not ask the terminal whether it is in front.

A message that is sent vanishes from the line and comes back as a line when it is stored. Until then :status counts it; one
that was refused says so, and :retry sends it once more.

:theme, :pane, :mouse and :vim, and the settings of the same names, are about what the full screen looks like and mean
nothing here. Keys of the settings hold under [keys.plain] and [keys.everywhere].";

/// The page of `chat`, with the keys, the commands and the settings of the interactive clients.
fn main_page() -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page)?;
    let mut more = Roff::new();
    more.control("SH", ["COMMANDS IN A ROOM"]);
    more.text([roman("In both interactive clients a line that begins with a colon is a command.")]);
    for group in Group::ALL {
        more.control("SS", [group.title()]);
        for c in COMMANDS.iter().filter(|c| c.group == group) {
            entry(&mut more, format!(":{} {}", c.name, c.takes).trim_end(), c.what);
        }
    }
    more.text([roman(LITERAL)]);
    for (title, vim) in [("KEYS", false), ("KEYS WITH \\-\\-VIM", true)] {
        more.control("SH", [title]);
        // Vim's keys are about the full-screen interface alone.
        for (place, bindings) in keys(vim).into_iter().filter(|(place, _)| !vim || *place != Place::Plain.title()) {
            more.control("SS", [place]);
            for (keys, _, what) in bindings {
                entry(&mut more, &keys, what);
            }
        }
    }
    more.control("SH", ["LINE BY LINE"]);
    for paragraph in LINE_BY_LINE.split("\n\n") {
        more.control("PP", []);
        more.text([roman(paragraph.replace('\n', " "))]);
    }
    more.control("SH", ["SETTINGS"]);
    more.control("nf", []);
    for line in SETTINGS_HELP.lines() {
        more.text([roman(line)]);
    }
    more.control("fi", []);
    more.control("SH", ["ACTIONS FOR KEYS"]);
    let all = [false, true].into_iter().flat_map(keys).flat_map(|(_, bindings)| bindings);
    let names: BTreeMap<&str, &str> = all.map(|(_, name, what)| (name, what)).collect();
    for (name, what) in names {
        entry(&mut more, name, what);
    }
    more.to_writer(&mut page)?;
    Ok(page)
}

fn entry(page: &mut Roff, term: &str, what: &str) {
    page.control("TP", []);
    page.text([bold(term)]);
    page.text([roman(what)]);
}

/// What the long help says of the interactive clients.
pub(crate) fn interactive_help() -> String {
    let mut text = String::from("Keys of the interactive clients:\n");
    for (place, bindings) in keys(false) {
        let _ = writeln!(text, "  {place}");
        for (keys, _, what) in bindings {
            let _ = writeln!(text, "    {keys:<24} {what}");
        }
    }
    let _ = writeln!(text, "\nCommands in a room, in the full-screen interface and with --plain:");
    for group in Group::ALL {
        let _ = writeln!(text, "  {}", group.title());
        for c in COMMANDS.iter().filter(|c| c.group == group) {
            let _ = writeln!(text, "    {:<32} {}", format!(":{} {}", c.name, c.takes).trim_end(), c.what);
        }
    }
    text.push_str("\nLine by line:\n");
    for paragraph in LINE_BY_LINE.split("\n\n") {
        // As wide as the terminal: it is broken where it is shown.
        let _ = writeln!(text, "{}\n", paragraph.replace('\n', " "));
    }
    let _ = writeln!(text, "{SETTINGS_HELP}");
    text
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

    #[test]
    fn the_manual_knows_every_command_and_how_to_choose_keys() {
        let page = String::from_utf8(main_page().unwrap()).unwrap();
        for c in COMMANDS {
            let name = c.name.replace('-', "\\-");
            assert!(page.contains(&format!(":{name}")), "{}", c.name);
        }
        assert!(page.contains("switch\\-room") && page.contains("chat.toml"), "{page}");
    }
}
