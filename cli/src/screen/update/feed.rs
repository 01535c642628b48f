//! What the live feed tells.

use chatapp_client::live::{Event, Transport};
use chatapp_client::outbox::Unsent;
use chatapp_client::sanitize;
use chatapp_types::{Entry, EntryBody, ErrorCode, RoomId, SendKey, Timestamp, UserRef};
use std::time::Duration;

use super::going;
use crate::attention::{Call, Paced};
use crate::clock_text::local;
use crate::screen::effect::{Alarm, Effect, Request};
use crate::screen::state::entrance::Entrance;
use crate::screen::state::kept::Kept;
use crate::screen::state::room::{Anchor, Fate, Pending, RoomState};
use crate::screen::state::{Connection, State};

/// How long somebody who said so is believed to be typing.
const TYPING_FOR: Duration = Duration::from_secs(6);

/// Answers that are kept for messages that are not known here yet.
const EARLY_MAX: usize = 64;

pub(super) fn take(state: &mut State, event: Event) -> Vec<Effect> {
    match event {
        Event::Connected { transport, .. } => connected(state, transport),
        Event::Entry(entry) => entered(state, &entry),
        Event::CaughtUp { room_id, .. } => caught_up(state, room_id),
        Event::Typing { room_id, user } => typing(state, room_id, user),
        Event::Presence { room_id, online, offline, full } => {
            if let Some(room) = state.rooms.get_mut(room_id) {
                if full {
                    room.online.clear();
                }
                room.online.extend(online.iter().map(|u| u.id));
                for user in offline {
                    room.online.remove(&user.id);
                    room.typing.retain(|(u, _)| u.id != user.id);
                }
            }
            vec![]
        }
        Event::Ack { key, room_id, seq, .. } => acked(state, key, room_id, seq),
        Event::Refused { key, room_id, message, is_final, .. } => refused(state, key, room_id, &message, is_final),
        Event::RoomEnded { room_id, code } => going::ended(state, room_id, why_ended(code)),
        Event::Delivery { ok } => {
            state.connection = match (&state.connection, ok) {
                (Connection::Connected(t) | Connection::Stalled(t), true) => Connection::Connected(*t),
                (Connection::Connected(t) | Connection::Stalled(t), false) => Connection::Stalled(*t),
                (other, _) => other.clone(),
            };
            vec![]
        }
        Event::Disconnected { retry_in, reason } => disconnected(state, retry_in, reason),
        Event::LoggedOut { reason } => {
            let url = state.url.clone();
            state.entrance = Some(Entrance {
                message: Some(format!("You have been logged out: {reason}")),
                ..Entrance::new(Some(url))
            });
            state.overlay = None;
            vec![]
        }
        Event::Failed { reason } => {
            state.connection = Connection::Broken { reason: reason.clone(), retry_in: Duration::ZERO };
            state.complain(format!("The live feed has ended: {reason}"));
            vec![]
        }
    }
}

fn why_ended(code: Option<ErrorCode>) -> &'static str {
    match code {
        Some(ErrorCode::Blocked) => "You are blocked from this room.",
        Some(ErrorCode::RoomNotFound) => "You are no longer in this room, or it is no more.",
        _ => "You are no longer in this room.",
    }
}

/// Why one is out, as the last entry that one gets says it.
fn why_put_out(entry: &Entry) -> String {
    let by = sanitize::line(&entry.actor.username);
    match &entry.body {
        EntryBody::MemberBlocked { until: Some(until), .. } => {
            format!("{by} blocked you from this room until {}.", local(*until))
        }
        EntryBody::MemberBlocked { until: None, .. } => format!("{by} blocked you from this room."),
        EntryBody::MemberRemoved { .. } => format!("{by} removed you from this room."),
        _ => "You have left this room.".to_owned(),
    }
}

/// Everything is asked for again that may have changed meanwhile; entries come by themselves, from each room's cursor.
fn connected(state: &mut State, transport: Transport) -> Vec<Effect> {
    let was_away = !matches!(state.connection, Connection::Connected(_));
    state.connection = Connection::Connected(transport);
    if !was_away {
        return vec![];
    }
    for room in state.rooms.iter_mut() {
        room.log.give_up();
        (room.members_asked, room.members_stale) = (false, true);
    }
    let mut effects = vec![Effect::Ask(Request::Rooms)];
    effects.extend(state.rooms.current_mut().map(going::members).unwrap_or_default());
    effects
}

