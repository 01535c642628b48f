//! What a person has chosen: `chat.toml`, read at the start and written by nobody but its owner; and what `chat` itself
//! remembers of the last time.

mod kept_rooms;
mod remembered;

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

pub(crate) use kept_rooms::KeptRooms;
pub(crate) use remembered::{Memory, Remembered};

use crate::exit::{Exit, Failure, Outcome};
use crate::screen::keymap::Keymap;

/// The settings. Every one has a default, and an unknown one is an error that names it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// `dark`, `light` or `plain`; by the terminal when absent.
    pub(crate) theme: Option<String>,
    /// Colours in place of the theme's, by the name of what is coloured.
    pub(crate) colors: BTreeMap<String, String>,
    /// The colours of authors, in place of the theme's.
    pub(crate) author_colors: Vec<String>,
    /// Whether the mouse is taken.
    pub(crate) mouse: bool,
    /// Whether vim's keys are used.
    pub(crate) vim: bool,
    /// Whether what was loaded is kept on disk, to be read without the gateway.
    pub(crate) offline: bool,
    /// The program that opens links; the system's when absent.
    pub(crate) open_with: Vec<String>,
    /// The editor; `$VISUAL` or `$EDITOR` when absent.
    pub(crate) editor: Vec<String>,
    /// How attention is called for.
    pub(crate) notify: NotifySettings,
    /// What is told of typing, and what is shown of it.
    pub(crate) typing: TypingSettings,
    /// Keys, by where they hold: `everywhere`, `writing`, `reading`, `lists`, `plain`; each maps a key to an action.
    pub(crate) keys: BTreeMap<String, BTreeMap<String, String>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: None,
            colors: BTreeMap::new(),
            author_colors: Vec::new(),
            mouse: false,
            vim: false,
            offline: true,
            open_with: Vec::new(),
            editor: Vec::new(),
            notify: NotifySettings::default(),
            typing: TypingSettings::default(),
            keys: BTreeMap::new(),
        }
    }
}

/// How attention is called for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NotifySettings {
    /// The terminal's bell.
    pub(crate) bell: bool,
    /// The terminal's notification: `9` (`ConEmu`, `iTerm2`, `WezTerm`), `777` (`urxvt`, `foot`) or `off`.
    pub(crate) osc: Osc,
    /// The desktop's notification, where there is a desktop.
    pub(crate) desktop: bool,
    /// A program that gets each notification as JSON on its standard input.
    pub(crate) hook: Vec<String>,
    /// Whether also the room that one looks at calls, while the terminal is in front.
    pub(crate) also_when_looking: bool,
}

impl Default for NotifySettings {
    fn default() -> Self {
        Self { bell: true, osc: Osc::Off, desktop: false, hook: Vec::new(), also_when_looking: false }
    }
}

/// Typing.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TypingSettings {
    /// Whether others see that one is typing.
    pub(crate) tell: bool,
    /// Whether it is shown who is typing.
    pub(crate) show: bool,
}

impl Default for TypingSettings {
    fn default() -> Self {
        Self { tell: true, show: true }
    }
}

/// Which sequence a terminal takes for a notification.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) enum Osc {
    #[serde(rename = "9")]
    Nine,
    #[serde(rename = "777")]
    SevenSevenSeven,
    #[default]
    #[serde(rename = "off")]
    Off,
}

impl Settings {
    /// The keys in force, vim's if `vim` or the settings say so.
    pub(crate) fn keymap(&self, vim: bool) -> Outcome<Keymap> {
        Keymap::new(vim || self.vim, &self.keys).map_err(|why| Failure::new(Exit::Usage, format!("chat.toml: {why}")))
    }

    /// Reads the file; one that is missing is one without settings.
    pub(crate) fn read(path: &Path) -> Outcome<Self> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(e) => return Err(Failure::new(Exit::Failure, format!("{}: {e}", path.display()))),
        };
        Self::parse(&text).map_err(|why| Failure::new(Exit::Usage, format!("{}: {why}", path.display())))
    }

    fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|e| {
            let line = e.span().map(|at| 1 + text.bytes().take(at.start).filter(|byte| *byte == b'\n').count());
            let place = line.map(|line| format!("line {line}: ")).unwrap_or_default();
            format!("{place}{}", e.message().trim_end().replace('\n', " "))
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn no_file_is_no_setting() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Settings::read(&dir.path().join("chat.toml")).unwrap(), Settings::default());
    }

    #[test]
    fn settings_are_read_as_the_manual_writes_them() {
        let text = "theme = \"light\"\nvim = true\n[notify]\nosc = \"777\"\nhook = [\"/bin/cat\"]\n[keys.writing]\n\"ctrl+g\" = \"switch-room\"\n";
        let settings = Settings::parse(text).unwrap();
        assert_eq!(
            (settings.theme.as_deref(), settings.vim, settings.notify.osc),
            (Some("light"), true, Osc::SevenSevenSeven)
        );
        assert!(settings.notify.bell, "what is not named keeps its default");
        assert_eq!(settings.keys["writing"]["ctrl+g"], "switch-room");
    }

    #[test]
    fn a_mistyped_setting_is_named() {
        let why = Settings::parse("vim = true\nthme = \"dark\"").unwrap_err();
        assert!(why.starts_with("line 2: unknown field `thme`, expected one of"), "{why}");
        assert!(Settings::parse("[notify]\nosc = \"52\"").is_err());
    }
}
