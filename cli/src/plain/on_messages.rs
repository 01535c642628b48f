//! What the commands about messages do.

use std::collections::HashSet;
use std::time::Duration;

use chatapp_client::api::HistoryPart;
use chatapp_client::{ClientError, sanitize};
use chatapp_types::{ErrorCode, MessageId};

use super::Leave;
use super::session::Session;
use super::view::View;
use crate::args::MessageName;
use crate::command::{Command, Target};
use crate::commands::message_id;
use crate::console::Style;
use crate::screen::state::log::{Item, Stretch};
use crate::stretches::{self, Span};
use crate::{lines, links, outside};

/// Entries of the log that are shown at once.
const PAGE: u32 = 100;
/// Finds that a search shows.
const FOUND: u32 = 50;
/// Messages that are asked for to be quoted by the answers of a page.
const QUOTED: usize = 10;
/// How long one of them may take.
const QUOTE_WITHIN: Duration = Duration::from_secs(1);
/// Entries that are shown around one that is gone to.
const AROUND: u32 = 11;

pub(super) async fn run(session: &mut Session<'_>, view: &mut View, command: Command) -> Result<(), Leave> {
    match command {
        Command::History => history(session, view).await,
        Command::Unread => unread(session, view).await,
        Command::Goto(seq) => around(session, view, seq).await,
        Command::Search { text, everywhere } => search(session, view, &text, everywhere).await,
        Command::Reply(target, text) => reply(session, view, target, text).await,
        Command::Edit(target, text) => edit(session, view, target, text).await,
        Command::BeginEdit(target) => begin_edit(session, view, target).await,
        Command::Delete(target) => delete(session, view, target).await,
        Command::Copy(target) => copy(session, view, target).await,
        Command::Open(target) => open(session, view, target).await,
        Command::Editor => write_in_editor(session),
        Command::Retry => retry(session).await,
        Command::Drop => {
            let count = std::mem::take(&mut session.refused).len();
            Ok(session.console.print(&format!("{count} message(s) forgotten."))?)
        }
        _ => Ok(()),
    }
}

async fn history(session: &mut Session<'_>, view: &mut View) -> Result<(), Leave> {
    let mut is_shown = false;
    // A stretch may hold nothing but what shows elsewhere, like edits.
    while let (false, Some(first)) = (is_shown, view.first) {
        let seq = first.saturating_sub(1 + u64::from(PAGE));
        let count = u32::try_from(first - 1 - seq).unwrap_or(PAGE);
        let Some(stretch) = read(session, view, Span::After { seq, count }).await? else { return Ok(()) };
        view.first = Some(stretch.first).filter(|f| *f > stretch.floor + 1 && *f < first);
        is_shown = !stretch.items.is_empty();
        print(session, view, &stretch.items).await?;
    }
    let text = if is_shown { "(end of the earlier messages)" } else { "There is nothing earlier." };
    Ok(session.console.print(text)?)
}

async fn unread(session: &mut Session<'_>, view: &mut View) -> Result<(), Leave> {
    let Some(seq) = view.unread else {
        return Ok(session.console.print("Nothing was unread when you came in.")?);
    };
    let Some(stretch) = read(session, view, Span::After { seq, count: PAGE }).await? else { return Ok(()) };
    print(session, view, &stretch.items).await?;
    if stretch.last >= view.last {
        return Ok(());
    }
    // Once more goes on.
    view.unread = Some(stretch.last);
    Ok(session.console.print("(there is more that is unread: :unread goes on)")?)
}

async fn around(session: &mut Session<'_>, view: &mut View, seq: u64) -> Result<(), Leave> {
    let span = Span::After { seq: seq.saturating_sub(1 + u64::from(AROUND) / 2), count: AROUND };
    let Some(stretch) = read(session, view, span).await? else { return Ok(()) };
    if stretch.items.is_empty() {
        session.console.print("There is nothing there.")?;
    }
    print(session, view, &stretch.items).await
}

async fn read(session: &mut Session<'_>, view: &View, span: Span) -> Result<Option<Stretch>, Leave> {
    let (client, me) = (session.client.clone(), session.me.id);
    session.request(stretches::read(&client, me, view.room.id, span)).await
}

