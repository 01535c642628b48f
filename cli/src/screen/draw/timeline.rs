//! The conversation.

use chatapp_types::Visibility;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::block::Blocks;
use super::{put, style};
use crate::screen::keymap::Action;
use crate::screen::layout::Layout;
use crate::screen::state::State;
use crate::screen::state::log::Side;
use crate::screen::state::room::RoomState;
use crate::screen::text;
use crate::screen::theme::Part;
use crate::screen::window;

pub(super) fn draw(state: &State, layout: &Layout, frame: &mut Frame<'_>) {
    let Some(room) = state.rooms.current() else { return nowhere(state, layout.timeline, frame) };
    put(frame, layout.header, 0, header(state, room, layout.header.width.into()));
    let area = layout.timeline;
    let blocks = Blocks::new(state, room, area.width.into());
    let seen = window::visible(&blocks, room, area.height.into());
    let used: usize = seen.iter().map(|(_, lines)| lines.len()).sum();
    let mut row = area.height.saturating_sub(u16::try_from(used).unwrap_or(area.height));
    if let Some(word) = above(state, room, &seen).filter(|_| row > 0) {
        put(frame, area, row - 1, Line::styled(word, style(state, Part::Dim)).centered());
    }
    for (at, range) in seen {
        for line in blocks.lines(at).drain(range) {
            put(frame, area, row, line);
            row += 1;
        }
    }
}

fn header(state: &State, room: &RoomState, columns: usize) -> Line<'static> {
    let private = if room.room.visibility == Visibility::Private { " (private)" } else { "" };
    let name = format!(" {}{private}", text::clean_line(&room.room.name));
    let topic = text::clean_line(&room.room.topic);
    let left = columns.saturating_sub(text::width(&name) + 3 + 12);
    let mut spans = vec![Span::styled(text::fit(&name, columns), style(state, Part::Header))];
    if !topic.is_empty() && left > 4 {
        spans.push(Span::styled(format!(" – {}", text::fit(&topic, left)), style(state, Part::Dim)));
    }
    let online = match room.online.len() {
        0 => String::new(),
        n => format!("{n} online "),
    };
    let used: usize = spans.iter().map(Span::width).sum();
    if !online.is_empty() && used + online.len() < columns {
        spans.push(Span::raw(" ".repeat(columns - used - online.len())));
        spans.push(Span::styled(online, style(state, Part::Dim)));
    }
    Line::from(spans)
}

/// What stands where there is nothing above the first line.
fn above(state: &State, room: &RoomState, seen: &[(usize, std::ops::Range<usize>)]) -> Option<&'static str> {
    let is_top = seen.first().is_none_or(|(at, lines)| *at == 0 && lines.start == 0);
    match room.log.loading() {
        Some(Side::Instead | Side::Older) => Some("loading …"),
        _ if !room.log.is_loaded() => Some("nothing is loaded; it is asked for when the gateway answers"),
        _ if is_top && room.log.has_older() && !state.is_connected() => {
            Some("what is earlier is asked for when the gateway answers")
        }
        _ if is_top && room.log.items().is_empty() => Some("nothing has been said here"),
        _ => None,
    }
}

/// Before one is in any room.
fn nowhere(state: &State, area: Rect, frame: &mut Frame<'_>) {
    let key = state.look.keymap.hint(Action::SwitchRoom).unwrap_or_default();
    let lines = if state.is_listed {
        vec!["You are in no room yet.".to_owned(), format!("{key} shows which there are, and makes new ones.")]
    } else {
        vec!["Asking for your rooms …".to_owned()]
    };
    for (row, text) in (area.height / 3..).zip(lines) {
        put(frame, area, row, Line::styled(text, style(state, Part::Dim)).centered());
    }
}
