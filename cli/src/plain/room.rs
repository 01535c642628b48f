//! A conversation in a room.

use std::time::Duration;

use chatapp_client::api::HistoryPart;
use chatapp_client::live::Event;
use chatapp_client::sanitize;
use chatapp_types::rooms::Room;
use tokio::time::{Instant, sleep_until};

use super::Leave;
use super::act::{self, Then};
use super::command::Typed;
use super::session::{Next, Session};
use super::view::View;
use crate::console::{Input, Style};

const HISTORY: u32 = 50;
/// How long what was shown waits to be marked as read: a marker for each message would be too many.
const MARK_EVERY: Duration = Duration::from_secs(5);
const MARK_WITHIN: Duration = Duration::from_secs(2);
const PROMPT: &str = "> ";

/// Enters a room (a public one is joined first) and talks there until the person goes back to the list.
pub(super) async fn enter(session: &mut Session<'_>, room: Room) -> Result<(), Leave> {
    let Some(mut view) = open(session, room).await? else { return Ok(()) };
    let id = view.room.id;
    session.handle.subscribe(id, Some(view.last)).await;
    let over = converse(session, &mut view).await;
    session.handle.unsubscribe(id).await;
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
    let latest = client.list_messages(room.id, HistoryPart::Latest, HISTORY);
    let Some(page) = session.request(latest).await? else { return Ok(None) };
    session.console.print(&format!("Entered chat room: {}", sanitize::line(&room.name)))?;
    if !room.topic.is_empty() {
        session.console.print(&format!("Topic: {}", sanitize::line(&room.topic)))?;
    }
    let mut view = View::new(room);
    view.last = page.head;
    view.first = page.items.first().filter(|_| page.has_before).map(|m| m.seq);
    for message in &page.items {
        let line = view.message(message);
        session.console.print(&line)?;
    }
    Ok(Some(view))
}

async fn converse(session: &mut Session<'_>, view: &mut View) -> Result<(), Leave> {
    let mut marked = (view.last, Instant::now() + MARK_EVERY);
    session.handle.mark_read(view.room.id, view.last).await;
    session.console.prompt(PROMPT, Style::Conversation)?;
    loop {
        let next = tokio::select! {
            next = session.next() => next?,
            () = sleep_until(marked.1), if view.last > marked.0 => {
                marked = (view.last, Instant::now() + MARK_EVERY);
                session.handle.mark_read(view.room.id, view.last).await;
                continue;
            }
        };
        let then = match next {
            Next::Input(Input::Line(line)) => {
                let then = typed(session, view, &line).await?;
                if matches!(then, Then::Stay) {
                    session.console.prompt(PROMPT, Style::Conversation)?;
                }
                then
            }
            Next::Input(Input::Interrupted) => return Err(Leave::Goodbye),
            Next::Input(Input::Ended) => return finish(session, view).await,
            Next::Event(event) => happened(session, view, event)?,
        };
        match then {
            Then::Stay => {}
            Then::GoBack => return Ok(()),
            Then::Quit => return Err(Leave::Goodbye),
        }
    }
}

/// The input has ended: what was sent last is shown when it comes back, as what was sent before.
async fn finish(session: &mut Session<'_>, view: &mut View) -> Result<(), Leave> {
    let until = session.last_moment();
    while let Some(event) = session.next_after_end(view.room.id, view.last, until).await? {
        happened(session, view, event)?;
    }
    Err(Leave::Goodbye)
}

async fn typed(session: &mut Session<'_>, view: &mut View, line: &str) -> Result<Then, Leave> {
    let typed = Typed::read(line);
    if matches!(typed, Typed::Wrong(_) | Typed::Command(_)) {
        session.console.echo(line)?;
    }
    match typed {
        Typed::Nothing => {}
        Typed::Message(text) => session.post(view.room.id, text, None).await?,
        Typed::Wrong(why) => session.console.print(&why)?,
        Typed::Command(command) => return act::run(session, view, command).await,
    }
    Ok(Then::Stay)
}

fn happened(session: &mut Session<'_>, view: &mut View, event: Event) -> Result<Then, Leave> {
    match session.settle(event)? {
        Some(Event::Entry(entry)) if entry.room_id == view.room.id => {
            if let Some(line) = view.entry(&entry) {
                session.console.print(&line)?;
            }
        }
        Some(Event::Presence { room_id, online, offline, full }) if room_id == view.room.id => {
            if full {
                view.online.clear();
            }
            view.online.extend(online.into_iter().map(|u| u.username));
            for user in offline {
                view.online.remove(&user.username);
            }
        }
        Some(Event::RoomEnded { room_id, .. }) if room_id == view.room.id => {
            session.console.hush()?;
            session.console.print("You are no longer in this room.")?;
            return Ok(Then::GoBack);
        }
        _ => {}
    }
    Ok(Then::Stay)
}
