//! The rooms at the left: what is unread, and what names one.

use chatapp_types::{RoomId, Visibility};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{fence, put, style};
use crate::screen::state::State;
use crate::screen::state::room::{Fate, RoomState};
use crate::screen::text;
use crate::screen::theme::Part;

pub(super) fn draw(state: &State, area: Rect, frame: &mut Frame<'_>) {
    if area.width == 0 {
        return;
    }
    fence(state, frame, area.right(), area.height);
    put(frame, area, 0, Line::styled(text::padded(" Rooms", area.width.into()), style(state, Part::Header)));
    let list = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let count = state.rooms.iter().len();
    if count == 0 {
        let hint = if state.is_listed { " none yet" } else { " …" };
        return put(frame, list, 0, Line::styled(hint, style(state, Part::Dim)));
    }
    let current = state.rooms.iter().position(|r| state.rooms.is_current(r.room.id)).unwrap_or(0);
    let from = first_row(count, current, list.height.into());
    for (row, room) in (0..list.height).zip(state.rooms.iter().skip(from)) {
        put(frame, list, row, line(state, room, list.width.into()));
    }
    hidden(state, list, from, frame);
}

/// Which room stands at a row of the screen.
pub(super) fn at(state: &State, area: Rect, row: u16) -> Option<RoomId> {
    let row = row.checked_sub(area.y + 1)?;
    let current = state.rooms.iter().position(|r| state.rooms.is_current(r.room.id)).unwrap_or(0);
    let from = first_row(state.rooms.iter().len(), current, area.height.saturating_sub(1).into());
    state.rooms.iter().nth(from + usize::from(row)).map(|r| r.room.id)
}

/// Which room stands in the first row, so that the current one is seen.
fn first_row(count: usize, current: usize, rows: usize) -> usize {
    current.saturating_sub(rows / 2).min(count.saturating_sub(rows))
}

/// What is unread in rooms that do not fit is told at the edge.
fn hidden(state: &State, list: Rect, from: usize, frame: &mut Frame<'_>) {
    let rows = usize::from(list.height);
    let unread = |rooms: &mut dyn Iterator<Item = &RoomState>| rooms.filter(|r| r.unread > 0).count();
    let above = unread(&mut state.rooms.iter().take(from));
    let below = unread(&mut state.rooms.iter().skip(from + rows));
    let tell = |sign: &str, count| {
        Line::styled(text::padded_left(&format!("{sign}{count} unread "), list.width.into()), style(state, Part::Named))
    };
    if above > 0 {
        put(frame, list, 0, tell("↑", above));
    }
    if below > 0 {
        put(frame, list, list.height.saturating_sub(1), tell("↓", below));
    }
}

fn line(state: &State, room: &RoomState, columns: usize) -> Line<'static> {
    let sign = if room.room.visibility == Visibility::Private { '*' } else { '#' };
    let failed = room.pending.iter().any(|p| matches!(p.fate, Fate::Failed(_)));
    let mark = match (room.ended.is_some(), failed, room.mentions, room.unread) {
        (true, ..) => "gone ".to_owned(),
        (_, true, ..) => "✗ ".to_owned(),
        (_, _, 0, 0) if !room.composer.is_empty() && !state.rooms.is_current(room.room.id) => "✎ ".to_owned(),
        (_, _, 0, 0) => String::new(),
        (_, _, 0, unread) => format!("{} ", shortened(unread)),
        (_, _, mentions, unread) => format!("@{} {} ", shortened(mentions), shortened(unread)),
    };
    let name_columns = columns.saturating_sub(text::width(&mark) + 2);
    let name = text::padded(&text::clean_line(&room.room.name), name_columns);
    let part = match (room.mentions, room.unread) {
        _ if room.ended.is_some() => Part::Dim,
        (0, 0) => Part::Text,
        (0, _) => Part::Counted,
        _ => Part::Named,
    };
    let mut line = Line::from(vec![
        Span::styled(format!(" {sign}"), style(state, Part::Dim)),
        Span::styled(name, style(state, part)),
        Span::styled(mark, style(state, if failed { Part::Error } else { part })),
    ]);
    if state.rooms.is_current(room.room.id) {
        line = line.patch_style(style(state, Part::Current));
    }
    line
}

fn shortened(count: u64) -> String {
    if count > 999 { "999+".to_owned() } else { count.to_string() }
}
