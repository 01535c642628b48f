//! What the commands of a room do.

use chatapp_client::api::HistoryPart;
use chatapp_client::{ClientError, sanitize};
use chatapp_types::rooms::{BlockRequest, SetSecretCodeRequest, UpdateRoomRequest};
use chatapp_types::{ErrorCode, MessageId, RoomName, Timestamp, Topic, Visibility};

use super::Leave;
use super::command::{Command, HELP, Target};
use super::session::Session;
use super::view::View;
use crate::args::MessageName;
use crate::clock_text::local;
use crate::commands::{all_acts, all_blocks, all_members, message_id};
use crate::lines;

const PAGE: u32 = 50;

/// What follows a command.
pub(super) enum Then {
    Stay,
    GoBack,
    Quit,
}

pub(super) async fn run(session: &mut Session<'_>, view: &mut View, command: Command) -> Result<Then, Leave> {
    match command {
        Command::Back => return Ok(Then::GoBack),
        Command::Quit => return Ok(Then::Quit),
        Command::Leave => return leave(session, view).await,
        Command::DeleteRoom(name) => return delete_room(session, view, &name).await,
        Command::Clear => session.console.clear()?,
        Command::Help => session.console.print(HELP)?,
        Command::Numbers => numbers(session, view)?,
        Command::History => history(session, view).await?,
        Command::Members => members(session, view).await?,
        Command::Who => who(session, view)?,
        Command::Search(text) => search(session, view, &text).await?,
        Command::Reply(target, text) => reply(session, view, target, text).await?,
        Command::Edit(target, text) => edit(session, view, target, text).await?,
        Command::Delete(target) => delete(session, view, target).await?,
        Command::Blocks => blocks(session, view).await?,
        Command::Audit => audit(session, view).await?,
        Command::Code => new_code(session, view).await?,
        other => change(session, view, other).await?,
    }
    Ok(Then::Stay)
}

/// The commands whose effect everyone sees as an entry; the doer is told too, for an entry may take its time.
async fn change(session: &mut Session<'_>, view: &View, command: Command) -> Result<(), Leave> {
    let client = session.client.clone();
    let id = view.room.id;
    let until = |length: Option<time::Duration>| length.map(|l| session.context.clock.now().plus(l));
    let settings = UpdateRoomRequest::default;
    let done = match command {
        Command::Add(user) => session.request(client.put_member(id, &user, None)).await?,
        Command::Remove(user) => session.request(client.remove_member(id, &user)).await?,
        Command::Unblock(user) => session.request(client.unblock_user(id, &user)).await?,
        Command::Role(user, role) => session.request(client.put_member(id, &user, Some(role))).await?,
        Command::Transfer(user) => session.request(client.transfer_room(id, user)).await?,
        Command::RemoveCode => session.request(client.remove_secret_code(id)).await?,
        Command::Block { user, length, reason } => {
            let request = BlockRequest { reason, until: until(length) };
            let blocked = session.request(client.block_user(id, &user, &request)).await?;
            if blocked.is_some() {
                session.console.print(&blocked_until(request.until))?;
            }
            return Ok(());
        }
        Command::Private => {
            update(session, view, UpdateRoomRequest { visibility: Some(Visibility::Private), ..settings() }).await?
        }
        Command::Public => {
            update(session, view, UpdateRoomRequest { visibility: Some(Visibility::Public), ..settings() }).await?
        }
        Command::Topic(text) => match Topic::parse(&text) {
            Ok(topic) => update(session, view, UpdateRoomRequest { topic: Some(topic), ..settings() }).await?,
            Err(e) => refuse(session, &e.message)?,
        },
        Command::Rename(text) => match RoomName::parse(&text) {
            Ok(name) => update(session, view, UpdateRoomRequest { name: Some(name), ..settings() }).await?,
            Err(e) => refuse(session, &e.message)?,
        },
        _ => None,
    };
    if done.is_some() {
        session.console.print("Done.")?;
    }
    Ok(())
}

/// How long a block holds: a length that was not understood as it was meant shows at once.
fn blocked_until(until: Option<Timestamp>) -> String {
    until.map_or_else(|| "blocked until unblocked".to_owned(), |at| format!("blocked until {}", local(at)))
}

async fn update(session: &mut Session<'_>, view: &View, request: UpdateRoomRequest) -> Result<Option<()>, Leave> {
    let client = session.client.clone();
    Ok(session.request(client.update_room(view.room.id, &request)).await?.map(drop))
}

fn refuse(session: &mut Session<'_>, why: &str) -> Result<Option<()>, Leave> {
    session.console.print(&format!("Not valid: {why}"))?;
    Ok(None)
}

async fn leave(session: &mut Session<'_>, view: &View) -> Result<Then, Leave> {
    let client = session.client.clone();
    match session.request(client.leave_room(view.room.id)).await? {
        Some(()) => {
            session.console.print(&format!("You have left {}.", sanitize::line(&view.room.name)))?;
            Ok(Then::GoBack)
        }
        None => Ok(Then::Stay),
    }
}

async fn delete_room(session: &mut Session<'_>, view: &View, name: &str) -> Result<Then, Leave> {
    if name != view.room.name {
        session.console.print("That is not this room's name; nothing is deleted.")?;
        return Ok(Then::Stay);
    }
    let client = session.client.clone();
    match session.request(client.delete_room(view.room.id)).await? {
        Some(()) => {
            session.console.print("The room is deleted.")?;
            Ok(Then::GoBack)
        }
        None => Ok(Then::Stay),
    }
}

fn numbers(session: &mut Session<'_>, view: &mut View) -> Result<(), Leave> {
    view.is_numbered = !view.is_numbered;
    let text =
        if view.is_numbered { "Messages are shown with their numbers." } else { "Messages are shown without numbers." };
    Ok(session.console.print(text)?)
}

