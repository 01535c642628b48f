//! A conversation in a room.

use std::time::Duration;

use chatapp_client::live::Event;
use chatapp_client::{ClientError, sanitize};
use chatapp_types::rooms::Room;
use chatapp_types::{EntryBody, Visibility};
use tokio::time::{Instant, sleep_until};

use super::act::{self, Then};
use super::session::{Next, Session};
use super::view::View;
use super::{Leave, on_messages};
use crate::command::Typed;
use crate::commands::all_members;
use crate::completion::Known;
use crate::console::{Input, Style};
use crate::lines;
use crate::screen::state::log::{Log, Side};
use crate::stretches::{self, Span};

/// What is shown of what was said before.
const SHOWN: usize = 50;
/// How long what was shown waits to be marked as read: a marker for each message would be too many.
const MARK_EVERY: Duration = Duration::from_secs(5);
const MARK_WITHIN: Duration = Duration::from_secs(2);
const PROMPT: &str = "> ";

/// Enters a room (a public one is joined first) and talks there, and in those one goes to from there, until the person
/// goes back to the list.
pub(super) async fn enter(session: &mut Session<'_>, room: Room) -> Result<(), Leave> {
    let mut next = Some(room);
    while let Some(room) = next {
        next = visit(session, room).await?;
    }
    Ok(())
}

/// One room; the one to go to from there, if any.
async fn visit(session: &mut Session<'_>, room: Room) -> Result<Option<Room>, Leave> {
    let Some(mut view) = open(session, room).await? else { return Ok(None) };
    let id = view.room.id;
    session.arrive(&view.room, view.last).await;
    let draft = session.memory.recall().rooms.get(&id).map(|r| r.draft.clone()).unwrap_or_default();
    session.console.write(&draft)?;
    let over = converse(session, &mut view).await;
    let text = session.console.take_text();
    session.depart(id, text);
    session.console.set_status("")?;
    session.keep_rooms(|kept| kept.saw(&view.room, &view.log));
    // By REST, for the list of rooms that comes next shows what is unread; that it fails does no harm.
    let _ = tokio::time::timeout(MARK_WITHIN, session.client.mark_read(id, view.last)).await;
    over
}

/// Shows the room and what was said before; `None` if it cannot be entered.
async fn open(session: &mut Session<'_>, mut room: Room) -> Result<Option<View>, Leave> {
    let client = session.client.clone();
    if room.role.is_none() {
        let Some(joined) = session.request(client.join_room(room.id, None)).await? else { return Ok(None) };
        room = joined;
    }
    let (id, me) = (room.id, session.me.id);
    let latest = async {
        // What is unread is asked for before anything is marked as read.
        let unread = client.list_unread().await?.items.into_iter().find(|u| u.room_id == id);
        let (stretch, members) =
            futures::future::try_join(stretches::read(&client, me, id, Span::Latest), all_members(&client, id)).await?;
        Ok((stretch, members, unread))
    };
    let latest = async {
        match latest.await {
            Err(ClientError::Network(_)) => Ok(None),
            answer => answer.map(Some),
        }
    };
    let (stretch, members, unread) = match session.request(latest).await? {
        None => return Ok(None),
        Some(None) => return open_kept(session, room).map(Some),
        Some(Some(answer)) => answer,
    };
    let mut view = began(session, room)?;
    view.log.take(Side::Instead, stretch.clone());
    view.members = members.into_iter().map(|m| m.user.username).collect();
    view.unread = unread.filter(|u| u.messages > 0).map(|u| u.read_seq);
    view.last = stretch.last;
    let shown = &stretch.items[stretch.items.len().saturating_sub(SHOWN)..];
    let first = if shown.len() == stretch.items.len() {
        stretch.first
    } else {
        shown.first().map_or(stretch.first, |item| item.seq)
    };
    view.first = Some(first).filter(|first| *first > stretch.floor + 1);
    on_messages::print_newest(session, &mut view, shown).await?;
    Ok(Some(view))
}

fn began(session: &mut Session<'_>, room: Room) -> Result<View, Leave> {
    let private = if room.visibility == Visibility::Private { " (private)" } else { "" };
    session.console.print(&format!("Entered chat room: {}{private}", sanitize::line(&room.name)))?;
    if !room.topic.is_empty() {
        session.console.print(&format!("Topic: {}", sanitize::line(&room.topic)))?;
    }
    Ok(View::new(room))
}

/// Shows the room as it was the last time: the gateway cannot be reached.
fn open_kept(session: &mut Session<'_>, room: Room) -> Result<View, Leave> {
    let id = room.id;
    let mut view = began(session, room)?;
    let kept = session.kept_rooms().take(id);
    view.last = kept.as_ref().map_or(0, |k| k.page.as_ref().map_or(k.read_seq, |page| page.last));
    let Some(page) = kept.and_then(|k| k.page) else { return Ok(view) };
    for item in &page.items {
        let line = view.item(item);
        session.console.print(&line)?;
    }
    view.first = page.items.first().map(|item| item.seq);
    view.log = Log::kept(page);
    session.console.print("(so far it was loaded; the gateway cannot be reached)")?;
    Ok(view)
}

