//! What is done to messages: answered, changed, erased, copied, sent once more.

use chatapp_types::{MessageId, RoomId};

use crate::command::Target;
use crate::screen::effect::{Effect, Request};
use crate::screen::state::composer::Purpose;
use crate::screen::state::log::{Item, Said};
use crate::screen::state::overlay::{List, ListKind, Overlay, Pick, Row};
use crate::screen::state::room::{Fate, RoomState};
use crate::screen::state::{Focus, State};
use crate::{lines, links};
use chatapp_client::sanitize;

/// Whose message is meant when none is named.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Mine,
    Others,
    Anyones,
}

/// The message that is meant, if it is loaded and not erased.
fn find(state: &State, target: Target, whose: Whose) -> Option<(&RoomState, &Item, &Said)> {
    let room = state.rooms.current()?;
    let fits = |item: &&Item| {
        let is_mine = item.author.id == state.me.id;
        item.said().is_some_and(|s| !s.is_deleted)
            && match whose {
                Whose::Mine => is_mine,
                Whose::Others => !is_mine,
                Whose::Anyones => true,
            }
    };
    let item = match target {
        Target::Seq(seq) => room.log.get(seq).filter(|item| item.said().is_some_and(|s| !s.is_deleted)),
        Target::Latest => room.log.items().iter().rev().find(fits),
    };
    item.and_then(|item| Some((room, item, item.said()?)))
}

fn not_found(state: &mut State, target: Target) -> Vec<Effect> {
    state.complain(match target {
        Target::Seq(seq) => format!("Message #{seq} is not here; :goto #{seq} shows it if there is one."),
        Target::Latest => "There is no such message here.".to_owned(),
    });
    vec![]
}

/// Begins an answer.
pub(super) fn reply_to(state: &mut State, target: Target) -> Vec<Effect> {
    let Some((_, item, said)) = find(state, target, Whose::Others) else { return not_found(state, target) };
    let purpose = Purpose::Reply { id: said.id, to: item.author.username.clone(), snippet: lines::snippet(&said.text) };
    if let Some(room) = state.rooms.current_mut() {
        room.composer.purpose = purpose;
    }
    state.focus = Focus::Writing;
    vec![]
}

/// Answers at once.
pub(super) fn answer(state: &mut State, target: Target, text: String) -> Vec<Effect> {
    match find(state, target, Whose::Others).map(|(room, _, said)| (room.room.id, said.id)) {
        Some((room, id)) => vec![Effect::Post { room, text, reply_to: Some(id) }],
        None => not_found(state, target),
    }
}

/// Begins to change a message of one's own.
pub(super) fn edit(state: &mut State, target: Target) -> Vec<Effect> {
    let Some((room, item, said)) = find(state, target, Whose::Mine) else { return not_found(state, target) };
    if item.author.id != state.me.id {
        state.complain("Only its author can change a message.");
        return vec![];
    }
    let purpose = Purpose::Edit { id: said.id, seq: item.seq, draft: room.composer.text().to_owned() };
    let text = said.text.clone();
    if let Some(room) = state.rooms.current_mut() {
        room.composer.set(&text);
        room.composer.purpose = purpose;
        room.view.chosen = None;
    }
    state.focus = Focus::Writing;
    vec![]
}

/// Changes a message at once.
pub(super) fn change_target(state: &mut State, target: Target, text: String) -> Vec<Effect> {
    match find(state, target, Whose::Mine).map(|(room, _, said)| (room.room.id, said.id)) {
        Some((room, id)) => change(room, id, text),
        None => not_found(state, target),
    }
}

pub(super) fn change(room: RoomId, id: MessageId, text: String) -> Vec<Effect> {
    vec![Effect::Ask(Request::EditMessage { room, id, text })]
}

/// Asks whether a message is to be erased.
pub(super) fn confirm_delete(state: &mut State, target: Target) -> Vec<Effect> {
    let Some((room, item, said)) = find(state, target, Whose::Mine) else { return not_found(state, target) };
    let question =
        format!("Erase #{} of {}: {}", item.seq, sanitize::line(&item.author.username), lines::snippet(&said.text));
    let then = Box::new(Effect::Ask(Request::EraseMessage { room: room.room.id, id: said.id }));
    state.overlay = Some(Overlay::Confirm { question, then });
    vec![]
}

/// Erases a message that was named in a command.
pub(super) fn delete(state: &mut State, target: Target) -> Vec<Effect> {
    match find(state, target, Whose::Mine).map(|(room, _, said)| (room.room.id, said.id)) {
        Some((room, id)) => vec![Effect::Ask(Request::EraseMessage { room, id })],
        None => not_found(state, target),
    }
}

/// Copies a text as it is shown: what is pasted elsewhere must not do there what it may not do here.
pub(super) fn copy(state: &mut State, target: Target) -> Vec<Effect> {
    let Some((_, item, said)) = find(state, target, Whose::Anyones) else { return not_found(state, target) };
    let (seq, text) = (item.seq, sanitize::multiline(&said.text).into_owned());
    state.say(format!("Copied #{seq}."));
    vec![Effect::Copy(text)]
}

/// Opens the link of a message; of several one is chosen. Without a message: the latest link.
pub(super) fn open(state: &mut State, target: Target) -> Vec<Effect> {
    let links = match target {
        Target::Seq(_) => {
            find(state, target, Whose::Anyones).map(|(_, _, said)| links::of(&said.text)).unwrap_or_default()
        }
        Target::Latest => {
            let items = state.rooms.current().map(|room| room.log.items());
            let texts = items.into_iter().flatten().rev().filter_map(|item| Some(links::of(&item.said()?.text)));
            texts.into_iter().find(|links| !links.is_empty()).unwrap_or_default()
        }
    };
    match links.as_slice() {
        [] => {
            state.complain("There is no link here.");
            vec![]
        }
        [one] => vec![Effect::Open(one.clone())],
        several => {
            let row = |link: &String| Row { text: link.clone(), note: String::new(), pick: Pick::Link(link.clone()) };
            let rows = several.iter().map(row).collect();
            state.overlay = Some(Overlay::List(List::new("Open which link?", ListKind::Links, rows)));
            vec![]
        }
    }
}

/// Sends what was refused once more.
pub(super) fn retry(state: &mut State) -> Vec<Effect> {
    let Some(room) = state.rooms.current_mut() else { return vec![] };
    let id = room.room.id;
    let (failed, rest) = std::mem::take(&mut room.pending).into_iter().partition(|p| matches!(p.fate, Fate::Failed(_)));
    room.pending = rest;
    let failed: Vec<_> = failed;
    if failed.is_empty() {
        state.say("Nothing was refused here.");
    }
    failed.into_iter().map(|p| Effect::Post { room: id, text: p.text, reply_to: p.reply_to }).collect()
}

/// Forgets what was refused.
pub(super) fn drop_failed(state: &mut State) -> Vec<Effect> {
    if let Some(room) = state.rooms.current_mut() {
        let before = room.pending.len();
        room.pending.retain(|p| !matches!(p.fate, Fate::Failed(_)));
        let dropped = before - room.pending.len();
        state.say(format!("{dropped} message(s) forgotten."));
    }
    vec![]
}

/// What could not be kept goes back to where it was written.
pub(super) fn give_back(state: &mut State, room: RoomId, text: &str) {
    if let Some(room) = state.rooms.get_mut(room) {
        let written = room.composer.text().to_owned();
        room.composer.set(&if written.is_empty() { text.to_owned() } else { format!("{text}\n{written}") });
    }
}
