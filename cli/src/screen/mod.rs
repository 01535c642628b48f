//! The full-screen interface.
//!
//! Keys and events become commands: [`update::update`] takes the state and an event and gives what is to be done, and
//! [`draw::draw`] makes a picture of the state. Neither touches anything else. The [`runner`] alone reads keys, speaks
//! with the gateway, writes files and the terminal.

mod draw;
mod effect;
mod event;
mod fuzzy;
pub(crate) mod keymap;
mod layout;
mod runner;
pub(crate) mod state;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub(crate) mod text;
mod theme;
mod update;
mod window;

use std::fmt::Write as _;

use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::settings::Settings;
use keymap::{Keymap, Place};
use state::Look;
use theme::Theme;

/// How it is to be opened.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    /// Ask for messages instead of holding a socket.
    pub(crate) poll: bool,
    /// Vim's keys, whatever the settings say.
    pub(crate) vim: bool,
    /// A theme, whatever the settings say.
    pub(crate) theme: Option<String>,
}

/// Opens it, until the person leaves.
pub(crate) async fn run(context: &Context, options: Options) -> Outcome {
    let look = look(context.settings()?, &options)?;
    runner::run(context, look, options.poll).await
}

/// The settings, for the help and the manual.
pub(crate) const SETTINGS_HELP: &str = r#"Settings: chat.toml, beside the log-ins ($CHAT_CONFIG_DIR, else ~/.config/chatapp)
  theme = "dark"              # dark, light or plain; NO_COLOR goes before it
  mouse = false               # wheel and clicks; the terminal then marks text with Shift
  vim = false
  offline = true              # what was loaded is kept on disk, to be read without the gateway
  editor = ["vim"]            # else $VISUAL, $EDITOR, vi
  open_with = ["firefox"]     # else what the system opens links with
  author_colors = ["cyan", "green", "yellow"]
  [colors]                    # dim, time, event, day, unread, mention, link, error, warning, header, status, key, …
  mention = "magenta"
  [notify]
  bell = true                 # the terminal's bell
  osc = "off"                 # the terminal's notification: "9", "777" or "off"
  desktop = false             # the desktop's notification, where there is one
  hook = ["notify.sh"]        # gets each call as a line of JSON on its standard input
  also_when_looking = false   # also for the room in front of you
  [typing]
  tell = true                 # others see that you are typing
  show = true                 # you see who is typing
  [keys.writing]              # everywhere, writing, reading, lists or plain; "none" takes a key's meaning away
  "ctrl+g" = "switch-room"    # keys one after the other with blanks between them: "g g"
"#;

/// Keys, the name of what they do, and what that is.
pub(crate) type KeyHelp = (String, &'static str, &'static str);

/// Each place with its keys, for the help and the manual.
pub(crate) fn keys(vim: bool) -> Vec<(&'static str, Vec<KeyHelp>)> {
    let Ok(keymap) = Keymap::new(vim, &std::collections::BTreeMap::new()) else { return vec![] };
    let of =
        |place: Place| keymap.of(place).into_iter().map(|(a, keys)| (keys.join(", "), a.name(), a.what())).collect();
    Place::ALL.into_iter().map(|place| (place.title(), of(place))).collect()
}

/// The keys of the line-by-line client, a line each, for its help.
pub(crate) fn plain_keys(keymap: &Keymap) -> String {
    let mut text = "Keys:".to_owned();
    for (action, keys) in keymap.of(Place::Plain) {
        let _ = write!(text, "\n{:<32} {}", keys.join(", "), action.what());
    }
    text
}

/// What the person has chosen, as the screen needs it.
fn look(settings: Settings, options: &Options) -> Outcome<Look> {
    let wrong = |why| Failure::new(Exit::Usage, format!("chat.toml: {why}"));
    let is_vim = options.vim || settings.vim;
    let keymap = settings.keymap(is_vim)?;
    let without_colour = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
    let named = options.theme.clone().or_else(|| settings.theme.clone());
    let name = match named {
        _ if without_colour => "plain".to_owned(),
        Some(name) => name,
        None => background().to_owned(),
    };
    let theme = Theme::named(&name)
        .ok_or_else(|| wrong(format!("the themes are {}, not {name:?}", Theme::NAMES.join(", "))))?;
    let theme =
        if without_colour { theme } else { theme.with(&settings.colors, &settings.author_colors).map_err(wrong)? };
    Ok(Look {
        has_mouse: settings.mouse,
        settings,
        theme,
        keymap,
        is_vim,
        is_numbered: false,
        rooms: None,
        members: None,
    })
}

/// Whether the terminal is dark or light, where it says so (`COLORFGBG`, like `0;15`); most are dark.
fn background() -> &'static str {
    let said = std::env::var("COLORFGBG").unwrap_or_default();
    match said.rsplit(';').next().and_then(|n| n.parse::<u8>().ok()) {
        Some(7 | 9..=15) => "light",
        _ => "dark",
    }
}