async fn history(session: &mut Session<'_>, view: &mut View) -> Result<(), Leave> {
    let Some(before) = view.first else { return Ok(session.console.print("There is nothing earlier.")?) };
    let client = session.client.clone();
    let page = session.request(client.list_messages(view.room.id, HistoryPart::Before(before), PAGE)).await?;
    let Some(page) = page else { return Ok(()) };
    view.first = page.items.first().filter(|_| page.has_before).map(|m| m.seq);
    for message in &page.items {
        let line = view.message(message);
        session.console.print(&line)?;
    }
    Ok(session.console.print("(end of the earlier messages)")?)
}

async fn members(session: &mut Session<'_>, view: &View) -> Result<(), Leave> {
    let client = session.client.clone();
    let Some(members) = session.request(all_members(&client, view.room.id)).await? else { return Ok(()) };
    for m in members {
        let is_online = if view.online.contains(&m.user.username) { ", online" } else { "" };
        session.console.print(&format!("{} ({}{is_online})", sanitize::line(&m.user.username), m.role))?;
    }
    Ok(())
}

fn who(session: &mut Session<'_>, view: &View) -> Result<(), Leave> {
    if view.online.is_empty() {
        return Ok(session.console.print("Who is online is not known just now.")?);
    }
    let names: Vec<_> = view.online.iter().map(|name| sanitize::line(name)).collect();
    Ok(session.console.print(&format!("Online: {}", names.join(", ")))?)
}

async fn search(session: &mut Session<'_>, view: &View, text: &str) -> Result<(), Leave> {
    let client = session.client.clone();
    let found = session.request(client.search(text, Some(view.room.id), None, PAGE)).await?;
    let Some(found) = found else { return Ok(()) };
    if found.items.is_empty() {
        session.console.print("Nothing found.")?;
    }
    for hit in &found.items {
        session.console.print(&lines::message(&hit.message, true))?;
    }
    Ok(())
}

async fn reply(session: &mut Session<'_>, view: &View, target: Target, text: String) -> Result<(), Leave> {
    match find(session, view, target, true).await? {
        Some(id) => session.post(view.room.id, text, Some(id)).await,
        None => Ok(()),
    }
}

async fn edit(session: &mut Session<'_>, view: &View, target: Target, text: String) -> Result<(), Leave> {
    if let Some(id) = find(session, view, target, false).await? {
        let client = session.client.clone();
        session.request(client.edit_message(view.room.id, id, text)).await?;
    }
    Ok(())
}

async fn delete(session: &mut Session<'_>, view: &View, target: Target) -> Result<(), Leave> {
    if let Some(id) = find(session, view, target, false).await? {
        let client = session.client.clone();
        session.request(client.delete_message(view.room.id, id)).await?;
    }
    Ok(())
}

/// The message that is meant; one that was not shown is asked for by its number.
async fn find(
    session: &mut Session<'_>,
    view: &View,
    target: Target,
    of_others: bool,
) -> Result<Option<MessageId>, Leave> {
    if let Some(id) = view.find(target, session.me.id, of_others) {
        return Ok(Some(id));
    }
    let client = session.client.clone();
    let asked = async {
        match target {
            Target::Seq(seq) => message_id(&client, view.room.id, MessageName::Seq(seq)).await,
            Target::Latest => Err(ClientError::from(ErrorCode::MessageNotFound)),
        }
    };
    session.request(asked).await
}

async fn blocks(session: &mut Session<'_>, view: &View) -> Result<(), Leave> {
    let client = session.client.clone();
    let Some(blocks) = session.request(all_blocks(&client, view.room.id)).await? else { return Ok(()) };
    if blocks.is_empty() {
        session.console.print("Nobody is kept out.")?;
    }
    for b in blocks {
        let until = b.until.map_or_else(String::new, |at| format!(" until {}", local(at)));
        let reason = b.reason.map_or_else(String::new, |r| format!(": {}", sanitize::line(&r)));
        let (who, by) = (sanitize::line(&b.user.username), sanitize::line(&b.by.username));
        session.console.print(&format!("{who}{until} (by {by}){reason}"))?;
    }
    Ok(())
}

async fn audit(session: &mut Session<'_>, view: &View) -> Result<(), Leave> {
    let client = session.client.clone();
    let Some(acts) = session.request(all_acts(&client, view.room.id)).await? else { return Ok(()) };
    for a in acts {
        let upon = a.subject.map_or_else(String::new, |s| format!(" {}", sanitize::line(&s.username)));
        let detail = a.detail.map_or_else(String::new, |d| format!(": {}", sanitize::line(&d)));
        let (by, action) = (sanitize::line(&a.actor.username), sanitize::line(&a.action));
        session.console.print(&format!("[{}] {by} {action}{upon}{detail}", local(a.at)))?;
    }
    Ok(())
}

async fn new_code(session: &mut Session<'_>, view: &View) -> Result<(), Leave> {
    let client = session.client.clone();
    // The view may not yet know that the room has just been made private.
    if view.room.visibility == Visibility::Public {
        let Some(room) = session.request(client.get_room(view.room.id)).await? else { return Ok(()) };
        if room.visibility == Visibility::Public {
            return Ok(session.console.print("a public room has no code")?);
        }
    }
    let request = SetSecretCodeRequest::default();
    let Some(answer) = session.request(client.set_secret_code(view.room.id, &request)).await? else { return Ok(()) };
    let code = sanitize::line(answer.secret_code.expose()).into_owned();
    Ok(session.console.print(&format!("Secret code, shown only now: {code}"))?)
}
