//! What the gateway answers.

use chatapp_types::RoomId;
use chatapp_types::rooms::Room;

use super::{came_in, entering, filling, going, listed, pages};
use crate::command::NewCode;
use crate::screen::effect::{Effect, Request};
use crate::screen::event::{Given, Trouble};
use crate::screen::state::State;
use crate::screen::state::overlay::Overlay;

pub(super) fn take(state: &mut State, to: Request, got: Result<Given, Trouble>) -> Vec<Effect> {
    if matches!((&to, &got), (Request::LogOut, Ok(_))) {
        // The feed may have told before that the session is over.
        state.is_logged_out = true;
        return vec![Effect::Quit];
    }
    if state.entrance.is_some() {
        return entering::answered(state, to, got);
    }
    match got {
        Ok(given) => given_to(state, to, given),
        Err(trouble) => troubled(state, &to, &trouble),
    }
}

fn given_to(state: &mut State, to: Request, given: Given) -> Vec<Effect> {
    match (to, given) {
        (Request::Rooms, Given::Rooms(rooms)) => listed(state, rooms),
        (Request::Page { room, side, .. }, Given::Page(stretch)) => pages::came(state, room, side, stretch),
        (Request::Quote { room, id }, Given::Message(item)) => {
            if let Some(room) = state.rooms.get_mut(room) {
                room.log.quotes().came(id, Some(*item));
            }
            vec![]
        }
        (Request::Members(id), Given::Members(members)) => {
            let Some(room) = state.rooms.get_mut(id) else { return vec![] };
            room.members = Some(members);
            room.members_asked = false;
            let again = going::members(room);
            filling::refresh_members(state, id);
            again
        }
        (Request::GoTo(_) | Request::Join(_) | Request::EnterByCode(_), Given::Room(room)) => entered(state, room),
        (Request::Create { .. }, Given::Created(room, code)) => {
            let (id, name) = (room.id, room.name.clone());
            let effects = entered(state, room);
            if let Some(code) = code {
                show_code(state, &name, &code, NewCode::default().told(id, state.now));
            }
            effects
        }
        (Request::NewCode(id, wanted), Given::Code(code)) => {
            let name = state.rooms.get(id).map(|r| r.room.name.clone()).unwrap_or_default();
            show_code(state, &name, &code, wanted.told(id, state.now));
            vec![]
        }
        (Request::Leave(id) | Request::DeleteRoom(id), Given::Done) => gone(state, id),
        (Request::Change(id, _), Given::Said(text)) => {
            state.say(text);
            state
                .rooms
                .get_mut(id)
                .map(|r| {
                    r.members_stale = true;
                    going::members(r)
                })
                .unwrap_or_default()
        }
        (to, given) => filling::fill(state, &to, given),
    }
}

/// One came into a room.
fn entered(state: &mut State, room: Room) -> Vec<Effect> {
    let id = room.id;
    let mut effects = came_in(state, room, None);
    effects.extend(going::go_to(state, id));
    effects
}

/// A code is shown this once, where nothing remembers it.
fn show_code(state: &mut State, room: &str, code: &str, told: Vec<String>) {
    let mut lines = vec!["Whoever has this code can enter. It is shown this once:".to_owned(), String::new()];
    lines.extend([format!("    {code}"), String::new()]);
    lines.extend(told);
    lines.push("Esc closes this.".to_owned());
    state.overlay = Some(Overlay::Paper { title: format!("The secret code of {room}"), lines, scroll: 0 });
}

/// One has left the room, or it is no more.
fn gone(state: &mut State, id: RoomId) -> Vec<Effect> {
    let next = state.rooms.before();
    state.rooms.remove(id);
    let mut effects = vec![Effect::Unfollow(id)];
    if let Some(next) = next.or(state.rooms.current_id()) {
        effects.extend(going::go_to(state, next));
    }
    effects
}

fn troubled(state: &mut State, to: &Request, trouble: &Trouble) -> Vec<Effect> {
    filling::stop_waiting(state, to);
    match to {
        Request::Page { room, .. } => {
            if let Some(room) = state.rooms.get_mut(*room) {
                room.log.give_up();
                room.view.wanted = None;
                // Asked again when there is a connection again, not at once and forever.
                if !trouble.is_transient {
                    room.ended.get_or_insert_with(|| trouble.text.clone());
                }
            }
        }
        Request::Quote { room, id } => {
            // What may not be read now is not asked for again, and nobody needs to be told.
            if let Some(room) = state.rooms.get_mut(*room).filter(|_| !trouble.is_transient) {
                room.log.quotes().came(*id, None);
            }
            return vec![];
        }
        Request::Members(id) => {
            if let Some(room) = state.rooms.get_mut(*id) {
                (room.members_asked, room.members_stale) = (false, true);
            }
        }
        _ => {}
    }
    // What nobody asked for by a key is asked for again when the gateway answers again; that it does not answer is told
    // by the status line.
    let is_silent = matches!(to, Request::Page { .. } | Request::Members(_) | Request::Rooms | Request::Public(_));
    if trouble.is_transient && is_silent {
        return vec![];
    }
    state.complain(trouble.text.clone());
    vec![]
}
