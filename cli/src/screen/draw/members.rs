//! The members at the right: who is online first.

use chatapp_types::Role;
use chatapp_types::rooms::Member;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{fence, put, style};
use crate::screen::state::State;
use crate::screen::state::room::RoomState;
use crate::screen::text;
use crate::screen::theme::Part;

pub(super) fn draw(state: &State, area: Rect, frame: &mut Frame<'_>) {
    let Some(room) = state.rooms.current().filter(|_| area.width > 0) else { return };
    fence(state, frame, area.x.saturating_sub(1), area.height);
    let title = room.members.as_ref().map_or_else(|| " Members".to_owned(), |m| format!(" Members ({})", m.len()));
    put(frame, area, 0, Line::styled(text::padded(&title, area.width.into()), style(state, Part::Header)));
    let list = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let mut members: Vec<&Member> = room.members.iter().flatten().collect();
    let online = |m: &Member| room.online.contains(&m.user.id);
    members.sort_by_key(|m| (!online(m), std::cmp::Reverse(m.role), m.user.username.clone()));
    for (row, member) in (0..list.height).zip(&members) {
        put(frame, list, row, line(state, room, member, list.width.into()));
    }
    let hidden = members.len().saturating_sub(list.height.into());
    if hidden > 0 {
        let more = text::padded(&format!(" … and {} more", hidden + 1), area.width.into());
        put(frame, list, list.height.saturating_sub(1), Line::styled(more, style(state, Part::Dim)));
    }
}

fn line(state: &State, room: &RoomState, member: &Member, columns: usize) -> Line<'static> {
    let is_online = room.online.contains(&member.user.id);
    let role = match member.role {
        Role::Owner => " owner",
        Role::Admin => " admin",
        Role::Member => "",
    };
    let columns = columns.saturating_sub(3 + role.len());
    let name = text::padded(&text::clean_line(&member.user.username), columns);
    let name_style = if is_online { state.look.theme.author(member.user.id) } else { style(state, Part::Dim) };
    Line::from(vec![
        Span::styled(if is_online { " ● " } else { " ○ " }, style(state, Part::Dim)),
        Span::styled(name, name_style),
        Span::styled(role, style(state, Part::Dim)),
    ])
}
