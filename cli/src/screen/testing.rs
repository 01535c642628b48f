//! A state for tests.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use chatapp_types::{Timestamp, UserId, UserRef};
use jiff::tz::TimeZone;

use super::keymap::Keymap;
use super::state::{Look, Size, State};
use super::theme::Theme;
use crate::settings::Settings;

/// A user whose id follows from the name.
pub(crate) fn user(name: &str) -> UserRef {
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(name.bytes()) {
        *to = from;
    }
    UserRef { id: UserId(uuid::Uuid::from_bytes(bytes)), username: name.to_owned() }
}

/// The state of ann before anything has happened, on 80×24.
pub(crate) fn state() -> State {
    let look = Look {
        settings: Settings::default(),
        theme: Theme::named("dark").unwrap(),
        keymap: Keymap::new(false, &BTreeMap::new()).unwrap(),
        is_vim: false,
        has_mouse: false,
        is_numbered: false,
        rooms: None,
        members: None,
    };
    let now = "2026-11-22T18:00:00Z".parse::<Timestamp>().unwrap();
    let mut state = State::new(look, Size { columns: 80, rows: 24 }, TimeZone::UTC, now);
    state.me = user("ann");
    state
}
