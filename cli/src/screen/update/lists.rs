//! Lists, questions and texts over the conversation.

use chatapp_client::sanitize;
use chatapp_types::Visibility;

use super::{commands, filling, going, writing};
use crate::command::Typed;
use crate::screen::effect::{Effect, Request};
use crate::screen::fuzzy;
use crate::screen::keymap::Action;
use crate::screen::state::composer::Composer;
use crate::screen::state::overlay::{Asked, List, ListKind, Overlay, Pick, Row};
use crate::screen::state::{Focus, State};

/// What an action does to what stands over the conversation; `None` closes it and lets the action go on.
pub(super) fn act(state: &mut State, action: Action) -> Option<Vec<Effect>> {
    if action == Action::Cancel {
        state.overlay = None;
        return Some(vec![]);
    }
    let page = usize::from(state.size.rows / 2).max(1);
    match state.overlay.as_mut()? {
        Overlay::List(_) => act_on_list(state, action, page),
        Overlay::Help { scroll } | Overlay::Paper { scroll, .. } => {
            *scroll = match action {
                Action::Up => scroll.saturating_sub(1),
                Action::Down => scroll.saturating_add(1),
                Action::PageUp => scroll.saturating_sub(page),
                Action::PageDown => scroll.saturating_add(page),
                Action::Oldest | Action::LineStart => 0,
                Action::Latest | Action::LineEnd => usize::MAX,
                Action::Help | Action::Choose => {
                    state.overlay = None;
                    return Some(vec![]);
                }
                _ => return if is_elsewhere(action) { None } else { Some(vec![]) },
            };
            bound_scroll(state);
            Some(vec![])
        }
        Overlay::Confirm { .. } if is_elsewhere(action) => None,
        Overlay::Confirm { .. } => Some(vec![]),
        Overlay::Ask { answer, then, .. } => {
            if action != Action::Choose {
                answer.edit(action);
                return Some(vec![]);
            }
            let (text, then) = (answer.text().trim().to_owned(), *then);
            state.overlay = None;
            Some(if text.is_empty() { vec![] } else { answered(state, then, text) })
        }
    }
}

/// Actions that leave what stands over the conversation for something else.
const fn is_elsewhere(action: Action) -> bool {
    matches!(
        action,
        Action::SwitchRoom | Action::Quit | Action::NextUnread | Action::Search | Action::Redraw | Action::Suspend
    )
}

/// The end of a text is where its last line is the last one that is seen.
fn bound_scroll(state: &mut State) {
    let rows = usize::from(state.size.rows.saturating_sub(4));
    let count = crate::screen::draw::overlay_length(state);
    if let Some(Overlay::Help { scroll } | Overlay::Paper { scroll, .. }) = &mut state.overlay {
        *scroll = (*scroll).min(count.saturating_sub(rows));
    }
}

fn act_on_list(state: &mut State, action: Action, page: usize) -> Option<Vec<Effect>> {
    let Some(Overlay::List(list)) = &mut state.overlay else { return None };
    let bottom = list.shown.len().saturating_sub(1);
    match action {
        Action::Up => list.at = list.at.checked_sub(1).unwrap_or(bottom),
        Action::Down => list.at = if list.at >= bottom { 0 } else { list.at + 1 },
        Action::PageUp => list.at = list.at.saturating_sub(page),
        Action::PageDown => list.at = (list.at + page).min(bottom),
        Action::Oldest => list.at = 0,
        Action::Latest => list.at = bottom,
        Action::SwitchRoom if list.kind == ListKind::Switcher => state.overlay = None,
        Action::Choose => {
            let pick = list.chosen().map_or(Pick::Nothing, |row| row.pick.clone());
            let typed = list.filter.text().to_owned();
            return Some(picked(state, pick, &typed));
        }
        _ if is_elsewhere(action) => return None,
        _ => {
            list.filter.edit(action);
            narrow(list);
        }
    }
    Some(vec![])
}

/// A character is typed into what stands over the conversation.
pub(super) fn typed(state: &mut State, text: &str) -> Vec<Effect> {
    match &mut state.overlay {
        Some(Overlay::List(list)) => {
            list.filter.insert(text);
            narrow(list);
            vec![]
        }
        Some(Overlay::Ask { answer, .. }) => {
            answer.insert(text);
            vec![]
        }
        Some(Overlay::Confirm { then, .. }) => {
            let effect = then.as_ref().clone();
            match text {
                "y" | "Y" => {
                    state.overlay = None;
                    vec![effect]
                }
                "n" | "N" | "q" => {
                    state.overlay = None;
                    vec![]
                }
                _ => vec![],
            }
        }
        Some(Overlay::Help { .. } | Overlay::Paper { .. }) => match text {
            "j" => act(state, Action::Down).unwrap_or_default(),
            "k" => act(state, Action::Up).unwrap_or_default(),
            " " => act(state, Action::PageDown).unwrap_or_default(),
            "q" | "?" => act(state, Action::Cancel).unwrap_or_default(),
            _ => vec![],
        },
        None => vec![],
    }
}

/// Shows the rows that fit what is typed, the best first.
pub(super) fn narrow(list: &mut List) {
    let typed = list.filter.text().trim();
    if typed.is_empty() {
        list.shown = (0..list.rows.len()).collect();
    } else {
        let mut fitting: Vec<(i64, usize)> =
            list.rows.iter().enumerate().filter_map(|(at, row)| Some((fuzzy::score(&row.text, typed)?, at))).collect();
        fitting.sort_by_key(|(score, at)| (std::cmp::Reverse(*score), *at));
        list.shown = fitting.into_iter().map(|(_, at)| at).collect();
        // What makes something new stays in reach.
        let always = |row: &Row| matches!(row.pick, Pick::Create | Pick::CreatePrivate | Pick::Code);
        let new: Vec<usize> =
            (0..list.rows.len()).filter(|at| always(&list.rows[*at]) && !list.shown.contains(at)).collect();
        list.shown.extend(new);
    }
    list.at = 0;
}

