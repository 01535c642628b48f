//! Filling the lists that wait for an answer of the gateway.

use chatapp_client::sanitize;
use chatapp_types::RoomId;
use chatapp_types::messages::SearchHit;
use chatapp_types::rooms::Room;

use super::lists::{narrow, ways_in};
use crate::clock_text::{local, with_local_times};
use crate::lines;
use crate::screen::effect::{Effect, Request};
use crate::screen::event::Given;
use crate::screen::state::State;
use crate::screen::state::overlay::{ListKind, Overlay, Pick, Row};

/// Brings an open list of members up to date.
pub(super) fn refresh_members(state: &mut State, id: RoomId) {
    let State { overlay, rooms, .. } = state;
    let (Some(Overlay::List(list)), Some(room)) = (overlay, rooms.get(id)) else { return };
    if list.kind != ListKind::Members(id) {
        return;
    }
    let only_online = list.title == "Online";
    let members = room.members.iter().flatten().filter(|m| !only_online || room.online.contains(&m.user.id));
    list.rows = members
        .map(|m| {
            let online = if room.online.contains(&m.user.id) { "online, " } else { "" };
            let note = format!("{online}{} since {}", m.role, local(m.joined_at));
            Row { text: m.user.username.clone(), note, pick: Pick::Mention(m.user.username.clone()) }
        })
        .collect();
    list.is_waiting = room.members.is_none();
    narrow(list);
}

/// Fills the list that waits for this.
pub(super) fn fill(state: &mut State, to: &Request, given: Given) -> Vec<Effect> {
    let rows = match given {
        Given::Public(rooms) => public(state, rooms),
        Given::Hits(hits) => {
            let is_everywhere = matches!(to, Request::Search { room: None, .. });
            hits.iter().map(|hit| found(hit, is_everywhere)).collect()
        }
        Given::Blocks(blocks) => blocks
            .into_iter()
            .map(|b| {
                let until = b.until.map_or_else(|| "until unblocked".to_owned(), |at| format!("until {}", local(at)));
                let reason = b.reason.map_or_else(String::new, |r| format!(": {}", sanitize::line(&r)));
                Row {
                    text: format!("{}{reason}", b.user.username),
                    note: format!("by {}, {until}", b.by.username),
                    pick: Pick::Nothing,
                }
            })
            .collect(),
        Given::Audit(acts) => acts
            .into_iter()
            .map(|a| {
                let upon = a.subject.map_or_else(String::new, |s| format!(" {}", s.username));
                let detail = a.detail.map_or_else(String::new, |d| format!(": {}", with_local_times(&d)));
                Row {
                    text: format!("{} {}{upon}{detail}", a.actor.username, a.action),
                    note: local(a.at),
                    pick: Pick::Nothing,
                }
            })
            .collect(),
        _ => return vec![],
    };
    let Some(Overlay::List(list)) = &mut state.overlay else { return vec![] };
    let chosen = list.at;
    match (&list.kind, to) {
        (ListKind::Switcher, Request::Public(_)) => {
            let ways = list.rows.len() - ways_in().len();
            list.rows.splice(ways..ways, rows);
        }
        (ListKind::Other(asked), to) if asked == to => list.rows = rows,
        _ => return vec![],
    }
    list.is_waiting = false;
    narrow(list);
    list.at = chosen.min(list.shown.len().saturating_sub(1));
    vec![]
}

/// A find; in which room it is, is told where all were searched.
fn found(hit: &SearchHit, is_everywhere: bool) -> Row {
    let m = &hit.message;
    let room = if is_everywhere { format!("{} ", hit.room_name) } else { String::new() };
    // To the minute.
    let at: String = local(m.at).chars().take(16).collect();
    Row {
        text: format!("{}: {}", m.author.username, lines::snippet(&m.body)),
        note: format!("{room}#{} {at}", m.seq),
        pick: Pick::Message(m.room_id, m.seq),
    }
}

/// Public rooms one is not in.
fn public(state: &State, rooms: Vec<Room>) -> Vec<Row> {
    let is_new = |room: &Room| state.rooms.get(room.id).is_none_or(|r| r.ended.is_some());
    rooms
        .into_iter()
        .filter(is_new)
        .map(|room| Row {
            note: format!("not joined, {}", counted(room.member_count, "member")),
            pick: Pick::Join(room.id),
            text: room.name,
        })
        .collect()
}

fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// A list that waits for an answer that does not come waits no more.
pub(super) fn stop_waiting(state: &mut State, to: &Request) {
    if let Some(Overlay::List(list)) = &mut state.overlay {
        let is_its = matches!((&list.kind, to), (ListKind::Other(asked), to) if asked == to)
            || matches!((&list.kind, to), (ListKind::Switcher, Request::Public(_)));
        if is_its {
            list.is_waiting = false;
        }
    }
}
