//! What the commands of a room do.

use chatapp_client::live::Transport;
use chatapp_client::sanitize;
use chatapp_types::RoomId;
use chatapp_types::rooms::Room;

use super::session::Session;
use super::view::View;
use super::{Leave, menu, on_messages, on_rooms};
use crate::clock_text::{local, with_local_times};
use crate::command::{Change, Command, Level, NewCode, help};
use crate::commands::{all_acts, all_blocks, all_members};
use crate::rooms_of_mine;
use crate::screen::plain_keys;

/// What follows a command.
pub(super) enum Then {
    Stay,
    GoBack,
    GoTo(Box<Room>),
    Quit,
}

impl Then {
    /// To a room, if there is one to go to.
    pub(super) fn to(room: Option<Room>) -> Self {
        room.map_or(Self::Stay, |room| Self::GoTo(Box::new(room)))
    }
}

pub(super) async fn run(session: &mut Session<'_>, view: &mut View, command: Command) -> Result<Then, Leave> {
    match command {
        Command::Back => return Ok(Then::GoBack),
        Command::Quit => return Ok(Then::Quit),
        Command::Leave => return on_rooms::leave(session, view).await,
        Command::DeleteRoom(name) => return on_rooms::delete(session, view, &name).await,
        Command::Room(name) => return on_rooms::go_to(session, &name).await,
        Command::Create { name, is_private } => {
            return Ok(Then::to(menu::make(session, &name, is_private).await?));
        }
        Command::Enter(code) => return on_rooms::enter(session, &code).await,
        Command::NextUnread => return on_rooms::next_unread(session, Some(view.room.id)).await,
        Command::LastRoom => return on_rooms::last(session, session.followed.before()).await,
        Command::LogOut => return on_rooms::log_out(session).await,
        Command::Clear => session.console.clear()?,
        Command::Help => show_help(session)?,
        Command::Numbers => numbers(session, view)?,
        Command::Rooms => on_rooms::list(session).await?,
        Command::Find(text) => on_rooms::find(session, &text).await?,
        Command::Members => members(session, view).await?,
        Command::Who => who(session, view)?,
        Command::Notify(level) => notify(session, view, level)?,
        Command::Blocks => blocks(session, view).await?,
        Command::Audit => audit(session, view).await?,
        Command::Code(wanted) => new_code(session, view.room.id, wanted).await?,
        Command::Change(change) => make(session, view.room.id, &change).await?,
        Command::Whoami => whoami(session)?,
        Command::Status => status(session, Some(view))?,
        Command::Screen(_) => {
            session.console.print("That is about the full-screen interface: `chat` without --plain.")?;
        }
        about_messages @ (Command::History
        | Command::Unread
        | Command::Goto(_)
        | Command::Search { .. }
        | Command::Reply(..)
        | Command::Edit(..)
        | Command::BeginEdit(_)
        | Command::Delete(_)
        | Command::Copy(_)
        | Command::Open(_)
        | Command::Editor
        | Command::Retry
        | Command::Drop) => on_messages::run(session, view, about_messages).await?,
    }
    Ok(Then::Stay)
}

/// The doer is told what was done, for the entry that everyone sees may take its time.
async fn make(session: &mut Session<'_>, room: RoomId, change: &Change) -> Result<(), Leave> {
    let client = session.client.clone();
    let clock = std::sync::Arc::clone(&session.context.clock);
    if let Some(done) = session.request(change.make(&client, clock.as_ref(), room)).await? {
        session.console.print(&done)?;
    }
    Ok(())
}

fn show_help(session: &mut Session<'_>) -> Result<(), Leave> {
    session.console.print(&help())?;
    match session.settings.keymap(false) {
        Ok(keymap) if session.console.is_interactive() => Ok(session.console.print(&plain_keys(&keymap))?),
        _ => Ok(()),
    }
}

pub(super) fn whoami(session: &mut Session<'_>) -> Result<(), Leave> {
    let text = format!("{} at {}", sanitize::line(&session.me.username), session.client.url());
    Ok(session.console.print(&text)?)
}

/// What the last line of the full-screen interface shows.
pub(super) fn status(session: &mut Session<'_>, view: Option<&View>) -> Result<(), Leave> {
    let connection = match (session.is_connected, session.delivers, session.transport) {
        (false, ..) | (_, _, None) => "offline",
        (true, false, _) => "the server cannot deliver for the moment",
        (true, true, Some(Transport::Socket)) => "connected",
        (true, true, Some(Transport::Polling)) => "asking for messages every 5 seconds",
    };
    let unsent = match (session.unsent(), session.refused.len()) {
        (0, 0) => "everything is sent".to_owned(),
        (unsent, 0) => format!("{unsent} message(s) not sent yet"),
        (unsent, refused) => format!("{unsent} message(s) not sent yet, {refused} refused (:retry, :drop)"),
    };
    let typing = view.and_then(|view| view.typing.told()).map(|text| format!("; {text}")).unwrap_or_default();
    Ok(session.console.print(&format!("{connection}; {unsent}{typing}."))?)
}

fn numbers(session: &mut Session<'_>, view: &mut View) -> Result<(), Leave> {
    view.is_numbered = !view.is_numbered;
    let text =
        if view.is_numbered { "Messages are shown with their numbers." } else { "Messages are shown without numbers." };
    Ok(session.console.print(text)?)
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

fn notify(session: &mut Session<'_>, view: &View, level: Option<Level>) -> Result<(), Leave> {
    if let Some(level) = level {
        session.set_level(view.room.id, level)?;
    }
    Ok(session.console.print(session.level(view.room.id).told())?)
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
        let detail = a.detail.map_or_else(String::new, |d| format!(": {}", sanitize::line(&with_local_times(&d))));
        let (by, action) = (sanitize::line(&a.actor.username), sanitize::line(&a.action));
        session.console.print(&format!("[{}] {by} {action}{upon}{detail}", local(a.at)))?;
    }
    Ok(())
}

async fn new_code(session: &mut Session<'_>, room: RoomId, wanted: NewCode) -> Result<(), Leave> {
    let client = session.client.clone();
    let clock = std::sync::Arc::clone(&session.context.clock);
    let made = session.request(rooms_of_mine::new_code(&client, clock.as_ref(), room, wanted.clone())).await?;
    let Some(code) = made else { return Ok(()) };
    show_code(session, &wanted, room, &code)
}

/// A code is shown this once.
pub(super) fn show_code(session: &mut Session<'_>, wanted: &NewCode, room: RoomId, code: &str) -> Result<(), Leave> {
    session.console.print(&format!("Secret code, shown only now: {}", sanitize::line(code)))?;
    let told = wanted.told(room, session.context.clock.now());
    Ok(session.console.print(&told.join("\n"))?)
}
