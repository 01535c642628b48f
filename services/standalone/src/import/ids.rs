//! The ids that imported things get: always the same for the same thing, so that what was imported before is found.
//!
//! An account's comes from its name, a room's from its number and name, a message's from its room, number and author.
//! None comes from where the original's database lies, which may be moved or copied meanwhile.

use aws_lc_rs::digest::{Context, SHA256};
use chatapp_types::{MessageId, RoomId, UserId};
use uuid::{Builder, Uuid};

/// The account of a name. `twin` is 0 for the first account of that name, and the number of a further one.
pub(super) fn user(username: &str, twin: i64) -> UserId {
    UserId(derived("user", &[username.as_bytes(), &twin.to_be_bytes()]))
}

/// The account that is made for a name which wrote messages and has none.
pub(super) fn author(username: &str) -> UserId {
    UserId(derived("author", &[username.as_bytes()]))
}

/// The room of that number and name.
pub(super) fn room(id: i64, name: &str) -> RoomId {
    RoomId(derived("room", &[&id.to_be_bytes(), name.as_bytes()]))
}

/// A part of a message; one that was not divided is part 0.
pub(super) fn message(room: RoomId, id: i64, username: &str, part: usize) -> MessageId {
    let part = u64::try_from(part).unwrap_or(u64::MAX);
    MessageId(derived("message", &[room.as_bytes(), &id.to_be_bytes(), username.as_bytes(), &part.to_be_bytes()]))
}

/// A version 8 UUID of the first half of a SHA-256.
fn derived(kind: &str, parts: &[&[u8]]) -> Uuid {
    let mut context = Context::new(&SHA256);
    for part in [&b"chatapp import"[..], kind.as_bytes()].iter().chain(parts) {
        // With the lengths no two lists of parts run into the same bytes.
        context.update(&part.len().to_be_bytes());
        context.update(part);
    }
    let mut half = [0; 16];
    half.copy_from_slice(&context.finish().as_ref()[..16]);
    Builder::from_custom_bytes(half).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_thing_always_has_the_same_id() {
        assert_eq!(user("ann", 0).to_string(), "7f9e1c96-09fe-8923-bdea-d45310ebecc5");
        assert_eq!(room(1, "general"), room(1, "general"));
    }

    #[test]
    fn different_things_have_different_ids() {
        assert_ne!(user("ann", 0), user("ann", 7));
        assert_ne!(user("ann", 0).0, author("ann").0);
        assert_ne!(room(1, "general"), room(2, "general"));
        assert_ne!(room(1, "general"), room(1, "General"));
        let (one, two) = (room(1, "general"), room(2, "general"));
        assert_ne!(message(one, 5, "ann", 0), message(two, 5, "ann", 0));
        assert_ne!(message(one, 5, "ann", 0), message(one, 5, "ann", 1));
        assert_ne!(message(one, 5, "ann", 0), message(one, 5, "bob", 0));
    }
}
