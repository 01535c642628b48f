//! What commands do.

use super::{going, leave, lists, messages, reading};
use crate::command::{Command, Level, Pane, ScreenCommand};
use crate::lines;
use crate::screen::effect::{Effect, Request};
use crate::screen::keymap::Keymap;
use crate::screen::layout::Layout;
use crate::screen::state::overlay::Overlay;
use crate::screen::state::{Connection, State};
use crate::screen::theme::Theme;
use chatapp_client::live::Transport;
use chatapp_types::{RoomName, Visibility};

pub(super) fn run(state: &mut State, command: Command) -> Vec<Effect> {
    let Some(room) = state.rooms.current() else { return run_nowhere(state, command) };
    let (id, name, is_private) = (room.room.id, room.room.name.clone(), room.room.visibility == Visibility::Private);
    match command {
        Command::Quit => leave(state),
        Command::Back | Command::Rooms => lists::open_switcher(state),
        Command::Help => {
            state.overlay = Some(Overlay::Help { scroll: 0 });
            vec![]
        }
        Command::Room(name) => go_to(state, name),
        Command::Find(text) => lists::await_list(state, "Public rooms", Request::Public(text)),
        Command::Create { name, is_private } => ask(Request::Create { name, is_private }),
        Command::Enter(code) => ask(Request::EnterByCode(code)),
        Command::NextUnread => super::keys::act(state, crate::screen::keymap::Action::NextUnread, false),
        Command::LastRoom => super::keys::act(state, crate::screen::keymap::Action::LastRoom, false),
        Command::Unread => going::first_unread(state),
        Command::Goto(seq) => going::to_message(state, id, seq),
        Command::History => {
            let page = usize::from(Layout::of(state).timeline.height).saturating_sub(2);
            reading::scroll_up(state, page)
        }
        Command::Numbers => {
            state.look.is_numbered = !state.look.is_numbered;
            vec![]
        }
        Command::Clear => clear(state),
        Command::Members | Command::Who => lists::open_members(state, command == Command::Who),
        Command::Search { text, everywhere } => {
            let title = format!("Found: {text}");
            lists::await_list(state, &title, Request::Search { text, room: (!everywhere).then_some(id) })
        }
        Command::Reply(target, text) => messages::answer(state, target, text),
        Command::Edit(target, text) => messages::change_target(state, target, text),
        Command::BeginEdit(target) => messages::edit(state, target),
        Command::Delete(target) => messages::delete(state, target),
        Command::Copy(target) => messages::copy(state, target),
        Command::Open(target) => messages::open(state, target),
        Command::Editor => vec![Effect::Edit(room.composer.text().to_owned())],
        Command::Retry => messages::retry(state),
        Command::Drop => messages::drop_failed(state),
        Command::Notify(level) => notify(state, level),
        Command::Blocks => lists::await_list(state, "Kept out", Request::Blocks(id)),
        Command::Audit => lists::await_list(state, "Acts of moderation", Request::Audit(id)),
        Command::Code(wanted) => ask(Request::NewCode(id, wanted)),
        Command::Change(change) => ask(Request::Change(id, change)),
        Command::Leave => {
            let back = if is_private { " It takes its code to come back." } else { "" };
            confirm(state, format!("Leave {name} for good?{back}"), Request::Leave(id))
        }
        Command::DeleteRoom(typed) if typed == name => {
            confirm(state, format!("Delete {name} and everything in it?"), Request::DeleteRoom(id))
        }
        Command::DeleteRoom(_) => {
            state.complain("That is not this room's name; nothing is deleted.");
            vec![]
        }
        Command::Whoami => whoami(state),
        Command::Status => status(state),
        Command::LogOut => confirm(state, "End the session, and chat?".to_owned(), Request::LogOut),
        Command::Screen(command) => look(state, command),
    }
}

