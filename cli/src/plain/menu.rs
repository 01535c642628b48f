//! The list of rooms, and what is chosen there.

use chatapp_client::{ClientError, sanitize};
use chatapp_types::RoomName;
use chatapp_types::rooms::Room;

use super::act::{self, Then};
use super::login::is_yes;
use super::session::Session;
use super::{Leave, listing, on_rooms, room};
use crate::command::{Command, NewCode, Typed};
use crate::console::Style;
use crate::{lines, rooms_of_mine};

const HELP: &str = "\
NUMBER or NAME        enter a room
:last                 back to the room you were in
:next                 the next room with unread messages
:room NAME            go to a room, also by a part of its name
:find TEXT            public rooms whose name holds TEXT
:create NAME          make a public room
:create-private NAME  make a private room; its code is shown once
:enter CODE           enter a private room by its code
:refresh              show the list again (so does an empty line)
:whoami  :status      who you are; how the gateway is reached, and what is not sent
:logout               end the session and leave
:quit                 end (so do -1 and Ctrl+C)";

/// What was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Choice {
    Room(usize),
    Create,
    Exit,
    ByCode,
    Refresh,
    Command(Command),
    Wrong(String),
    Unknown,
}

/// Shows the list and enters what is chosen, until the person leaves.
pub(super) async fn run(session: &mut Session<'_>) -> Result<(), Leave> {
    let mut search = None;
    let mut is_first = true;
    loop {
        let rooms = listing::show(session, search.take()).await?;
        if std::mem::take(&mut is_first) {
            offer_last(session, &rooms)?;
        }
        loop {
            let typed = session.ask("Choose chat room by number: ", Style::Question).await?;
            match choose(session, &typed, &rooms).await? {
                After::Ask => {}
                After::Show(text) => {
                    search = text;
                    break;
                }
                After::Exit => return Ok(()),
            }
        }
    }
}

/// What follows a choice.
enum After {
    /// Another question.
    Ask,
    /// The list, or what a search finds.
    Show(Option<String>),
    Exit,
}

/// Whoever was in a room the last time can go on there.
fn offer_last(session: &mut Session<'_>, rooms: &[Room]) -> Result<(), Leave> {
    let last = session.memory.recall().last_room;
    let room = rooms.iter().find(|room| Some(room.id) == last).filter(|_| session.console.is_interactive());
    let Some(room) = room else { return Ok(()) };
    Ok(session.console.print(&format!("Last time you were in {}; :last goes there.", sanitize::line(&room.name)))?)
}

async fn choose(session: &mut Session<'_>, typed: &str, rooms: &[Room]) -> Result<After, Leave> {
    match read(typed, rooms) {
        Choice::Room(at) => room::enter(session, rooms[at].clone()).await?,
        Choice::Create => create(session).await?,
        Choice::ByCode => enter_by_code(session).await?,
        Choice::Refresh => {}
        Choice::Exit => return Ok(After::Exit),
        Choice::Command(Command::Find(text)) => return Ok(After::Show(Some(text))),
        Choice::Command(command) => return command_at_list(session, command).await,
        Choice::Wrong(why) => {
            session.console.print(&lines::sentence(&why))?;
            return Ok(After::Ask);
        }
        Choice::Unknown => {
            let Some(room) = find(session, typed).await? else {
                session.console.print("There is no such choice; :help lists what there is.")?;
                return Ok(After::Ask);
            };
            room::enter(session, room).await?;
        }
    }
    Ok(After::Show(None))
}

/// A command where one is in no room.
async fn command_at_list(session: &mut Session<'_>, command: Command) -> Result<After, Leave> {
    let then = match command {
        Command::Quit => return Ok(After::Exit),
        Command::Back | Command::Rooms => return Ok(After::Show(None)),
        Command::Room(name) => on_rooms::go_to(session, &name).await?,
        Command::Create { name, is_private } => Then::to(make(session, &name, is_private).await?),
        Command::Enter(code) => on_rooms::enter(session, &code).await?,
        Command::NextUnread => on_rooms::next_unread(session, None).await?,
        Command::LastRoom => {
            let last = session.followed.here().or_else(|| session.memory.recall().last_room);
            on_rooms::last(session, last).await?
        }
        Command::LogOut => on_rooms::log_out(session).await?,
        told => {
            match told {
                Command::Help => session.console.print(HELP)?,
                Command::Clear => session.console.clear()?,
                Command::Whoami => act::whoami(session)?,
                Command::Status => act::status(session, None)?,
                _ => session.console.print("That is about a room; enter one first.")?,
            }
            return Ok(After::Ask);
        }
    };
    match then {
        Then::GoTo(room) => {
            room::enter(session, *room).await?;
            Ok(After::Show(None))
        }
        Then::Quit => Ok(After::Exit),
        Then::Stay | Then::GoBack => Ok(After::Ask),
    }
}