/// The row that is chosen, whole: in the list it may be cut.
fn unfold(state: &mut State) {
    let Some(Overlay::List(list)) = &state.overlay else { return };
    let Some(row) = list.chosen() else { return };
    let (title, lines) = (list.title.clone(), vec![row.text.clone(), String::new(), row.note.clone()]);
    state.overlay = Some(Overlay::Paper { title, lines, scroll: 0 });
}

fn picked(state: &mut State, pick: Pick, typed: &str) -> Vec<Effect> {
    match pick {
        Pick::Nothing => {
            unfold(state);
            return vec![];
        }
        Pick::Create | Pick::CreatePrivate => {
            let is_private = pick == Pick::CreatePrivate;
            let title = if is_private { "Name of the private room" } else { "Name of the public room" };
            ask(state, title, Asked::Create { is_private });
            if let Some(Overlay::Ask { answer, .. }) = &mut state.overlay {
                answer.set(typed);
            }
            return vec![];
        }
        Pick::Code => {
            ask(state, "The room's secret code (or its id, a blank, and the code)", Asked::Code);
            return vec![];
        }
        _ => {}
    }
    state.overlay = None;
    match pick {
        Pick::GoTo(id) => going::go_to(state, id),
        Pick::Join(id) => vec![Effect::Ask(Request::Join(id))],
        Pick::Message(id, seq) => going::to_message(state, id, seq),
        Pick::Link(link) => vec![Effect::Open(link)],
        Pick::Mention(name) => {
            state.focus = Focus::Writing;
            writing::typed(state, &format!("@{name} "))
        }
        _ => vec![],
    }
}

/// Asks for a line.
pub(super) fn ask(state: &mut State, question: &str, then: Asked) {
    state.overlay = Some(Overlay::Ask { question: question.to_owned(), answer: Composer::default(), then });
}

fn answered(state: &mut State, then: Asked, text: String) -> Vec<Effect> {
    match then {
        Asked::Search => {
            let room = state.rooms.current_id();
            await_list(state, &format!("Found: {text}"), Request::Search { text, room })
        }
        Asked::Command => match Typed::read(&format!(":{text}")) {
            Typed::Command(command) => commands::run(state, command),
            Typed::Wrong(why) => {
                state.complain(why);
                vec![]
            }
            Typed::Nothing | Typed::Message(_) => vec![],
        },
        Asked::Create { is_private } => vec![Effect::Ask(Request::Create { name: text, is_private })],
        Asked::Code => vec![Effect::Ask(Request::EnterByCode(text))],
    }
}

/// Opens a list that the gateway fills.
pub(super) fn await_list(state: &mut State, title: &str, request: Request) -> Vec<Effect> {
    let mut list = List::new(&sanitize::line(title), ListKind::Other(request.clone()), vec![]);
    list.is_waiting = true;
    state.overlay = Some(Overlay::List(list));
    vec![Effect::Ask(request)]
}

/// Every room one is in, then public ones, then ways to others.
pub(super) fn open_switcher(state: &mut State) -> Vec<Effect> {
    let mut rooms: Vec<_> = state.rooms.iter().filter(|r| r.ended.is_none()).collect();
    let before = state.rooms.before();
    rooms.sort_by_key(|r| {
        let id = r.room.id;
        (r.mentions == 0, r.unread == 0, Some(id) != before, state.rooms.is_current(id), r.room.name.to_lowercase())
    });
    let row = |r: &&crate::screen::state::room::RoomState| {
        let counts = match (r.mentions, r.unread) {
            (0, 0) => String::new(),
            (0, n) => format!("{n} unread"),
            (m, n) => format!("{n} unread, {m} for you"),
        };
        let private = if r.room.visibility == Visibility::Private { "private" } else { "" };
        let note = [counts.as_str(), private].into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>().join(", ");
        Row { text: r.room.name.clone(), note, pick: Pick::GoTo(r.room.id) }
    };
    let mut rows: Vec<Row> = rooms.iter().map(row).collect();
    rows.extend(ways_in());
    let mut list = List::new("Go to a room", ListKind::Switcher, rows);
    list.is_waiting = true;
    state.overlay = Some(Overlay::List(list));
    vec![Effect::Ask(Request::Public(String::new())), Effect::Ask(Request::Rooms)]
}

pub(super) fn ways_in() -> Vec<Row> {
    let way = |text: &str, pick| Row { text: text.to_owned(), note: String::new(), pick };
    vec![
        way("+ new public room", Pick::Create),
        way("+ new private room", Pick::CreatePrivate),
        way("+ enter a private room by its code", Pick::Code),
    ]
}

pub(super) fn open_members(state: &mut State, only_online: bool) -> Vec<Effect> {
    let Some(room) = state.rooms.current_mut() else { return vec![] };
    let id = room.room.id;
    let effects = going::members(room);
    let mut list = List::new(if only_online { "Online" } else { "Members" }, ListKind::Members(id), vec![]);
    list.is_waiting = !effects.is_empty();
    state.overlay = Some(Overlay::List(list));
    filling::refresh_members(state, id);
    effects
}
