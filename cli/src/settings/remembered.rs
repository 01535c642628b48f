//! What `chat` remembers between two runs: the room one was in, what of each room calls for attention, unsent drafts.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chatapp_client::GatewayUrl;
use chatapp_client::durable::{self, FileLock};
use chatapp_types::{RoomId, UserId};
use serde::{Deserialize, Serialize};

use crate::command::Level;
use crate::exit::{Exit, Failure, Outcome};

/// Of one user at one gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Remembered {
    /// The room one was in.
    pub(crate) last_room: Option<RoomId>,
    /// Rooms about which there is something to remember.
    pub(crate) rooms: BTreeMap<RoomId, RememberedRoom>,
}

/// Of one room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct RememberedRoom {
    /// What of it calls for attention.
    pub(crate) level: Level,
    /// What was being written.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) draft: String,
}

impl RememberedRoom {
    fn is_ordinary(&self) -> bool {
        *self == Self::default()
    }
}

/// The file of one profile.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    path: PathBuf,
    key: String,
}

type Content = BTreeMap<String, Remembered>;

impl Memory {
    /// What the file `path`, which need not exist, holds of `user` at `url`.
    pub(crate) fn new(path: PathBuf, url: &GatewayUrl, user: UserId) -> Self {
        Self { path, key: format!("{user} {url}") }
    }

    /// What is remembered. A damaged file is as good as none.
    pub(crate) fn recall(&self) -> Remembered {
        self.read().remove(&self.key).unwrap_or_default()
    }

    /// Changes what is remembered; on disk when this returns. Blocks its thread.
    pub(crate) fn update(&self, change: impl FnOnce(&mut Remembered)) -> Outcome {
        let failed = |e: std::io::Error| Failure::new(Exit::Failure, format!("{}: {e}", self.path.display()));
        let _lock = FileLock::acquire(&self.path).map_err(failed)?;
        let mut content = self.read();
        let mine = content.entry(self.key.clone()).or_default();
        let before = mine.clone();
        change(mine);
        mine.rooms.retain(|_, room| !room.is_ordinary());
        if *mine == before {
            return Ok(());
        }
        let bytes = serde_json::to_vec(&content).map_err(|e| failed(e.into()))?;
        durable::replace(&self.path, &bytes).map_err(failed)
    }

    fn read(&self) -> Content {
        std::fs::read(&self.path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_was_remembered_is_known_to_its_user_at_its_gateway_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state/screen-default.json");
        let url = GatewayUrl::parse("http://127.0.0.1:1").unwrap();
        let (ann, room) = (UserId::new(), RoomId::new());
        let memory = Memory::new(path.clone(), &url, ann);
        memory
            .update(|m| {
                m.last_room = Some(room);
                m.rooms.insert(room, RememberedRoom { level: Level::All, draft: "half a".to_owned() });
                m.rooms.insert(RoomId::new(), RememberedRoom::default());
            })
            .unwrap();
        let recalled = memory.recall();
        assert_eq!(recalled.last_room, Some(room));
        assert_eq!(recalled.rooms.len(), 1, "nothing is kept of an ordinary room");
        assert_eq!(Memory::new(path.clone(), &url, UserId::new()).recall(), Remembered::default());
        std::fs::write(&path, "{").unwrap();
        assert_eq!(memory.recall(), Remembered::default());
    }
}
