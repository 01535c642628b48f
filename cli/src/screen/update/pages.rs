//! Loading and dropping parts of a room's log as one moves in it.

use crate::screen::draw::block::Blocks;
use crate::screen::effect::{Effect, Request, Span};
use crate::screen::layout::Layout;
use crate::screen::state::State;
use crate::screen::state::log::{Side, Stretch};
use crate::screen::state::room::{Anchor, View};
use crate::screen::window;
use chatapp_types::RoomId;

/// Entries of a page.
pub(super) const PAGE: u32 = 100;
/// Messages that are asked for at once to be quoted.
const QUOTES: usize = 4;
/// Blocks beyond the edge that are loaded before one comes there.
const AHEAD: usize = 30;

/// What is to be loaded so that the present room is seen.
pub(super) fn wanted(state: &mut State) -> Vec<Effect> {
    if !state.is_connected() {
        return vec![];
    }
    let rows = usize::from(Layout::of(state).timeline.height);
    let columns = usize::from(Layout::of(state).timeline.width);
    let Some(room) = state.rooms.current().filter(|r| r.log.loading().is_none() && r.ended.is_none()) else {
        return vec![];
    };
    let id = room.room.id;
    let (side, span) = if let Some(seq) = room.view.wanted {
        (Side::Instead, Span::After { seq: seq.saturating_sub(u64::from(PAGE / 2)), count: PAGE })
    } else if let Anchor::At { seq, .. } = room.view.anchor
        && room.log.is_kept()
    {
        (Side::Instead, Span::After { seq: seq.saturating_sub(u64::from(PAGE / 2)), count: PAGE })
    } else if !room.log.is_loaded() || room.log.is_kept() {
        (Side::Instead, Span::Latest)
    } else {
        // The end of a long log is seen and followed: by far the most frequent case, told at a glance.
        let is_following = room.view.anchor == Anchor::End && room.log.reaches(room.head);
        if is_following && room.log.items().len() > rows + AHEAD {
            return vec![];
        }
        let blocks = Blocks::new(state, room, columns);
        let seen = window::visible(&blocks, room, rows);
        let top = seen.first().map_or(0, |(at, _)| *at);
        let bottom = seen.last().map_or(0, |(at, _)| *at);
        let is_cleared = room.view.anchor == Anchor::End && room.view.cleared > 0;
        if room.log.lacks(room.head) && bottom + AHEAD >= room.log.items().len() {
            (Side::Newer, Span::After { seq: room.log.last(), count: PAGE })
        } else if room.log.has_older() && top < AHEAD && !is_cleared {
            let first = room.log.first();
            let after = first.saturating_sub(u64::from(PAGE) + 1).max(room.log.floor());
            (Side::Older, Span::After { seq: after, count: u32::try_from(first - 1 - after).unwrap_or(PAGE) })
        } else {
            return vec![];
        }
    };
    if let Some(room) = state.rooms.current_mut() {
        room.log.begin(side);
    }
    vec![Effect::Ask(Request::Page { room: id, side, span })]
}

/// What the answers of the present room quote is asked for, a few at a time.
pub(super) fn quotes(state: &mut State) -> Vec<Effect> {
    let is_connected = state.is_connected();
    let Some(room) = state.rooms.current_mut().filter(|r| is_connected && r.ended.is_none()) else { return vec![] };
    let id = room.room.id;
    let wanted = room.log.quotes().take_wanted(QUOTES);
    wanted.into_iter().map(|message| Effect::Ask(Request::Quote { room: id, id: message })).collect()
}

/// A page has come.
pub(super) fn came(state: &mut State, id: RoomId, side: Side, stretch: Stretch) -> Vec<Effect> {
    let Some(room) = state.rooms.get_mut(id) else { return vec![] };
    let is_first = room.head == 0;
    let follow = if is_first { vec![Effect::Follow { room: id, after: stretch.head }] } else { vec![] };
    room.head = room.head.max(stretch.head);
    if is_first && room.read_seq == 0 {
        room.read_seq = stretch.floor;
    }
    room.log.take(side, stretch);
    let last = room.log.last();
    room.pending.retain(|p| !matches!(p.fate, crate::screen::state::room::Fate::Sent(seq) if seq <= last));
    if let Some(seq) = room.view.wanted.take() {
        reveal(state, id, seq);
    }
    follow
}

/// Moves the view of a room so that an item that is loaded is seen, and chooses it.
pub(super) fn reveal(state: &mut State, id: RoomId, seq: u64) {
    let layout = Layout::of(state);
    let (rows, columns) = (usize::from(layout.timeline.height), usize::from(layout.timeline.width));
    let Some(room) = state.rooms.get(id) else { return };
    let at = room.log.position(seq).unwrap_or_else(|after| after);
    let blocks = Blocks::new(state, room, columns);
    if at >= blocks.len() {
        return;
    }
    // A little of what came before is seen too.
    let view = window::with_top(&blocks, room, rows, at.saturating_sub(rows / 4));
    let chosen = room.log.get(seq).and_then(|item| item.said()).map(|_| seq);
    if let Some(room) = state.rooms.get_mut(id) {
        room.view = View { chosen, ..view };
    }
}
