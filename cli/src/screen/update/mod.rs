//! What follows from what happens. No input, no output, no clock: the state as it was and an event in, the state as it
//! is then and what is to be done out.

mod answers;
mod commands;
mod entering;
mod feed;
mod filling;
mod going;
mod keys;
mod lists;
mod messages;
mod pages;
mod reading;
mod writing;

use std::time::Duration;

use chatapp_types::messages::UnreadRoom;
use chatapp_types::rooms::Room;

use super::effect::{Alarm, Effect, Request};
use super::event::{Beginning, Event};
use super::state::entrance::Entrance;
use super::state::kept::Kept;
use super::state::room::RoomState;
use super::state::rooms::Rooms;
use super::state::{Connection, State};

/// How often one's rooms are listed again: nothing tells that one was added to another.
const ROOMS_EVERY: Duration = Duration::from_mins(2);
/// A list of rooms is answered within this time.
const LISTED_WITHIN: time::Duration = time::Duration::seconds(30);
/// How long what is seen waits to be marked as read.
const MARK_AFTER: Duration = Duration::from_secs(2);

/// Takes an event.
pub(crate) fn update(state: &mut State, event: Event) -> Vec<Effect> {
    let mut effects = match event {
        Event::Key(key) => keys::pressed(state, key),
        Event::Paste(text) => keys::pasted(state, &text),
        Event::Mouse(mouse) => keys::pointed(state, mouse),
        Event::Resized(size) => {
            state.size = size;
            vec![]
        }
        Event::InFront(is_in_front) => in_front(state, is_in_front),
        Event::Began(beginning) => began(state, *beginning),
        Event::Newcomer { url, why } => {
            state.entrance = Some(Entrance { message: why, ..Entrance::new(url) });
            vec![]
        }
        Event::Feed(event) => feed::take(state, *event),
        Event::Answer { to, got } => answers::take(state, to, got),
        Event::Alarm(alarm) => rang(state, alarm),
        Event::Kept(kept) => {
            feed::kept(state, *kept);
            vec![]
        }
        Event::NotKept { room, text, why } => {
            messages::give_back(state, room, &text);
            state.complain(format!("Not sent: {why}"));
            vec![]
        }
        Event::Edited(result) => writing::edited(state, result),
        Event::Ended => leave(state),
    };
    effects.extend(settle(state));
    effects
}

/// What the state as it is now calls for, whatever has happened.
fn settle(state: &mut State) -> Vec<Effect> {
    let mut effects = pages::wanted(state);
    effects.extend(pages::quotes(state));
    effects.extend(mark(state));
    state.rooms.trim();
    effects
}

/// One is logged in.
fn began(state: &mut State, beginning: Beginning) -> Vec<Effect> {
    let Beginning { me, url, remembered, kept } = beginning;
    let is_first = state.url.is_empty();
    if state.me.id == me.id {
        // The same person again: what was being written is not lost.
        for room in state.rooms.iter() {
            let draft = &mut state.remembered.rooms.entry(room.room.id).or_default().draft;
            room.composer.text().clone_into(draft);
        }
    } else {
        state.remembered = remembered;
    }
    (state.entrance, state.me, state.url) = (None, me, url);
    (state.rooms, state.unplaced, state.is_listed) = (Rooms::default(), vec![], false);
    state.connection = Connection::Connecting;
    restore(state, kept);
    let mut effects = vec![Effect::Ask(Request::Rooms)];
    if is_first {
        effects.push(Effect::Wake { alarm: Alarm::Rooms, after: ROOMS_EVERY });
    }
    effects
}

/// The rooms as they were the last time, until the gateway says how they are now.
fn restore(state: &mut State, kept: Kept) {
    let latest = kept.latest();
    for room in kept.rooms {
        let mut fresh = fresh(state, room.room.clone());
        room.restore(&mut fresh);
        state.rooms.add(fresh);
    }
    let known = state.remembered.last_room.filter(|id| state.rooms.get(*id).is_some());
    if let Some(id) = known.or(latest) {
        state.rooms.go_to(id);
        state.rooms.current_mut().into_iter().for_each(going::draw_line);
    }
}

/// The rooms as the gateway has them: new ones come in, others go, counts are those of the gateway.
fn listed(state: &mut State, rooms: Vec<(Room, Option<UnreadRoom>)>) -> Vec<Effect> {
    let mut effects = vec![];
    // A list that was on its way when one came into a room does not hold it yet.
    let is_old = |r: &&RoomState| r.is_kept || r.since.plus(LISTED_WITHIN) <= state.now;
    let is_listed = |r: &&RoomState| rooms.iter().any(|(listed, _)| listed.id == r.room.id);
    let gone: Vec<_> = state.rooms.iter().filter(is_old).filter(|r| !is_listed(r)).map(|r| r.room.id).collect();
    for id in gone {
        effects.extend(going::ended(state, id, "You are no longer in this room."));
    }
    for (room, counts) in rooms {
        effects.extend(came_in(state, room, counts.as_ref()));
    }
    state.rooms.sort();
    if !std::mem::replace(&mut state.is_listed, true) {
        let last = state.remembered.last_room.filter(|id| state.rooms.get(*id).is_some());
        let first = last.or_else(|| state.rooms.iter().next().map(|r| r.room.id));
        if let Some(id) = first.filter(|_| state.rooms.current_id().is_none()) {
            effects.extend(going::go_to(state, id));
        }
        effects.push(Effect::Keep(Box::new(Kept::of(state))));
    }
    effects
}

