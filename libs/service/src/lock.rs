//! Who uses a database: a lock file beside it.
//!
//! The lock is the operating system's and ends with the process, however that ends; the file's content only says who
//! holds it, for the message. One process that hosts everything holds it alone; processes that host one service each
//! share it; whoever replaces the database must hold it alone.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

/// Why the lock was not given.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process holds it.
    #[error("{} is in use by {holder}: stop it first, or choose another data directory", dir.display())]
    Held {
        /// The directory of the database.
        dir: PathBuf,
        /// Who, as far as known.
        holder: String,
    },
    /// The file cannot be made or locked.
    #[error("cannot lock {}: {source}", path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A held lock; it ends when dropped.
#[derive(Debug)]
pub struct InstanceLock {
    file: File,
}

impl InstanceLock {
    /// Takes the lock for one process alone. Does not wait.
    pub fn exclusive(path: &Path) -> Result<Self, LockError> {
        let lock = Self::open(path)?;
        lock.taken(path, lock.file.try_lock())?;
        lock.describe(&format!("process {}", std::process::id())).map_err(|source| failed(path, source))?;
        Ok(lock)
    }

    /// Takes the lock together with others that share it. Does not wait.
    pub fn shared(path: &Path) -> Result<Self, LockError> {
        let lock = Self::open(path)?;
        lock.taken(path, lock.file.try_lock_shared())?;
        // Whichever of them wrote last: any is one that uses the database.
        lock.describe("services of this host").map_err(|source| failed(path, source))?;
        Ok(lock)
    }

    /// Who holds the lock now, as they described themselves; `None` when nobody does.
    pub fn holder(path: &Path) -> io::Result<Option<String>> {
        let file = match File::open(path) {
            Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        match file.try_lock() {
            Ok(()) => Ok(None),
            Err(TryLockError::WouldBlock) => Ok(Some(described(file))),
            Err(TryLockError::Error(err)) => Err(err),
        }
    }

    fn open(path: &Path) -> Result<Self, LockError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(path).map(|file| Self { file }).map_err(|source| failed(path, source))
    }

    fn taken(&self, path: &Path, attempt: Result<(), TryLockError>) -> Result<(), LockError> {
        match attempt {
            Ok(()) => Ok(()),
            Err(TryLockError::Error(source)) => Err(failed(path, source)),
            Err(TryLockError::WouldBlock) => {
                let holder = self.file.try_clone().map_or_else(|_| "another process".to_owned(), described);
                let dir = path.parent().unwrap_or(Path::new(".")).to_owned();
                Err(LockError::Held { dir, holder })
            }
        }
    }

    fn describe(&self, holder: &str) -> io::Result<()> {
        let mut file = &self.file;
        file.set_len(0)?;
        file.rewind()?;
        writeln!(file, "{holder}")
    }
}

fn failed(path: &Path, source: io::Error) -> LockError {
    LockError::Io { path: path.to_owned(), source }
}

fn described(mut file: File) -> String {
    let mut text = String::new();
    let read = file.rewind().and_then(|()| file.take(200).read_to_string(&mut text));
    match text.lines().next() {
        Some(line) if read.is_ok() && !line.is_empty() => format!("another chatapp ({line})"),
        _ => "another chatapp".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_alone_holds_it_and_its_name_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("chatapp.lock");
        assert_eq!(InstanceLock::holder(&path).unwrap(), None);
        let lock = InstanceLock::exclusive(&path).unwrap();
        let error = InstanceLock::exclusive(&path).unwrap_err().to_string();
        assert!(error.contains(&format!("process {}", std::process::id())) && error.contains("stop it"), "{error}");
        assert!(InstanceLock::shared(&path).is_err());
        assert!(InstanceLock::holder(&path).unwrap().is_some());
        drop(lock);
        assert_eq!(InstanceLock::holder(&path).unwrap(), None);
        InstanceLock::exclusive(&path).unwrap();
    }

    #[test]
    fn services_share_it_and_keep_a_lone_one_out() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("chatapp.lock");
        let first = InstanceLock::shared(&path).unwrap();
        let second = InstanceLock::shared(&path).unwrap();
        drop(first);
        assert!(matches!(InstanceLock::exclusive(&path), Err(LockError::Held { .. })));
        drop(second);
        InstanceLock::exclusive(&path).unwrap();
    }
}
