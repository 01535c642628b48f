//! A conversation in a room.

use std::time::Duration;

use chatapp_client::api::HistoryPart;
use chatapp_client::live::Event;
use chatapp_client::{ClientError, sanitize};
use chatapp_types::messages::MessagePage;
use chatapp_types::rooms::Room;
use chatapp_types::{Entry, EntryBody, UserId};
use tokio::time::{Instant, sleep_until};

use super::act::{self, Then};
use super::session::{Next, Session};
use super::view::View;
use super::{Leave, on_messages};
use crate::attention::{self, Call};
use crate::command::{Level, Typed};
use crate::completion::Known;
use crate::console::{Input, Style};
use crate::screen::state::log::{Item, Log, Side, Stretch};

const HISTORY: u32 = 50;
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
    session.handle.subscribe(id, Some(view.last).filter(|seq| *seq > 0)).await;
    let over = converse(session, &mut view).await;
    session.handle.unsubscribe(id).await;
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
    let latest = async {
        // What is unread is asked for before anything is marked as read.
        let unread = client.list_unread().await?.items.into_iter().find(|u| u.room_id == room.id);
        Ok((client.list_messages(room.id, HistoryPart::Latest, HISTORY).await?, unread))
    };
    let latest = async {
        match latest.await {
            Err(ClientError::Network(_)) => Ok(None),
            answer => answer.map(Some),
        }
    };
    let (page, unread) = match session.request(latest).await? {
        None => return Ok(None),
        Some(None) => return open_kept(session, room).map(Some),
        Some(Some(answer)) => answer,
    };
    let mut view = began(session, room)?;
    view.log.take(Side::Instead, stretch(&page, session.me.id));
    view.unread = unread.filter(|u| u.messages > 0).map(|u| u.read_seq);
    view.last = page.head;
    view.first = page.items.first().filter(|_| page.has_before).map(|m| m.seq);
    on_messages::print(session, &mut view, &page.items).await?;
    Ok(Some(view))
}

fn began(session: &mut Session<'_>, room: Room) -> Result<View, Leave> {
    session.console.print(&format!("Entered chat room: {}", sanitize::line(&room.name)))?;
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
    for message in page.items.iter().filter_map(|item| item.to_message(id)) {
        let line = view.message(&message);
        session.console.print(&line)?;
    }
    view.first = page.items.first().map(|item| item.seq);
    view.log = Log::kept(page);
    session.console.print("(so far it was loaded; the gateway cannot be reached)")?;
    Ok(view)
}

fn stretch(page: &MessagePage, me: UserId) -> Stretch {
    let items: Vec<Item> = page.items.iter().map(|m| Item::of_message(m.clone(), me)).collect();
    let first = items.first().map_or(page.head, |item| item.seq);
    Stretch { first, last: page.head, head: page.head, floor: 0, items }
}

async fn converse(session: &mut Session<'_>, view: &mut View) -> Result<Option<Room>, Leave> {
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
            Next::Event(event) => {
                if let Event::Entry(entry) = &event
                    && entry.room_id == view.room.id
                    && let EntryBody::MessagePosted { reply_to: Some(id), .. } = entry.body
                {
                    on_messages::learn(session, view, std::iter::once(id)).await?;
                }
                happened(session, view, event)?
            }
        };
        match then {
            Then::Stay => {}
            Then::GoBack => return Ok(None),
            Then::GoTo(room) => return Ok(Some(*room)),
            Then::Quit => return Err(Leave::Goodbye),
        }
    }
}

/// The input has ended: what was sent last is shown when it comes back, as what was sent before.
async fn finish(session: &mut Session<'_>, view: &mut View) -> Result<Option<Room>, Leave> {
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
            view.log.live(&entry, session.me.id, true);
            if let Some(line) = view.entry(&entry) {
                session.console.print(&line)?;
            }
            call_for(session, view, &entry)?;
        }
        Some(Event::Presence { room_id, online, offline, full }) if room_id == view.room.id => {
            if full {
                view.online.clear();
            }
            view.online.extend(online.into_iter().map(|u| u.username));
            for user in offline {
                view.online.remove(&user.username);
            }
            let rooms = vec![view.room.name.clone()];
            session.console.knows(Known { users: view.online.iter().cloned().collect(), rooms });
        }
        Some(Event::CaughtUp { room_id, .. }) if room_id == view.room.id => view.is_live = true,
        Some(Event::RoomEnded { room_id, .. }) if room_id == view.room.id => {
            session.console.hush()?;
            session.console.print("You are no longer in this room.")?;
            return Ok(Then::GoBack);
        }
        _ => {}
    }
    Ok(Then::Stay)
}

/// A message that is to call for attention does; what came while one was away does not call one by one.
fn call_for(session: &mut Session<'_>, view: &View, entry: &Entry) -> Result<(), Leave> {
    let EntryBody::MessagePosted { body, mentions, deleted: false, .. } = &entry.body else { return Ok(()) };
    let mention = mentions.iter().any(|u| u.id == session.me.id);
    let calls = match session.level(view.room.id) {
        Level::All => true,
        Level::Mentions => mention,
        Level::None => false,
    };
    if !calls || !view.is_live || entry.actor.id == session.me.id {
        return Ok(());
    }
    let call = Call {
        room_id: view.room.id,
        room: view.room.name.clone(),
        seq: entry.seq,
        at: entry.at,
        author: entry.actor.username.clone(),
        text: body.clone(),
        mention,
        count: 1,
    };
    let sequence = attention::raise(&session.settings.notify, &call);
    Ok(session.console.signal(&sequence)?)
}