async fn converse(session: &mut Session<'_>, view: &mut View) -> Result<Option<Room>, Leave> {
    let mut marked = (view.last, Instant::now() + MARK_EVERY);
    session.handle.mark_read(view.room.id, view.last).await;
    complete(session, view);
    session.console.prompt(PROMPT, Style::Conversation)?;
    loop {
        let expires = view.typing.expires();
        let next = tokio::select! {
            next = session.next() => next?,
            () = sleep_until(marked.1), if view.last > marked.0 => {
                marked = (view.last, Instant::now() + MARK_EVERY);
                session.handle.mark_read(view.room.id, view.last).await;
                continue;
            }
            () = sleep_until(expires.unwrap_or(marked.1)), if expires.is_some() => {
                view.typing.expire(Instant::now());
                show_typing(session, view)?;
                continue;
            }
        };
        match came(session, view, next).await? {
            Then::Stay => {}
            Then::GoBack => return Ok(None),
            Then::GoTo(room) => return Ok(Some(*room)),
            Then::Quit => return Err(Leave::Goodbye),
        }
    }
}

/// A line, an event, or the end.
async fn came(session: &mut Session<'_>, view: &mut View, next: Next) -> Result<Then, Leave> {
    match next {
        Next::Input(Input::Line(line)) => {
            let then = typed(session, view, &line).await?;
            if matches!(then, Then::Stay) {
                session.console.prompt(PROMPT, Style::Conversation)?;
            }
            Ok(then)
        }
        Next::Input(Input::Typing) => {
            let tells = session.settings.typing.tell && session.is_connected;
            if tells && view.typing.is_to_be_said(Instant::now()) {
                session.handle.typing(view.room.id).await;
            }
            Ok(Then::Stay)
        }
        Next::Input(Input::Interrupted) => Ok(Then::Quit),
        Next::Input(Input::Ended) => finish(session, view).await,
        Next::Event(event) => {
            if let Event::Entry(entry) = &event
                && entry.room_id == view.room.id
                && let EntryBody::MessagePosted { reply_to: Some(id), .. } = entry.body
            {
                on_messages::learn(session, view, std::iter::once(id)).await?;
            }
            happened(session, view, event)
        }
    }
}

/// The input has ended: what was sent last is shown when it comes back, as what was sent before.
async fn finish(session: &mut Session<'_>, view: &mut View) -> Result<Then, Leave> {
    let until = session.last_moment();
    while let Some(event) = session.next_after_end(view.room.id, view.last, until).await? {
        happened(session, view, event)?;
    }
    Ok(Then::Quit)
}

async fn typed(session: &mut Session<'_>, view: &mut View, line: &str) -> Result<Then, Leave> {
    let typed = Typed::read(line);
    if matches!(typed, Typed::Wrong(_) | Typed::Command(_)) {
        session.console.echo(line)?;
    }
    match typed {
        Typed::Nothing => {}
        Typed::Message(text) => {
            view.typing.sent(Instant::now());
            session.post(view.room.id, text, None).await?;
        }
        Typed::Wrong(why) => session.console.print(&lines::sentence(&why))?,
        Typed::Command(command) => return act::run(session, view, command).await,
    }
    Ok(Then::Stay)
}

fn happened(session: &mut Session<'_>, view: &mut View, event: Event) -> Result<Then, Leave> {
    if matches!(event, Event::Disconnected { .. }) {
        view.online.clear();
        view.typing.forget();
        show_typing(session, view)?;
    }
    match session.settle(event)? {
        Some(Event::Entry(entry)) if entry.room_id == view.room.id && entry.seq > view.last => {
            view.log.live(&entry, session.me.id, true);
            view.typing.ended(entry.actor.id);
            if let Some(line) = view.entry(&entry) {
                session.console.print(&line)?;
            }
            show_typing(session, view)?;
            complete(session, view);
        }
        Some(Event::Typing { room_id, user }) if room_id == view.room.id && user.id != session.me.id => {
            view.typing.heard(user, Instant::now());
            show_typing(session, view)?;
        }
        Some(Event::Presence { room_id, online, offline, full }) if room_id == view.room.id => {
            if full {
                view.online.clear();
            }
            view.online.extend(online.into_iter().map(|u| u.username));
            for user in offline {
                view.typing.ended(user.id);
                view.online.remove(&user.username);
            }
            show_typing(session, view)?;
        }
        Some(Event::RoomEnded { room_id, .. }) => {
            session.followed.remove(room_id);
            if room_id == view.room.id {
                session.console.hush()?;
                session.console.print("You are no longer in this room.")?;
                return Ok(Then::GoBack);
            }
        }
        _ => {}
    }
    Ok(Then::Stay)
}

/// Who is typing stands before the prompt while it is so, and takes no line of the conversation.
fn show_typing(session: &mut Session<'_>, view: &View) -> Result<(), Leave> {
    let told = view.typing.told().filter(|_| session.settings.typing.show);
    Ok(session.console.set_status(&told.map(|text| format!("({text}) ")).unwrap_or_default())?)
}

/// What the tab key completes: who is in the room, and the rooms.
fn complete(session: &mut Session<'_>, view: &View) {
    let me = &session.me.username;
    let users = view.members.iter().filter(|name| *name != me).cloned().collect();
    let rooms = session.followed.names();
    session.console.knows(Known { users, rooms });
}