/// Shows the end of the log, with a line before what is unread.
pub(super) async fn print_newest(session: &mut Session<'_>, view: &mut View, items: &[Item]) -> Result<(), Leave> {
    let Some(read) = view.unread else { return print(session, view, items).await };
    if items.first().is_none_or(|item| item.seq > read + 1) {
        session.console.print("(there is more that is unread before this: :unread shows it from its beginning)")?;
        return print(session, view, items).await;
    }
    let (old, new) = items.split_at(items.partition_point(|item| item.seq <= read));
    print(session, view, old).await?;
    if !new.is_empty() {
        session.console.print("--- new ---")?;
    }
    print(session, view, new).await
}

/// Shows a stretch of the log.
pub(super) async fn print(session: &mut Session<'_>, view: &mut View, items: &[Item]) -> Result<(), Leave> {
    let shown: HashSet<MessageId> = items.iter().filter_map(Item::said).map(|said| said.id).collect();
    learn(session, view, items.iter().filter_map(Item::answers).filter(|id| !shown.contains(id))).await?;
    for item in items {
        let line = view.item(item);
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
        // Others wait behind this, so it may not take long: without it the answer quotes an earlier message.
        let looked = async { Ok(tokio::time::timeout(QUOTE_WITHIN, client.get_message(room, id)).await) };
        match session.request(looked).await? {
            Some(Ok(Ok(message))) => view.learn(&message),
            Some(Ok(Err(ClientError::Problem(problem)))) if problem.status == 404 => {
                view.learn_that_it_cannot_be_read(id);
            }
            _ => {}
        }
    }
    Ok(())
}

async fn search(session: &mut Session<'_>, view: &View, text: &str, everywhere: bool) -> Result<(), Leave> {
    let client = session.client.clone();
    let room = (!everywhere).then_some(view.room.id);
    let Some(found) = session.request(client.search(text, room, None, FOUND)).await? else { return Ok(()) };
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

/// Puts a message where one writes, as the command that changes it.
async fn begin_edit(session: &mut Session<'_>, view: &View, target: Target) -> Result<(), Leave> {
    let Some(id) = find(session, view, target, false).await? else { return Ok(()) };
    let client = session.client.clone();
    let Some(message) = session.request(client.get_message(view.room.id, id)).await? else { return Ok(()) };
    if message.author.id != session.me.id {
        return Ok(session.console.print("Only its author can change a message.")?);
    }
    if !session.console.write(&format!(":edit #{} {}", message.seq, message.body))? {
        session.console.print("There is no line to write in here; say what it is to become: :edit [#N] TEXT")?;
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

/// Opens the link of a message, or the latest one; of several one is chosen.
async fn open(session: &mut Session<'_>, view: &View, target: Target) -> Result<(), Leave> {
    let links = match target {
        Target::Latest => view.latest_links(),
        Target::Seq(_) => {
            let Some(text) = text_of(session, view, target).await? else { return Ok(()) };
            links::of(&text)
        }
    };
    let Some(mut link) = links.first() else { return Ok(session.console.print("There is no link here.")?) };
    if links.len() > 1 && session.console.is_interactive() {
        for (at, link) in links.iter().enumerate() {
            session.console.print(&format!("{}. {}", at + 1, sanitize::line(link)))?;
        }
        let typed = session.ask("Open which link? ", Style::Question).await?;
        let chosen = typed.trim().parse::<usize>().ok().and_then(|n| links.get(n.checked_sub(1)?));
        let Some(chosen) = chosen else { return Ok(session.console.print("Nothing is opened.")?) };
        link = chosen;
    }
    let opened = outside::open_link(&session.settings.open_with, link);
    Ok(session.console.print(&opened.map_or_else(|e| e.to_string(), |()| format!("Opening {link}")))?)
}

/// What was being written goes to the editor, and what it has become is there to be sent.
fn write_in_editor(session: &mut Session<'_>) -> Result<(), Leave> {
    let editor = session.settings.editor.clone();
    let text = session.console.take_text();
    let edited = session.console.lend(|| outside::edit(&editor, &text))?;
    session.console.write(&text)?;
    match edited {
        None => session.console.print("There is no terminal for an editor here.")?,
        Some(Err(failure)) => session.console.print(&failure.to_string())?,
        Some(Ok(text)) => {
            session.console.write(&text)?;
        }
    }
    Ok(())
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