/// Before one is in any room.
fn run_nowhere(state: &mut State, command: Command) -> Vec<Effect> {
    match command {
        Command::Quit => leave(state),
        Command::Back | Command::Rooms => lists::open_switcher(state),
        Command::Help => {
            state.overlay = Some(Overlay::Help { scroll: 0 });
            vec![]
        }
        Command::Room(name) => ask(Request::GoTo(name)),
        Command::Find(text) => lists::await_list(state, "Public rooms", Request::Public(text)),
        Command::Create { name, is_private } => ask(Request::Create { name, is_private }),
        Command::Enter(code) => ask(Request::EnterByCode(code)),
        Command::Whoami => whoami(state),
        Command::Status => status(state),
        Command::LogOut => confirm(state, "End the session, and chat?".to_owned(), Request::LogOut),
        Command::Screen(command) => look(state, command),
        _ => {
            state.complain("That is about a room; you are in none yet.");
            vec![]
        }
    }
}

fn whoami(state: &mut State) -> Vec<Effect> {
    state.say(format!("{} at {}", state.me.username, state.url));
    vec![]
}

/// What the last line shows, in words.
fn status(state: &mut State) -> Vec<Effect> {
    let mut told = vec![match &state.connection {
        Connection::Connecting => "connecting".to_owned(),
        Connection::Connected(Transport::Socket) => "connected".to_owned(),
        Connection::Connected(Transport::Polling) => "asking for messages every 5 seconds".to_owned(),
        Connection::Stalled(_) => "the server cannot deliver for the moment".to_owned(),
        Connection::Broken { reason, .. } => format!("offline ({reason})"),
    }];
    told.push(match state.unsent() {
        0 => "everything is sent".to_owned(),
        count => format!("{count} message(s) not sent yet"),
    });
    let typing = state.rooms.current().map(|r| r.typing.iter().map(|(u, _)| u.username.clone()).collect::<Vec<_>>());
    told.extend(lines::typing(&typing.unwrap_or_default()));
    state.say(format!("{}.", told.join("; ")));
    vec![]
}

/// One's own rooms are gone to without asking.
fn go_to(state: &mut State, name: String) -> Vec<Effect> {
    let wanted = RoomName::norm_of(&name);
    let mine = state.rooms.iter().find(|r| r.ended.is_none() && RoomName::norm_of(&r.room.name) == wanted);
    match mine.map(|r| r.room.id) {
        Some(id) => going::go_to(state, id),
        None => ask(Request::GoTo(name)),
    }
}

fn ask(request: Request) -> Vec<Effect> {
    vec![Effect::Ask(request)]
}

fn confirm(state: &mut State, question: String, request: Request) -> Vec<Effect> {
    state.overlay = Some(Overlay::Confirm { question, then: Box::new(Effect::Ask(request)) });
    vec![]
}

/// The conversation begins anew on an empty screen; what was said stays where one scrolls back to.
fn clear(state: &mut State) -> Vec<Effect> {
    going::to_end(state);
    if let Some(room) = state.rooms.current_mut() {
        room.view.cleared = room.head;
        room.line = None;
    }
    vec![]
}

fn notify(state: &mut State, level: Option<Level>) -> Vec<Effect> {
    let Some(room) = state.rooms.current_mut() else { return vec![] };
    let id = room.room.id;
    if let Some(level) = level {
        room.level = level;
    }
    let now = room.level.told();
    state.say(now);
    level.map(|level| Effect::RememberLevel { room: id, level }).into_iter().collect()
}

fn look(state: &mut State, command: ScreenCommand) -> Vec<Effect> {
    match command {
        ScreenCommand::Theme(name) => match Theme::named(&name) {
            Some(theme) => state.look.theme = theme,
            None => state.complain(format!("The themes are {}.", Theme::NAMES.join(", "))),
        },
        ScreenCommand::Panes(Pane::Rooms) => state.look.rooms = Some(Layout::of(state).rooms.width == 0),
        ScreenCommand::Panes(Pane::Members) => state.look.members = Some(Layout::of(state).members.width == 0),
        ScreenCommand::Mouse => {
            state.look.has_mouse = !state.look.has_mouse;
            let whose = if state.look.has_mouse { "chat's; Shift marks text" } else { "the terminal's" };
            state.say(format!("The mouse is {whose}."));
            return vec![Effect::Mouse(state.look.has_mouse)];
        }
        ScreenCommand::Vim => {
            let is_vim = !state.look.is_vim;
            match Keymap::new(is_vim, &state.look.settings.keys) {
                Ok(keymap) => (state.look.keymap, state.look.is_vim) = (keymap, is_vim),
                Err(why) => state.complain(why),
            }
        }
    }
    vec![]
}