fn disconnected(state: &mut State, retry_in: Duration, reason: String) -> Vec<Effect> {
    let was_here = !matches!(state.connection, Connection::Broken { .. } | Connection::Connecting);
    state.connection = Connection::Broken { reason, retry_in };
    // That there is no connection is to be seen.
    state.notice = None;
    for room in state.rooms.iter_mut() {
        // Who is online and typing is not known now, and what comes next is what was missed.
        room.online.clear();
        room.typing.clear();
        room.is_live = false;
    }
    if was_here { vec![Effect::Keep(Box::new(Kept::of(state)))] } else { vec![] }
}

fn entered(state: &mut State, entry: &Entry) -> Vec<Effect> {
    let (me, now) = (state.me.id, state.now);
    let is_current = state.rooms.is_current(entry.room_id);
    let looks = state.is_in_front && is_current;
    let also_when_looking = state.look.settings.notify.also_when_looking;
    let Some(room) = state.rooms.get_mut(entry.room_id).filter(|r| r.ended.is_none()) else { return vec![] };
    if entry.seq <= room.head && entry.seq <= room.log.last() {
        return vec![];
    }
    let is_new = entry.seq > room.head;
    room.head = room.head.max(entry.seq);
    let follows = room.view.anchor == Anchor::End;
    room.log.live(entry, me, follows);
    room.typing.retain(|(u, _)| u.id != entry.actor.id);
    if entry.ends_membership_of() == Some(me) {
        // The feed says so too, but not why.
        return going::ended(state, entry.room_id, &why_put_out(entry));
    }
    let mut effects = changed(room, entry, is_current);
    if let EntryBody::MessagePosted { key: Some(key), .. } = &entry.body {
        room.pending.retain(|p| p.key != *key);
    }
    if !is_new || entry.actor.id == me {
        return effects;
    }
    if let EntryBody::MessagePosted { body, mentions, .. } = &entry.body {
        let mention = mentions.iter().any(|u| u.id == me);
        room.unread += 1;
        room.mentions += u64::from(mention);
        if is_current && !looks {
            // The line stands before what came while one looked elsewhere.
            room.line.get_or_insert(entry.seq - 1);
        }
        if !looks || also_when_looking {
            effects.extend(call(room, entry, body, mention, now));
        }
    }
    effects
}

/// What an entry changes of the room itself.
fn changed(room: &mut RoomState, entry: &Entry, is_current: bool) -> Vec<Effect> {
    match &entry.body {
        EntryBody::RoomRenamed { name } => room.room.name.clone_from(name),
        EntryBody::RoomTopicChanged { topic } => room.room.topic.clone_from(topic),
        EntryBody::RoomVisibilityChanged { visibility } => room.room.visibility = *visibility,
        EntryBody::RoomHistoryChanged { history } => room.room.history = *history,
        EntryBody::MemberJoined
        | EntryBody::MemberLeft
        | EntryBody::MemberAdded { .. }
        | EntryBody::MemberRemoved { .. }
        | EntryBody::MemberBlocked { .. }
        | EntryBody::MemberRoleChanged { .. } => {
            room.members_stale = true;
            return if is_current { going::members(room) } else { vec![] };
        }
        _ => {}
    }
    vec![]
}

/// A message that is to call for attention does; what was missed does so at once, when all of it is here.
fn call(room: &mut RoomState, entry: &Entry, text: &str, mention: bool, now: Timestamp) -> Option<Effect> {
    if !room.level.calls(mention) {
        return None;
    }
    let call = Call {
        room_id: entry.room_id,
        room: room.room.name.clone(),
        seq: entry.seq,
        at: entry.at,
        author: entry.actor.username.clone(),
        text: text.to_owned(),
        mention,
        count: 1,
    };
    match room.pace.take(call, room.is_live, now) {
        Paced::Now(call) => Some(Effect::Call(call)),
        Paced::Later(after) => Some(Effect::Wake { alarm: Alarm::Calls(entry.room_id), after }),
        Paced::Joined => None,
    }
}

