//! Moving in the conversation, and choosing messages in it.

use super::{going, messages};
use crate::command::Target;
use crate::screen::draw::block::Blocks;
use crate::screen::effect::Effect;
use crate::screen::keymap::Action;
use crate::screen::layout::Layout;
use crate::screen::state::overlay::Overlay;
use crate::screen::state::room::{RoomState, View};
use crate::screen::state::{Focus, State};
use crate::screen::{text, window};
use chatapp_client::sanitize;

/// What an action does to the conversation; `None` for one that is not about it.
pub(super) fn act(state: &mut State, action: Action) -> Option<Vec<Effect>> {
    let rows = usize::from(Layout::of(state).timeline.height);
    let page = rows.saturating_sub(2).max(1);
    let effects = match action {
        Action::PageUp => scroll_up(state, page),
        Action::PageDown => scroll_down(state, page),
        Action::HalfPageUp => scroll_up(state, (rows / 2).max(1)),
        Action::HalfPageDown => scroll_down(state, (rows / 2).max(1)),
        Action::LineUp => scroll_up(state, 1),
        Action::LineDown => scroll_down(state, 1),
        Action::Oldest => scroll_up(state, usize::MAX / 2),
        Action::Latest => {
            going::to_end(state);
            vec![]
        }
        Action::Up if state.focus == Focus::Reading => choose(state, false),
        Action::Down if state.focus == Focus::Reading => choose(state, true),
        Action::Choose if state.focus == Focus::Reading => match chosen(state) {
            Some(_) if unfold(state) => vec![],
            Some(_) => messages::reply_to(state, target(state)),
            None => super::keys::act(state, Action::Write, false),
        },
        Action::Reply => messages::reply_to(state, target(state)),
        Action::Edit => messages::edit(state, target(state)),
        Action::Delete => messages::confirm_delete(state, target(state)),
        Action::DeleteLine if chosen(state).is_some() => messages::confirm_delete(state, target(state)),
        Action::Copy => messages::copy(state, target(state)),
        Action::Open => messages::open(state, target(state)),
        _ => return None,
    };
    Some(effects)
}

fn chosen(state: &State) -> Option<u64> {
    state.rooms.current()?.view.chosen
}

/// Shows the chosen message whole, if it is too long to be shown so among the others.
fn unfold(state: &mut State) -> bool {
    let columns = Layout::of(state).timeline.width.into();
    let Some(room) = state.rooms.current() else { return false };
    let item = room.view.chosen.and_then(|seq| room.log.get(seq));
    let Some((item, said)) = item.and_then(|item| Some((item, item.said()?))) else { return false };
    if !Blocks::new(state, room, columns).is_folded(said) {
        return false;
    }
    let title = format!("#{} of {}", item.seq, sanitize::line(&item.author.username));
    let lines = text::clean(&said.text).lines().map(str::to_owned).collect();
    state.overlay = Some(Overlay::Paper { title, lines, scroll: 0 });
    true
}

/// The message that is chosen, else the latest that fits.
fn target(state: &State) -> Target {
    chosen(state).map_or(Target::Latest, Target::Seq)
}

/// Computes another view of the present room, and takes it.
fn look(state: &mut State, how: impl Fn(&Blocks<'_>, &RoomState, usize) -> View) {
    let Some(before) = state.rooms.current().map(|room| room.view) else { return };
    let height = |state: &State| usize::from(Layout::of(state).timeline.height);
    let set = |state: &mut State, view| state.rooms.current_mut().into_iter().for_each(|room| room.view = view);
    let rows = height(state);
    let seen = |state: &State, rows| {
        let columns = Layout::of(state).timeline.width.into();
        state.rooms.current().map_or(before, |room| how(&Blocks::new(state, room, columns), room, rows))
    };
    let view = seen(state, rows);
    set(state, view);
    // What is said of what is below the edge takes a line, and that line is not there to be looked at.
    let rows_then = height(state);
    if rows_then != rows {
        set(state, before);
        let view = seen(state, rows_then);
        set(state, view);
    }
}

pub(super) fn scroll_up(state: &mut State, by: usize) -> Vec<Effect> {
    // Whoever goes back wants to see what was cleared: that is the first step.
    if let Some(room) = state.rooms.current_mut()
        && std::mem::take(&mut room.view.cleared) > 0
    {
        return vec![];
    }
    look(state, |blocks, room, rows| window::up(blocks, room, rows, by));
    vec![]
}

pub(super) fn scroll_down(state: &mut State, by: usize) -> Vec<Effect> {
    look(state, |blocks, room, _| window::down(blocks, room, by));
    vec![]
}

/// Chooses the next message below or above; from none, the last one that is seen.
fn choose(state: &mut State, down: bool) -> Vec<Effect> {
    look(state, |blocks, room, rows| {
        let items = room.log.items();
        let is_message = |at: &usize| items[*at].said().is_some_and(|s| !s.is_deleted);
        let found = match room.view.chosen.map(|seq| room.log.position(seq)) {
            Some(Ok(at)) if down => (at + 1..items.len()).find(is_message),
            Some(Ok(at)) => (0..at).rev().find(is_message),
            _ => {
                let last = window::bottom(blocks, room).map_or(0, |b| b.at.min(items.len().saturating_sub(1)));
                (0..items.len().min(last + 1)).rev().find(is_message)
            }
        };
        match found {
            Some(at) => View { chosen: Some(items[at].seq), cleared: 0, ..window::revealing(blocks, room, rows, at) },
            // Below the last one nothing is chosen.
            None if down => View { chosen: None, ..room.view },
            None => window::up(blocks, room, rows, 1),
        }
    });
    vec![]
}

/// Chooses the message at a row of the conversation.
pub(super) fn choose_at(state: &mut State, row: u16) {
    look(state, |blocks, room, rows| {
        let seen = window::visible(blocks, room, rows);
        let used: usize = seen.iter().map(|(_, lines)| lines.len()).sum();
        let mut top = rows.saturating_sub(used);
        for (at, lines) in seen {
            top += lines.len();
            if usize::from(row) < top {
                let seq = room.log.items().get(at).filter(|item| item.said().is_some()).map(|item| item.seq);
                return View { chosen: seq, ..room.view };
            }
        }
        room.view
    });
    if chosen(state).is_some() {
        state.focus = Focus::Reading;
    }
}
