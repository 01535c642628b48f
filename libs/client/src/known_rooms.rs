//! Which id a room's name stood for when the gateway last said so.
//!
//! A message to a room that is named by its name can be kept while the gateway cannot be reached only if the room's id
//! is known: an unsent message is addressed by id. It is a cache: losing the file costs nothing but that.

use std::path::PathBuf;

use chatapp_types::rooms::Room;
use chatapp_types::{RoomId, RoomName, UserId};
use serde::{Deserialize, Serialize};

use crate::durable::{self, FileLock};
use crate::{ClientError, GatewayUrl};

/// Rooms that are kept, of all users and gateways of a profile; the ones seen last stay.
const KEPT: usize = 2_000;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    url: GatewayUrl,
    user: UserId,
    /// As [`RoomName::norm_of`] makes it.
    name: String,
    room_id: RoomId,
}

/// The rooms a profile's user was seen to be a member of, by name.
#[derive(Clone, Debug)]
pub struct KnownRooms {
    path: PathBuf,
}

impl KnownRooms {
    /// The cache in the file `path`, which need not exist.
    pub const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Remembers those of `rooms` that `user` is a member of, as the gateway `url` has just shown them. Blocks for a
    /// write to the disk when something is new.
    pub fn remember(&self, url: &GatewayUrl, user: UserId, rooms: &[Room]) -> Result<(), ClientError> {
        let seen: Vec<Known> = rooms
            .iter()
            .filter(|room| room.role.is_some())
            .map(|room| Known { url: url.clone(), user, name: RoomName::norm_of(&room.name), room_id: room.id })
            .collect();
        if seen.is_empty() {
            return Ok(());
        }
        let _lock = FileLock::acquire(&self.path).map_err(ClientError::file(&self.path))?;
        let mut known = self.read();
        if seen.iter().all(|s| known.contains(s)) {
            return Ok(());
        }
        let is_replaced = |k: &Known| {
            k.url == *url && k.user == user && seen.iter().any(|s| s.name == k.name || s.room_id == k.room_id)
        };
        known.retain(|k| !is_replaced(k));
        known.extend(seen);
        let too_many = known.len().saturating_sub(KEPT);
        known.drain(..too_many);
        let bytes = serde_json::to_vec(&known).map_err(|e| ClientError::file(&self.path)(e.into()))?;
        durable::replace(&self.path, &bytes).map_err(ClientError::file(&self.path))
    }

    /// The room of this name, unless none or several are known.
    pub fn find(&self, url: &GatewayUrl, user: UserId, name: &str) -> Option<RoomId> {
        let name = RoomName::norm_of(name);
        let mut found = self.read().into_iter().filter(|k| k.url == *url && k.user == user && k.name == name);
        match (found.next(), found.next()) {
            (Some(known), None) => Some(known.room_id),
            _ => None,
        }
    }

    /// A damaged file is as good as none.
    fn read(&self) -> Vec<Known> {
        std::fs::read(&self.path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use chatapp_types::{History, Role, Timestamp, Visibility};

    use super::*;

    fn room(name: &str, role: Option<Role>) -> Room {
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
            role,
        }
    }

    fn cache() -> (tempfile::TempDir, KnownRooms, GatewayUrl) {
        let dir = tempfile::tempdir().unwrap();
        let rooms = KnownRooms::new(dir.path().join("state/rooms-default.json"));
        (dir, rooms, GatewayUrl::parse("http://127.0.0.1:1").unwrap())
    }

    #[test]
    fn a_room_that_was_seen_is_known_by_its_name_to_its_user_at_its_gateway_alone() {
        let (_dir, cache, url) = cache();
        let (ann, hall) = (UserId::new(), room("The Hall", Some(Role::Member)));
        assert_eq!(cache.find(&url, ann, "the hall"), None);
        cache.remember(&url, ann, std::slice::from_ref(&hall)).unwrap();
        assert_eq!(cache.find(&url, ann, " the hall "), Some(hall.id));
        assert_eq!(cache.find(&url, UserId::new(), "the hall"), None);
        assert_eq!(cache.find(&GatewayUrl::parse("http://127.0.0.1:2").unwrap(), ann, "the hall"), None);
    }

    #[test]
    fn a_name_stands_for_the_room_that_had_it_last() {
        let (_dir, cache, url) = cache();
        let (ann, mut old, new) = (UserId::new(), room("hall", Some(Role::Owner)), room("hall", Some(Role::Owner)));
        cache.remember(&url, ann, std::slice::from_ref(&old)).unwrap();
        cache.remember(&url, ann, std::slice::from_ref(&new)).unwrap();
        assert_eq!(cache.find(&url, ann, "hall"), Some(new.id));
        old.name = "attic".to_owned();
        cache.remember(&url, ann, std::slice::from_ref(&old)).unwrap();
        assert_eq!((cache.find(&url, ann, "hall"), cache.find(&url, ann, "attic")), (Some(new.id), Some(old.id)));
    }

    #[test]
    fn of_several_rooms_of_a_name_and_of_rooms_of_others_none_is_chosen() {
        let (_dir, cache, url) = cache();
        let ann = UserId::new();
        let rooms = [room("hall", Some(Role::Member)), room("hall", Some(Role::Member)), room("lab", None)];
        cache.remember(&url, ann, &rooms).unwrap();
        assert_eq!((cache.find(&url, ann, "hall"), cache.find(&url, ann, "lab")), (None, None));
    }

    #[test]
    fn a_damaged_cache_is_an_empty_one() {
        let (_dir, cache, url) = cache();
        durable::replace(&cache.path, b"[{\"url\":").unwrap();
        let (ann, hall) = (UserId::new(), room("hall", Some(Role::Member)));
        assert_eq!(cache.find(&url, ann, "hall"), None);
        cache.remember(&url, ann, std::slice::from_ref(&hall)).unwrap();
        assert_eq!(cache.find(&url, ann, "hall"), Some(hall.id));
    }
}
