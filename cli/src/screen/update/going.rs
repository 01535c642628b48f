//! From room to room.

use chatapp_types::RoomId;

use crate::screen::effect::{Effect, Request};
use crate::screen::state::room::{Anchor, RoomState, View};
use crate::screen::state::{Focus, State};

/// Goes to a room one is in.
pub(super) fn go_to(state: &mut State, id: RoomId) -> Vec<Effect> {
    if state.rooms.get(id).is_none() {
        return vec![];
    }
    let mut effects = vec![];
    if !state.rooms.is_current(id) {
        effects = left(state);
    }
    state.rooms.go_to(id);
    state.overlay = None;
    state.focus = Focus::Writing;
    if let Some(room) = state.rooms.current_mut() {
        draw_line(room);
        room.view.chosen = None;
        if room.view.anchor == Anchor::End && !room.log.reaches(room.head) && room.log.is_loaded() {
            // What lies between is long: the end is read anew.
            room.log.drop_all();
        }
        effects.extend(members(room));
    }
    effects.push(remember(state));
    effects
}

/// One goes out of the present room: what was seen there is marked, and a room one is no longer in is forgotten.
fn left(state: &mut State) -> Vec<Effect> {
    let Some(room) = state.rooms.current_mut() else { return vec![] };
    let id = room.room.id;
    let effects = if room.is_at_end() { mark_now(room) } else { vec![] };
    room.line = None;
    if room.ended.is_some() {
        state.rooms.remove(id);
    }
    effects
}

/// The line between read and unread stands where one has read to.
pub(super) fn draw_line(room: &mut RoomState) {
    room.line = (room.unread > 0).then_some(room.read_seq);
}

/// Moves the marker to what was seen.
pub(super) fn mark_now(room: &mut RoomState) -> Vec<Effect> {
    let seq = room.log.last();
    if !room.is_at_end() || seq <= room.read_seq || room.ended.is_some() {
        return vec![];
    }
    room.read_seq = seq;
    vec![Effect::MarkRead { room: room.room.id, seq }]
}

/// Asks for the members of a room, where they are not known.
pub(super) fn members(room: &mut RoomState) -> Vec<Effect> {
    if !room.members_stale || room.ended.is_some() || std::mem::replace(&mut room.members_asked, true) {
        return vec![];
    }
    room.members_stale = false;
    vec![Effect::Ask(Request::Members(room.room.id))]
}

/// What is to be known the next time.
pub(super) fn remember(state: &State) -> Effect {
    let drafts = state.rooms.iter().map(|r| (r.room.id, r.composer.draft().to_owned()));
    // Whoever saw no rooms, for the gateway was away, comes back to where it was before.
    let last_room = state.rooms.current_id().or(state.remembered.last_room);
    Effect::Remember { last_room, drafts: drafts.collect() }
}

/// One is no longer in a room. The one that is looked at stays until one goes elsewhere.
pub(super) fn ended(state: &mut State, id: RoomId, why: &str) -> Vec<Effect> {
    if state.rooms.is_current(id) {
        if let Some(room) = state.rooms.current_mut() {
            room.ended.get_or_insert_with(|| why.to_owned());
            room.typing.clear();
            room.online.clear();
            (room.unread, room.mentions) = (0, 0);
        }
    } else {
        state.rooms.remove(id);
    }
    vec![Effect::Unfollow(id)]
}

/// Where the first unread message is.
pub(super) fn first_unread(state: &mut State) -> Vec<Effect> {
    let Some(room) = state.rooms.current() else { return vec![] };
    let id = room.room.id;
    let line = room.line.or_else(|| (room.unread > 0).then_some(room.read_seq));
    let Some(seq) = line else {
        state.say("Nothing is unread here.");
        return vec![];
    };
    if let Some(room) = state.rooms.current_mut() {
        room.line = Some(seq);
    }
    to_message(state, id, seq + 1)
}

/// To an entry of a room one is in: what is around it is loaded if it is not.
pub(super) fn to_message(state: &mut State, id: RoomId, seq: u64) -> Vec<Effect> {
    let effects = if state.rooms.is_current(id) { vec![] } else { go_to(state, id) };
    let Some(room) = state.rooms.get_mut(id) else { return effects };
    state.overlay = None;
    if room.log.is_loaded() && seq >= room.log.first() && seq <= room.log.last() {
        super::pages::reveal(state, id, seq);
    } else {
        room.view = View { wanted: Some(seq), ..View::default() };
    }
    state.focus = Focus::Reading;
    effects
}

/// To the latest message.
pub(super) fn to_end(state: &mut State) {
    if let Some(room) = state.rooms.current_mut() {
        if room.log.is_loaded() && !room.log.reaches(room.head) {
            room.log.drop_all();
        }
        room.view = View { cleared: room.view.cleared, ..View::default() };
    }
}
