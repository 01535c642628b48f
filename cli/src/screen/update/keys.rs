//! Keys become actions, and actions go to whom they concern.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, MouseButton, MouseEvent, MouseEventKind};

use super::{entering, going, leave, lists, messages, reading, writing};
use crate::screen::effect::Effect;
use crate::screen::keymap::{Action, Meaning, Place};
use crate::screen::layout::Layout;
use crate::screen::state::composer::Purpose;
use crate::screen::state::overlay::{Asked, Overlay};
use crate::screen::state::{Focus, State};

/// Lines that a turn of the mouse's wheel moves.
const WHEEL: usize = 3;

pub(super) fn pressed(state: &mut State, key: KeyEvent) -> Vec<Effect> {
    if key.kind == KeyEventKind::Release {
        return vec![];
    }
    state.notice = None;
    if state.entrance.is_some() {
        return entering::pressed(state, key);
    }
    let place = match (&state.overlay, state.focus) {
        (Some(_), _) => Place::Lists,
        (None, Focus::Writing) => Place::Writing,
        (None, Focus::Reading) => Place::Reading,
    };
    let mut begun = std::mem::take(&mut state.begun);
    let meaning = state.look.keymap.meaning(place, &mut begun, key);
    state.begun = begun;
    let was_leaving = std::mem::take(&mut state.is_leaving);
    match meaning {
        Meaning::Begun => vec![],
        Meaning::Action(action) => act(state, action, was_leaving),
        Meaning::Unbound => match crate::screen::keymap::Chord::of(key).typed() {
            Some(c) => typed(state, c),
            None => vec![],
        },
    }
}

/// A character that is bound to nothing.
fn typed(state: &mut State, c: char) -> Vec<Effect> {
    let text = c.to_string();
    if state.overlay.is_some() {
        return lists::typed(state, &text);
    }
    if c == ':' && state.rooms.current_id().is_none() {
        // Before one is in any room there is nowhere else to write.
        lists::ask(state, "Command", Asked::Command);
        return vec![];
    }
    if state.focus == Focus::Writing { writing::typed(state, &text) } else { vec![] }
}

pub(super) fn pasted(state: &mut State, text: &str) -> Vec<Effect> {
    if let Some(entrance) = &mut state.entrance {
        entrance.field.insert(text.lines().next().unwrap_or_default());
        return vec![];
    }
    if state.overlay.is_some() {
        return lists::typed(state, text.lines().next().unwrap_or_default());
    }
    state.focus = Focus::Writing;
    writing::typed(state, text)
}

pub(super) fn act(state: &mut State, action: Action, was_leaving: bool) -> Vec<Effect> {
    if state.overlay.is_some() {
        match lists::act(state, action) {
            Some(effects) => return effects,
            None => state.overlay = None,
        }
    }
    match action {
        Action::SwitchRoom => lists::open_switcher(state),
        Action::NextUnread => to(state, |s| s.rooms.next_unread(), "Nothing is unread in other rooms."),
        Action::NextRoom => to(state, |s| s.rooms.beside(1), "There is no other room."),
        Action::PreviousRoom => to(state, |s| s.rooms.beside(-1), "There is no other room."),
        Action::LastRoom => to(state, |s| s.rooms.before(), "You were in no other room yet."),
        Action::FirstUnread => going::first_unread(state),
        Action::Search => {
            lists::ask(state, "Search this room", Asked::Search);
            vec![]
        }
        Action::ToggleRooms => {
            let shown = Layout::of(state).rooms.width > 0;
            state.look.rooms = Some(!shown);
            vec![]
        }
        Action::ToggleMembers => {
            let shown = Layout::of(state).members.width > 0;
            state.look.members = Some(!shown);
            vec![]
        }
        Action::Help => {
            state.overlay = Some(Overlay::Help { scroll: 0 });
            vec![]
        }
        Action::Redraw => vec![Effect::Redraw],
        Action::Quit => leave(state),
        Action::Suspend => vec![Effect::Suspend],
        Action::Cancel => cancel(state, was_leaving),
        Action::Retry => messages::retry(state),
        Action::Read => {
            let is_command = state.came_from.take().is_some();
            if let Some(room) = state.rooms.current_mut().filter(|_| is_command)
                && !room.composer.resume()
            {
                room.composer.give_up();
            }
            state.focus = Focus::Reading;
            vec![]
        }
        Action::Write | Action::Command => {
            // Who uses vim's keys is back in its normal mode after a command.
            let is_command = state.look.is_vim && action == Action::Command;
            state.came_from = is_command.then_some(state.focus);
            state.focus = Focus::Writing;
            if let Some(room) = state.rooms.current_mut() {
                room.view.chosen = None;
                if action == Action::Command {
                    room.composer.begin_command(":");
                }
            }
            vec![]
        }
        other => match reading::act(state, other) {
            Some(effects) => effects,
            None => writing::act(state, other),
        },
    }
}