fn read(typed: &str, rooms: &[Room]) -> Choice {
    let typed = typed.trim();
    match typed {
        "" | ":refresh" => return Choice::Refresh,
        "0" => return Choice::Create,
        "-1" => return Choice::Exit,
        "-2" => return Choice::ByCode,
        _ => {}
    }
    if typed.starts_with(':') {
        match Typed::read(typed) {
            Typed::Command(command) => return Choice::Command(command),
            Typed::Wrong(why) => return Choice::Wrong(why),
            Typed::Nothing | Typed::Message(_) => {}
        }
    }
    let by_name = || rooms.iter().position(|r| RoomName::norm_of(&r.name) == RoomName::norm_of(typed));
    let by_number = typed.parse::<usize>().ok().and_then(|n| n.checked_sub(1)).filter(|at| *at < rooms.len());
    by_number.or_else(by_name).map_or(Choice::Unknown, Choice::Room)
}

/// The room of this name that the list does not hold: one made since, or beyond its end.
async fn find(session: &mut Session<'_>, typed: &str) -> Result<Option<Room>, Leave> {
    if !may_be_name(typed) {
        return Ok(None);
    }
    let client = session.client.clone();
    let found = session.request(async {
        match client.find_room(typed).await {
            Ok(room) => Ok(Some(room)),
            Err(ClientError::Problem(p)) if matches!(p.status, 400 | 403 | 404 | 422) => Ok(None),
            Err(e) => Err(e),
        }
    });
    Ok(found.await?.flatten())
}

/// A mistyped number or command is not looked for.
fn may_be_name(typed: &str) -> bool {
    let typed = typed.trim();
    !typed.starts_with(':') && typed.parse::<i64>().is_err()
}

async fn create(session: &mut Session<'_>) -> Result<(), Leave> {
    let name = session.ask("Enter new chat room name: ", Style::Question).await?;
    if let Err(e) = RoomName::parse(&name) {
        return Ok(session.console.print(&format!("Not a room's name: {}", e.message))?);
    }
    let is_private = is_yes(&session.ask("Private? [y/N]: ", Style::Question).await?);
    match make(session, &name, is_private).await? {
        Some(room) => room::enter(session, room).await,
        None => Ok(()),
    }
}

/// Makes a room, and shows the code of a private one.
pub(super) async fn make(session: &mut Session<'_>, name: &str, is_private: bool) -> Result<Option<Room>, Leave> {
    let client = session.client.clone();
    let created = session.request(rooms_of_mine::create(&client, name, is_private)).await?;
    let Some(created) = created else { return Ok(None) };
    if let Some(code) = &created.secret_code {
        act::show_code(session, &NewCode::default(), created.room.id, code.expose())?;
    }
    Ok(Some(created.room))
}

async fn enter_by_code(session: &mut Session<'_>) -> Result<(), Leave> {
    let prompt = "Enter the room's secret code (or its id, a blank, and the code): ";
    let typed = session.ask(prompt, Style::Question).await?;
    if typed.trim().is_empty() {
        return Ok(());
    }
    let client = session.client.clone();
    match session.request(rooms_of_mine::enter_by_code(&client, &typed)).await? {
        Some(room) => room::enter(session, room).await,
        None => Ok(()),
    }
}

pub(super) async fn log_out(session: &mut Session<'_>) -> Result<(), Leave> {
    session.context.refuse_token()?;
    let client = session.client.clone();
    session.request(client.logout()).await?;
    session.context.forget_log_in()?;
    session.is_logged_out = true;
    Ok(session.console.print("Logged out.")?)
}

#[cfg(test)]
mod tests {
    use super::super::testing::room;
    use super::*;

    #[test]
    fn a_room_is_chosen_by_number_or_name() {
        let rooms = [room("general"), room("2nd floor")];
        assert_eq!(read("1", &rooms), Choice::Room(0));
        assert_eq!(read(" General ", &rooms), Choice::Room(0));
        assert_eq!(read("2nd floor", &rooms), Choice::Room(1));
        assert_eq!(read("3", &rooms), Choice::Unknown);
        assert_eq!(
            (read("0", &rooms), read("-1", &rooms), read("-2", &rooms)),
            (Choice::Create, Choice::Exit, Choice::ByCode)
        );
    }

    #[test]
    fn commands_hold_at_the_list_too_and_a_mistyped_one_is_no_room() {
        assert_eq!(read(":find lab", &[]), Choice::Command(Command::Find("lab".to_owned())));
        assert_eq!(read(":last", &[]), Choice::Command(Command::LastRoom));
        assert_eq!(read(":exit", &[]), Choice::Command(Command::Quit));
        assert!(matches!(read(":hepl", &[]), Choice::Wrong(_)));
        assert_eq!(read(":)", &[room(":)")]), Choice::Room(0));
    }

    #[test]
    fn only_what_may_be_a_name_is_looked_for_beyond_the_list() {
        assert!(may_be_name("new room") && may_be_name("2nd floor"));
        assert!(!may_be_name("99") && !may_be_name("-3") && !may_be_name(":hepl"));
    }
}
