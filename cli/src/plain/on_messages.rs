//! What the commands about messages do.

use std::collections::HashSet;

use chatapp_client::api::HistoryPart;
use chatapp_client::{ClientError, sanitize};
use chatapp_types::messages::Message;
use chatapp_types::{ErrorCode, MessageId};

use super::Leave;
use super::session::Session;
use super::view::View;
use crate::args::MessageName;
use crate::command::{Command, Target};
use crate::commands::message_id;
use crate::{lines, links, outside};

const PAGE: u32 = 50;
/// Messages that are asked for to be quoted by the answers of a page.
const QUOTED: usize = 10;
/// Messages that are shown around one that is gone to.
const AROUND: u32 = 11;

pub(super) async fn run(session: &mut Session<'_>, view: &mut View, command: Command) -> Result<(), Leave> {
    match command {
        Command::History => history(session, view).await,
        Command::Unread => unread(session, view).await,
        Command::Goto(seq) => show(session, view, HistoryPart::Around(seq), AROUND).await,
        Command::Search { text, everywhere } => search(session, view, &text, everywhere).await,
        Command::Reply(target, text) => reply(session, view, target, text).await,
        Command::Edit(target, text) => edit(session, view, target, text).await,
        Command::Delete(target) => delete(session, view, target).await,
        Command::Copy(target) => copy(session, view, target).await,
        Command::Open(target) => open(session, view, target).await,
        Command::Editor => write_in_editor(session, view).await,
        Command::Retry => retry(session).await,
        Command::Drop => {
            let count = std::mem::take(&mut session.refused).len();
            Ok(session.console.print(&format!("{count} message(s) forgotten."))?)
        }
        _ => Ok(()),
    }
}

async fn history(session: &mut Session<'_>, view: &mut View) -> Result<(), Leave> {
    let Some(before) = view.first else { return Ok(session.console.print("There is nothing earlier.")?) };
    let client = session.client.clone();
    let page = session.request(client.list_messages(view.room.id, HistoryPart::Before(before), PAGE)).await?;
    let Some(page) = page else { return Ok(()) };
    view.first = page.items.first().filter(|_| page.has_before).map(|m| m.seq);
    print(session, view, &page.items).await?;
    Ok(session.console.print("(end of the earlier messages)")?)
}

async fn unread(session: &mut Session<'_>, view: &mut View) -> Result<(), Leave> {
    match view.unread {
        Some(seq) => show(session, view, HistoryPart::After(seq), PAGE).await,
        None => Ok(session.console.print("Nothing was unread when you came in.")?),
    }
}

async fn show(session: &mut Session<'_>, view: &mut View, part: HistoryPart, limit: u32) -> Result<(), Leave> {
    let client = session.client.clone();
    let page = session.request(client.list_messages(view.room.id, part, limit)).await?;
    match page {
        Some(page) => print(session, view, &page.items).await,
        None => Ok(()),
    }
}

/// Shows messages of the history.
pub(super) async fn print(session: &mut Session<'_>, view: &mut View, messages: &[Message]) -> Result<(), Leave> {
    let shown: HashSet<MessageId> = messages.iter().map(|m| m.id).collect();
    learn(session, view, messages.iter().filter_map(|m| m.reply_to).filter(|id| !shown.contains(id))).await?;
    for message in messages {
        let line = view.message(message);
        session.console.print(&line)?;
    }
    Ok(())
}

/// Learns what answers quote of messages that are not on the screen; of the last few, for there may be many.
pub(super) async fn learn(
    session: &mut Session<'_>,
    view: &mut View,
    answered: impl DoubleEndedIterator<Item = MessageId>,
) -> Result<(), Leave> {
    let unknown: Vec<MessageId> = answered.rev().filter(|id| !view.knows(*id)).take(QUOTED).collect();
    for id in unknown {
        let (client, room) = (session.client.clone(), view.room.id);
        // What cannot be read is called an earlier message.
        if let Some(Some(message)) = session.request(async { Ok(client.get_message(room, id).await.ok()) }).await? {
            view.learn(&message);
        }
    }
    Ok(())
}

async fn search(session: &mut Session<'_>, view: &View, text: &str, everywhere: bool) -> Result<(), Leave> {
    let client = session.client.clone();
    let room = (!everywhere).then_some(view.room.id);
    let Some(found) = session.request(client.search(text, room, None, PAGE)).await? else { return Ok(()) };
    if found.items.is_empty() {
        session.console.print("Nothing found.")?;
    }
    for hit in &found.items {
        let line = lines::message(&hit.message, true);
        let line = if everywhere { format!("{}: {line}", sanitize::line(&hit.room_name)) } else { line };
        session.console.print(&line)?;
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

/// The text of the message that is meant, as it is now.
async fn text_of(session: &mut Session<'_>, view: &View, target: Target) -> Result<Option<String>, Leave> {
    let client = session.client.clone();
    let seq = match target {
        Target::Seq(seq) => Some(seq),
        Target::Latest => view.latest(),
    };
    let asked = async {
        let not_there = || ClientError::from(ErrorCode::MessageNotFound);
        let seq = seq.ok_or_else(not_there)?;
        let page = client.list_messages(view.room.id, HistoryPart::After(seq.saturating_sub(1)), 1).await?;
        page.items.into_iter().find(|m| m.seq == seq && !m.deleted).map(|m| m.body).ok_or_else(not_there)
    };
    session.request(asked).await
}

async fn copy(session: &mut Session<'_>, view: &View, target: Target) -> Result<(), Leave> {
    let Some(text) = text_of(session, view, target).await? else { return Ok(()) };
    // What is pasted elsewhere must not do there what it may not do here.
    let done = session.console.copy(&sanitize::multiline(&text))?;
    Ok(session.console.print(if done { "Copied." } else { "There is no clipboard here." })?)
}

async fn open(session: &mut Session<'_>, view: &View, target: Target) -> Result<(), Leave> {
    let Some(text) = text_of(session, view, target).await? else { return Ok(()) };
    let Some(link) = links::of(&text).into_iter().next() else {
        return Ok(session.console.print("There is no link in that message.")?);
    };
    let opened = outside::open_link(&session.settings.open_with, &link);
    Ok(session.console.print(&opened.map_or_else(|e| e.to_string(), |()| format!("Opening {link}")))?)
}

async fn write_in_editor(session: &mut Session<'_>, view: &View) -> Result<(), Leave> {
    let editor = session.settings.editor.clone();
    match session.console.lend(|| outside::edit(&editor, ""))? {
        None => Ok(session.console.print("There is no terminal for an editor here.")?),
        Some(Err(failure)) => Ok(session.console.print(&failure.to_string())?),
        Some(Ok(text)) if text.trim().is_empty() => Ok(session.console.print("Nothing was written.")?),
        Some(Ok(text)) => session.post(view.room.id, text, None).await,
    }
}

async fn retry(session: &mut Session<'_>) -> Result<(), Leave> {
    let refused = std::mem::take(&mut session.refused);
    if refused.is_empty() {
        session.console.print("Nothing was refused.")?;
    }
    for m in refused {
        session.post(m.room_id, m.body, m.reply_to).await?;
    }
    Ok(())
}