/// One is in this room: it is followed, and its counts are brought up to date.
fn came_in(state: &mut State, room: Room, counts: Option<&UnreadRoom>) -> Vec<Effect> {
    let id = room.id;
    let is_current = state.rooms.is_current(id);
    if let Some(known) = state.rooms.get_mut(id).filter(|r| r.ended.is_none()) {
        known.room = room;
        let is_kept = counts.is_some() && std::mem::take(&mut known.is_kept);
        if let Some(u) = counts.filter(|_| is_kept) {
            (known.unread, known.mentions, known.read_seq) = (u.messages, u.mentions, u.read_seq.max(known.read_seq));
            known.head = known.head.max(u.head);
            if is_current {
                going::draw_line(known);
            }
            return vec![Effect::Follow { room: id, after: u.head }];
        }
        // What the feed has told since may be newer than the list.
        if let Some(u) = counts.filter(|u| u.head >= known.head) {
            (known.unread, known.mentions) = (u.messages, u.mentions);
            known.read_seq = known.read_seq.max(u.read_seq);
        }
        return vec![];
    }
    state.rooms.remove(id);
    let mut fresh = fresh(state, room);
    if let Some(u) = counts {
        (fresh.head, fresh.unread, fresh.mentions, fresh.read_seq) = (u.head, u.messages, u.mentions, u.read_seq);
    }
    let after = fresh.head;
    state.rooms.add(fresh);
    if is_current {
        state.rooms.go_to(id);
    }
    // A room without counts was entered just now; its first page tells its head.
    if counts.is_some() { vec![Effect::Follow { room: id, after }] } else { vec![] }
}

/// A room as it is before anything is loaded of it: what is remembered of it, and what is on its way to it.
fn fresh(state: &mut State, room: Room) -> RoomState {
    let id = room.id;
    let remembered = state.remembered.rooms.get(&id).cloned().unwrap_or_default();
    let mut fresh = RoomState::new(room, state.now);
    fresh.level = remembered.level;
    if !remembered.draft.is_empty() {
        fresh.composer.set(&remembered.draft);
    }
    let (mine, others): (Vec<_>, Vec<_>) =
        std::mem::take(&mut state.unplaced).into_iter().partition(|(room, _)| *room == id);
    state.unplaced = others;
    fresh.pending.extend(mine.into_iter().map(|(_, pending)| pending));
    fresh
}

fn in_front(state: &mut State, is_in_front: bool) -> Vec<Effect> {
    let came = is_in_front && !state.is_in_front;
    state.is_in_front = is_in_front;
    if came && state.entrance.is_none() && state.is_connected() { vec![Effect::Ask(Request::Rooms)] } else { vec![] }
}

fn rang(state: &mut State, alarm: Alarm) -> Vec<Effect> {
    match alarm {
        Alarm::Typing(id) => {
            let now = state.now;
            if let Some(room) = state.rooms.get_mut(id) {
                room.typing.retain(|(_, until)| *until > now);
            }
            vec![]
        }
        Alarm::Mark(id) => {
            let Some(room) = state.rooms.get_mut(id) else { return vec![] };
            room.is_marking = false;
            going::mark_now(room)
        }
        Alarm::Calls(id) => {
            let also_when_looking = state.look.settings.notify.also_when_looking;
            if let Some(room) = state.rooms.get_mut(id).filter(|r| r.unread == 0 && !also_when_looking) {
                // What was seen meanwhile needs no call.
                room.pace.forget();
            }
            feed::tell_missed(state, id)
        }
        Alarm::Rooms => {
            let wake = Effect::Wake { alarm: Alarm::Rooms, after: ROOMS_EVERY };
            if state.entrance.is_some() || !state.is_connected() {
                vec![wake]
            } else {
                vec![Effect::Ask(Request::Rooms), Effect::Keep(Box::new(Kept::of(state))), wake]
            }
        }
    }
}

/// What is seen counts as read; the marker follows after a moment, for one for each message would be too many.
fn mark(state: &mut State) -> Vec<Effect> {
    if !state.is_in_front || state.entrance.is_some() || matches!(state.connection, Connection::Connecting) {
        return vec![];
    }
    let Some(room) = state.rooms.current_mut().filter(|r| r.is_at_end() && r.ended.is_none()) else { return vec![] };
    (room.unread, room.mentions) = (0, 0);
    if room.read_seq >= room.head || std::mem::replace(&mut room.is_marking, true) {
        return vec![];
    }
    vec![Effect::Wake { alarm: Alarm::Mark(room.room.id), after: MARK_AFTER }]
}

/// What is to be done before the end.
fn leave(state: &mut State) -> Vec<Effect> {
    let mut effects: Vec<Effect> = state.rooms.current_mut().map(going::mark_now).unwrap_or_default();
    effects.push(going::remember(state));
    if state.entrance.is_none() {
        effects.push(Effect::Keep(Box::new(Kept::of(state))));
    }
    effects.push(Effect::Quit);
    effects
}
