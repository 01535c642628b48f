//! Writing: the keys of the composer, and what becomes of the text.

use time::Duration;

use super::{commands, messages};
use crate::command::Typed;
use crate::completion::Known;
use crate::screen::effect::Effect;
use crate::screen::keymap::Action;
use crate::screen::layout::Layout;
use crate::screen::state::composer::Purpose;
use crate::screen::state::{Focus, State};

/// How often it is said that one is typing.
const TYPING_EVERY: Duration = Duration::seconds(4);
/// Texts that the history holds.
const REMEMBERED: usize = 200;

/// What an action does to the text.
pub(super) fn act(state: &mut State, action: Action) -> Vec<Effect> {
    match action {
        Action::Send => return send(state),
        Action::Complete | Action::CompleteBack => return complete(state, action == Action::CompleteBack),
        Action::Editor => {
            return state.rooms.current().map(|r| vec![Effect::Edit(r.composer.text().to_owned())]).unwrap_or_default();
        }
        Action::Up | Action::Down => return vertically(state, action == Action::Down),
        Action::HistoryBack | Action::HistoryForward => {
            let State { rooms, sent, .. } = state;
            if let Some(room) = rooms.current_mut() {
                room.composer.recall(sent, action == Action::HistoryBack);
            }
            return vec![];
        }
        _ => {}
    }
    let Some(room) = state.rooms.current_mut() else { return vec![] };
    if room.composer.edit(action) {
        state.focus = Focus::Writing;
    }
    vec![]
}

/// A text comes in at the cursor.
pub(super) fn typed(state: &mut State, text: &str) -> Vec<Effect> {
    let now = state.now;
    let Some(room) = state.rooms.current_mut() else { return vec![] };
    room.composer.insert(text);
    room.view.chosen = None;
    // Before the first page of a room it is not followed yet, and nobody there can be told.
    let is_message = !room.composer.text().starts_with(':') && room.ended.is_none() && room.head > 0;
    let is_due = room.said_typing.is_none_or(|at| at.plus(TYPING_EVERY) <= now);
    if !(is_message && is_due) {
        return vec![];
    }
    room.said_typing = Some(now);
    let id = room.room.id;
    if state.is_connected() && state.look.settings.typing.tell { vec![Effect::Typing(id)] } else { vec![] }
}

fn vertically(state: &mut State, down: bool) -> Vec<Effect> {
    let columns = Layout::of(state).writing_columns();
    let Some(room) = state.rooms.current_mut() else { return vec![] };
    if room.composer.is_empty() && room.composer.purpose == Purpose::Message {
        return if down { vec![] } else { messages::edit(state, crate::command::Target::Latest) };
    }
    room.composer.vertically(down, columns);
    vec![]
}

fn complete(state: &mut State, back: bool) -> Vec<Effect> {
    let rooms = state.rooms.iter().map(|r| r.room.name.clone()).collect();
    if let Some(room) = state.rooms.current_mut() {
        let me = &state.me.username;
        let users = room.names().into_iter().filter(|name| name != me).collect();
        room.composer.complete(&Known { users, rooms }, back);
    }
    vec![]
}

/// The editor has ended.
pub(super) fn edited(state: &mut State, result: Result<String, String>) -> Vec<Effect> {
    match (result, state.rooms.current_mut()) {
        (Ok(text), Some(room)) => room.composer.set(&text),
        (Ok(_), None) => {}
        (Err(why), _) => state.complain(why),
    }
    state.focus = Focus::Writing;
    vec![]
}

/// What was written is done or goes out.
fn send(state: &mut State) -> Vec<Effect> {
    let Some(room) = state.rooms.current_mut() else { return vec![] };
    let text = room.composer.text().to_owned();
    let is_edit = matches!(room.composer.purpose, Purpose::Edit { .. });
    let typed = if is_edit { Typed::Message(text.trim_end().to_owned()) } else { Typed::read(&text) };
    match typed {
        Typed::Nothing => vec![],
        Typed::Wrong(why) => {
            state.complain(why);
            vec![]
        }
        Typed::Command(command) => {
            let is_secret = command.is_secret();
            take(state, !is_secret);
            state.focus = state.came_from.take().unwrap_or(state.focus);
            commands::run(state, command)
        }
        Typed::Message(_) if room.ended.is_some() => {
            state.complain("You are no longer in this room.");
            vec![]
        }
        Typed::Message(text) => post(state, text),
    }
}

/// Empties the composer; `remember` says whether what was in it may be brought back.
fn take(state: &mut State, remember: bool) {
    let now = state.now;
    let Some(room) = state.rooms.current_mut() else { return };
    let text = room.composer.take();
    // Whoever goes on writing is told of again, though not at once: the gateway passes over what comes too often.
    room.said_typing = room.said_typing.map(|_| now.plus(Duration::SECOND - TYPING_EVERY));
    if remember && !text.trim().is_empty() && state.sent.last() != Some(&text) {
        state.sent.push(text);
        if state.sent.len() > REMEMBERED {
            state.sent.remove(0);
        }
    }
}

fn post(state: &mut State, text: String) -> Vec<Effect> {
    let Some(room) = state.rooms.current_mut() else { return vec![] };
    if let Some(why) = too_long(&text) {
        state.complain(why);
        return vec![];
    }
    let id = room.room.id;
    let purpose = std::mem::take(&mut room.composer.purpose);
    if let Purpose::Edit { id: message, draft, .. } = purpose {
        take(state, true);
        if let Some(room) = state.rooms.current_mut().filter(|_| !draft.is_empty()) {
            room.composer.set(&draft);
        }
        return messages::change(id, message, text);
    }
    let reply_to = if let Purpose::Reply { id, .. } = purpose { Some(id) } else { None };
    take(state, true);
    super::going::to_end(state);
    if let Some(room) = state.rooms.current_mut() {
        // Whoever writes has read.
        room.line = None;
    }
    vec![Effect::Post { room: id, text, reply_to }]
}

/// Said before it is sent, so that nothing that was written is lost.
fn too_long(text: &str) -> Option<String> {
    use chatapp_types::limits::{BODY_MAX_BYTES, BODY_MAX_CHARS};
    let chars = text.chars().count();
    if chars > BODY_MAX_CHARS || text.len() > BODY_MAX_BYTES {
        return Some(format!("A message has at most {BODY_MAX_CHARS} characters; this one has {chars}."));
    }
    None
}
