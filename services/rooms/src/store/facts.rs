//! A room, and a user, as a decision sees them.

use chatapp_types::rooms::Room;
use chatapp_types::{Role, RoomId, Timestamp, UserRef};

use crate::app::access::{Position, Standing};
use crate::app::entering::CodeFacts;
use crate::app::settings::Settings;

/// A room, and what the caller is to it.
pub(super) struct RoomRow {
    pub(super) id: RoomId,
    pub(super) number: i64,
    pub(super) settings: Settings,
    pub(super) sort_key: String,
    pub(super) members: u64,
    pub(super) created_at: Timestamp,
    pub(super) role: Option<Role>,
    pub(super) blocked: bool,
    pub(super) removed: bool,
    pub(super) code: Option<CodeFacts>,
}

impl RoomRow {
    /// Where the caller is with regard to the room.
    pub(super) fn position(&self) -> Position {
        Position { visibility: self.settings.visibility, standing: Standing::new(self.role, self.blocked) }
    }

    /// The room's card. Whether a code opens it is told to admins alone.
    pub(super) fn into_room(self, now: Timestamp) -> Room {
        let Settings { name, topic, visibility, history } = self.settings;
        let opens = self.code.as_ref().is_some_and(|code| code.is_live(now));
        Room {
            id: self.id,
            number: self.number,
            name,
            topic,
            visibility,
            history,
            member_count: self.members,
            has_secret_code: self.role.filter(|role| *role >= Role::Admin).map(|_| opens),
            created_at: self.created_at,
            role: self.role,
        }
    }
}

/// Another user with regard to a room.
pub(super) struct Subject {
    pub(super) user: UserRef,
    pub(super) role: Option<Role>,
    pub(super) blocked: bool,
}

impl Subject {
    pub(super) fn standing(&self) -> Standing {
        Standing::new(self.role, self.blocked)
    }
}
