//! What tests of the line-by-line client share.

use chatapp_types::rooms::Room;
use chatapp_types::{History, Role, RoomId, Timestamp, Visibility};

/// A public room that one is a member of.
pub(super) fn room(name: &str) -> Room {
    Room {
        id: RoomId::new(),
        number: 1,
        name: name.to_owned(),
        topic: String::new(),
        visibility: Visibility::Public,
        history: History::Full,
        member_count: 1,
        has_secret_code: None,
        created_at: Timestamp::from_millis(0),
        role: Some(Role::Member),
    }
}
