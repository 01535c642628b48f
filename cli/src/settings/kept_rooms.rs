//! The file in which the rooms of the last time are kept, with what was loaded of them: for a start without the gateway.

use std::path::{Path, PathBuf};

use chatapp_client::GatewayUrl;
use chatapp_client::durable::{self, FileLock};
use chatapp_types::UserId;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::exit::{Exit, Failure, Outcome};

/// The file of one profile, of which one user at one gateway has the use. It is a cache: without it one begins with
/// nothing, and what is in it is asked for again as soon as the gateway answers.
#[derive(Clone, Debug)]
pub(crate) struct KeptRooms {
    path: PathBuf,
    key: String,
}

#[derive(Serialize, Deserialize)]
struct Content<T> {
    /// Whose it is.
    of: String,
    kept: T,
}

impl KeptRooms {
    /// What the file `path`, which need not exist, holds of `user` at `url`.
    pub(crate) fn new(path: PathBuf, url: &GatewayUrl, user: UserId) -> Self {
        Self { path, key: format!("{user} {url}") }
    }

    /// What was kept, or nothing. A damaged file is as good as none, and so is another person's.
    pub(crate) fn recall<T: DeserializeOwned + Default>(&self) -> T {
        let content = std::fs::read(&self.path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        content.filter(|c: &Content<T>| c.of == self.key).map(|c| c.kept).unwrap_or_default()
    }

    /// Keeps this in place of what was kept, where its owner alone can read it. Blocks its thread.
    pub(crate) fn keep<T: Serialize>(&self, kept: &T) -> Outcome {
        let failed = |e: std::io::Error| failure(&self.path, &e);
        let content = Content { of: self.key.clone(), kept };
        let bytes = serde_json::to_vec(&content).map_err(|e| failed(e.into()))?;
        let _lock = FileLock::acquire(&self.path).map_err(failed)?;
        if std::fs::read(&self.path).is_ok_and(|old| old == bytes) {
            return Ok(());
        }
        durable::replace(&self.path, &bytes).map_err(failed)
    }

    /// Forgets what the file holds, whoever's it is.
    pub(crate) fn forget(path: &Path) -> Outcome {
        match std::fs::remove_file(path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(failure(path, &e)),
            _ => Ok(()),
        }
    }
}

fn failure(path: &Path, e: &std::io::Error) -> Failure {
    Failure::new(Exit::Failure, format!("{}: {e}", path.display()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn file() -> (tempfile::TempDir, PathBuf, GatewayUrl) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("kept-default.json");
        (dir, path, GatewayUrl::parse("http://127.0.0.1:1").unwrap())
    }

    #[test]
    fn what_is_kept_is_found_again_by_its_owner_alone_and_forgotten_on_request() {
        let (_dir, path, url) = file();
        let (ann, bob) = (UserId::new(), UserId::new());
        let kept = KeptRooms::new(path.clone(), &url, ann);
        kept.keep(&vec!["hall".to_owned()]).unwrap();
        assert_eq!(kept.recall::<Vec<String>>(), ["hall"]);
        assert!(KeptRooms::new(path.clone(), &url, bob).recall::<Vec<String>>().is_empty());
        KeptRooms::forget(&path).unwrap();
        KeptRooms::forget(&path).unwrap();
        assert!(kept.recall::<Vec<String>>().is_empty());
    }

    #[test]
    fn a_damaged_file_is_as_good_as_none() {
        let (_dir, path, url) = file();
        std::fs::write(&path, b"{\"of\":").unwrap();
        let kept = KeptRooms::new(path, &url, UserId::new());
        assert!(kept.recall::<Vec<String>>().is_empty());
        kept.keep(&vec![1]).unwrap();
        assert_eq!(kept.recall::<Vec<i32>>(), [1]);
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_can_read_the_file() {
        use std::os::unix::fs::PermissionsExt as _;
        let (_dir, path, url) = file();
        KeptRooms::new(path.clone(), &url, UserId::new()).keep(&vec![1]).unwrap();
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
