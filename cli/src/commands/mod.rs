//! The script commands: one request or one stream each, text for people or JSON lines for programs.

mod accounts;
mod asking;
mod manual;
mod membership;
mod messages;
mod moderation;
mod outbox;
mod piped;
mod reading;
mod rooms;
mod sending;
mod tailing;
mod tokens;

pub(crate) use asking::warn_if_open;
use chatapp_client::{Client, ClientError};
use chatapp_types::RoomId;
pub(crate) use manual::interactive_help;
pub(crate) use membership::all as all_members;
pub(crate) use messages::message_id;
pub(crate) use moderation::{all_acts, all_blocks};

use crate::args::Command;
use crate::context::Context;
use crate::exit::Outcome;

pub(crate) async fn run(context: &Context, command: Command) -> Outcome {
    match command {
        Command::Login(args) => accounts::login(context, args).await,
        Command::Logout => accounts::logout(context).await,
        Command::Register(args) => accounts::register(context, args).await,
        Command::Whoami => accounts::whoami(context).await,
        Command::Password { password_stdin } => accounts::password(context, password_stdin).await,
        Command::Sessions { revoke } => tokens::sessions(context, revoke).await,
        Command::Token(command) => tokens::run(context, command).await,
        Command::Rooms(args) => rooms::list(context, args).await,
        Command::Create(args) => rooms::create(context, args).await,
        Command::Rename { room, name } => rooms::rename(context, &room, &name).await,
        Command::Topic { room, topic } => rooms::set_topic(context, &room, &topic).await,
        Command::Visibility { room, visibility } => rooms::set_visibility(context, &room, visibility).await,
        Command::DeleteRoom { room, yes } => rooms::delete(context, &room, yes).await,
        Command::Join { room, code } => membership::join(context, room.as_deref(), code).await,
        Command::Leave { room } => membership::leave(context, &room).await,
        Command::Members { room } => membership::list(context, &room).await,
        Command::Add { room, user, role } => membership::put(context, &room, &user, role, "added").await,
        Command::Role { room, user, role } => membership::put(context, &room, &user, Some(role), "changed").await,
        Command::Remove { room, user } => membership::remove(context, &room, &user).await,
        Command::Transfer { room, user } => membership::transfer(context, &room, &user).await,
        Command::Block(args) => moderation::block(context, args).await,
        Command::Unblock { room, user } => moderation::unblock(context, &room, &user).await,
        Command::Blocks { room } => moderation::list_blocks(context, &room).await,
        Command::Code(args) => moderation::code(context, args).await,
        Command::Audit { room } => moderation::audit(context, &room).await,
        Command::Send(args) => sending::send(context, args).await,
        Command::Outbox(command) => outbox::run(context, command).await,
        Command::Tail(args) => tailing::tail(context, args).await,
        Command::History(args) => reading::history(context, args).await,
        Command::Search { text, room, limit } => reading::search(context, &text, room.as_deref(), limit).await,
        Command::Edit { room, message, text } => messages::edit(context, &room, message, text).await,
        Command::Delete { room, message } => messages::delete(context, &room, message).await,
        Command::Completions { shell } => manual::completions(shell),
        Command::Man { dir } => manual::pages(dir.as_deref()),
    }
}

/// The id of the room that is named by name or id.
async fn room_id(context: &Context, client: &Client, name: &str) -> Result<RoomId, ClientError> {
    if let Ok(id) = name.parse() {
        return Ok(id);
    }
    let room = client.find_room(name).await?;
    context.saw_rooms(client, std::slice::from_ref(&room));
    Ok(room.id)
}