fn caught_up(state: &mut State, id: RoomId) -> Vec<Effect> {
    let Some(room) = state.rooms.get_mut(id) else { return vec![] };
    room.is_live = true;
    tell_missed(state, id)
}

/// What was missed, or came too fast, is told at once.
pub(super) fn tell_missed(state: &mut State, id: RoomId) -> Vec<Effect> {
    let now = state.now;
    let Some(room) = state.rooms.get_mut(id).filter(|r| r.is_live) else { return vec![] };
    room.pace.due(now).map(|call| Effect::Call(Box::new(call))).into_iter().collect()
}

fn typing(state: &mut State, id: RoomId, user: UserRef) -> Vec<Effect> {
    let until = state.now.plus(time::Duration::try_from(TYPING_FOR).unwrap_or_default());
    let is_me = user.id == state.me.id;
    let shows = state.look.settings.typing.show;
    let Some(room) = state.rooms.get_mut(id).filter(|_| !is_me && shows) else { return vec![] };
    room.typing.retain(|(u, _)| u.id != user.id);
    room.typing.push((user, until));
    // A little later, so that the time is over then.
    vec![Effect::Wake { alarm: Alarm::Typing(id), after: TYPING_FOR + Duration::from_millis(50) }]
}

/// A message of one's own is kept, and shown as what it is by now: its answer may have come before.
pub(super) fn kept(state: &mut State, unsent: Unsent) {
    let at = state.answered.iter().position(|(key, _)| *key == unsent.key);
    let fate = at.and_then(|at| state.answered.remove(at)).map_or(Fate::Sending, |(_, fate)| fate);
    let Unsent { key, room_id, queued_at, body, reply_to, .. } = unsent;
    let pending = Pending { key, at: queued_at, text: body, reply_to, fate };
    match (state.rooms.get_mut(room_id), &pending.fate) {
        (Some(room), Fate::Sent(seq)) if room.shows(*seq) => {}
        (Some(room), _) => room.pending.push(pending),
        (None, Fate::Sending) => state.unplaced.push((room_id, pending)),
        (None, _) => {}
    }
}

/// Keeps an answer to a message that is not known here; most are to messages that were shown before they were answered.
fn answered_early(state: &mut State, key: SendKey, fate: Fate) {
    state.answered.push_back((key, fate));
    if state.answered.len() > EARLY_MAX {
        state.answered.pop_front();
    }
}

fn acked(state: &mut State, key: SendKey, id: RoomId, seq: u64) -> Vec<Effect> {
    let mut is_known = state.unplaced.iter().any(|(_, p)| p.key == key);
    if let Some(room) = state.rooms.get_mut(id) {
        let is_shown = room.shows(seq);
        match room.pending.iter_mut().find(|p| p.key == key) {
            Some(_) if is_shown => room.pending.retain(|p| p.key != key),
            Some(pending) => pending.fate = Fate::Sent(seq),
            None => {}
        }
        is_known |= room.pending.iter().any(|p| p.key == key);
    }
    state.unplaced.retain(|(_, p)| p.key != key);
    if !is_known {
        answered_early(state, key, Fate::Sent(seq));
    }
    vec![Effect::Settle(key)]
}

fn refused(state: &mut State, key: SendKey, id: RoomId, why: &str, is_final: bool) -> Vec<Effect> {
    if !is_final {
        state.complain(format!("Not sent yet, but kept: {why}"));
        return vec![];
    }
    let name = state.rooms.get(id).map(|r| r.room.name.clone());
    if let Some(pending) = state.rooms.get_mut(id).and_then(|r| r.pending.iter_mut().find(|p| p.key == key)) {
        pending.fate = Fate::Failed(why.to_owned());
    } else {
        answered_early(state, key, Fate::Failed(why.to_owned()));
    }
    state.unplaced.retain(|(_, p)| p.key != key);
    if !state.rooms.is_current(id) {
        state.complain(format!("Not sent to {}: {why}", name.unwrap_or_else(|| "a room you are not in".to_owned())));
    }
    vec![Effect::Settle(key)]
}