fn to(state: &mut State, choose: impl Fn(&State) -> Option<chatapp_types::RoomId>, otherwise: &str) -> Vec<Effect> {
    if let Some(id) = choose(state) {
        return going::go_to(state, id);
    }
    state.say(otherwise);
    vec![]
}

/// Gives up what was begun: an edit or answer, a choice, a text; then, twice, the whole.
fn cancel(state: &mut State, was_leaving: bool) -> Vec<Effect> {
    if state.focus == Focus::Reading && !state.look.is_vim {
        return act(state, Action::Write, false);
    }
    if state.rooms.current_mut().is_some_and(|room| room.composer.resume()) {
        state.focus = state.came_from.take().unwrap_or(state.focus);
        return vec![];
    }
    let Some(room) = state.rooms.current_mut() else { return leave_at_second(state, was_leaving) };
    if room.view.chosen.take().is_some() {
        return vec![];
    }
    match std::mem::take(&mut room.composer.purpose) {
        Purpose::Edit { draft, .. } => room.composer.set(&draft),
        Purpose::Reply { .. } => {}
        Purpose::Message if !room.composer.is_empty() => room.composer.give_up(),
        Purpose::Message => return leave_at_second(state, was_leaving),
    }
    vec![]
}

fn leave_at_second(state: &mut State, was_leaving: bool) -> Vec<Effect> {
    if was_leaving {
        return leave(state);
    }
    state.is_leaving = true;
    state.say("Once more to leave chat.");
    vec![]
}

pub(super) fn pointed(state: &mut State, mouse: MouseEvent) -> Vec<Effect> {
    if state.entrance.is_some() || state.overlay.is_some() {
        let code = match mouse.kind {
            MouseEventKind::ScrollUp => KeyCode::Up,
            MouseEventKind::ScrollDown => KeyCode::Down,
            _ => return vec![],
        };
        return pressed(state, KeyEvent::from(code));
    }
    match mouse.kind {
        MouseEventKind::ScrollUp => reading::scroll_up(state, WHEEL),
        MouseEventKind::ScrollDown => reading::scroll_down(state, WHEEL),
        MouseEventKind::Down(MouseButton::Left) => clicked(state, mouse.column, mouse.row),
        _ => vec![],
    }
}

fn clicked(state: &mut State, column: u16, row: u16) -> Vec<Effect> {
    let layout = Layout::of(state);
    let place = ratatui::layout::Position { x: column, y: row };
    if layout.rooms.contains(place) {
        return crate::screen::draw::room_at(state, layout.rooms, row)
            .map(|id| going::go_to(state, id))
            .unwrap_or_default();
    }
    if layout.timeline.contains(place) {
        reading::choose_at(state, row - layout.timeline.y);
    } else if layout.composer.contains(place) {
        state.focus = Focus::Writing;
    }
    vec![]
}
