//! Changes of a room that everyone in it sees: one request each, and a word when it is done.

use chatapp_client::{Client, ClientError};
use chatapp_types::rooms::{BlockRequest, UpdateRoomRequest};
use chatapp_types::{Clock, History, Role, RoomId, RoomName, Topic, Username, Visibility};

use crate::clock_text::local;

/// A change of a room or of who is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Add(Username),
    Remove(Username),
    Block { user: Username, length: Option<time::Duration>, reason: Option<String> },
    Unblock(Username),
    Role(Username, Role),
    Transfer(Username),
    Visibility(Visibility),
    Newcomers(History),
    Topic(String),
    Rename(String),
    RemoveCode,
}

impl Change {
    /// Makes the change, and says what was done.
    pub(crate) async fn make(&self, client: &Client, clock: &dyn Clock, room: RoomId) -> Result<String, ClientError> {
        match self {
            Self::Add(user) => client.put_member(room, user, None).await?,
            Self::Remove(user) => client.remove_member(room, user).await?,
            Self::Unblock(user) => client.unblock_user(room, user).await?,
            Self::Role(user, role) => client.put_member(room, user, Some(*role)).await?,
            Self::Transfer(user) => client.transfer_room(room, user.clone()).await?,
            Self::RemoveCode => client.remove_secret_code(room).await?,
            Self::Block { user, length, reason } => {
                let until = length.map(|l| clock.now().plus(l));
                client.block_user(room, user, &BlockRequest { reason: reason.clone(), until }).await?;
                // How long it holds is said, so that a length that was not meant shows at once.
                let end = until.map_or_else(|| "until unblocked".to_owned(), |at| format!("until {}", local(at)));
                return Ok(format!("{user} is blocked {end}."));
            }
            Self::Visibility(_) | Self::Newcomers(_) | Self::Topic(_) | Self::Rename(_) => {
                client.update_room(room, &self.settings()?).await?;
            }
        }
        Ok(self.done())
    }

    fn settings(&self) -> Result<UpdateRoomRequest, ClientError> {
        let mut settings = UpdateRoomRequest::default();
        match self {
            Self::Visibility(visibility) => settings.visibility = Some(*visibility),
            Self::Newcomers(history) => settings.history = Some(*history),
            Self::Topic(text) => settings.topic = Some(Topic::parse(text)?),
            Self::Rename(text) => settings.name = Some(RoomName::parse(text)?),
            _ => {}
        }
        Ok(settings)
    }

    fn done(&self) -> String {
        match self {
            Self::Add(user) => format!("{user} is added."),
            Self::Remove(user) => format!("{user} is removed."),
            Self::Block { user, .. } => format!("{user} is blocked."),
            Self::Unblock(user) => format!("{user} may join again."),
            Self::Role(user, role) => format!("{user} is {role} now."),
            Self::Transfer(user) => format!("The room is {user}'s now."),
            Self::Visibility(visibility) => format!("The room is {visibility} now."),
            Self::Newcomers(History::Full) => "Newcomers may read everything.".to_owned(),
            Self::Newcomers(History::SinceJoin) => "Newcomers may read what comes after they join.".to_owned(),
            Self::Topic(text) if text.is_empty() => "The topic is removed.".to_owned(),
            Self::Topic(_) => "The topic is set.".to_owned(),
            Self::Rename(_) => "The room is renamed.".to_owned(),
            Self::RemoveCode => "No code opens the room any more.".to_owned(),
        }
    }
}
