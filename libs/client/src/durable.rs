//! Files that survive a crash whole, and locks between processes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Replaces `path` by `bytes` in one step, on disk when this returns: whoever reads sees the old content or the new
/// one, and nobody but the owner can read either. The folder is made if it is missing.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = folder_of(path);
    private_folder(folder)?;
    // Made with mode 0600 by `tempfile`.
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    new.write_all(bytes)?;
    new.as_file().sync_all()?;
    new.persist(path)?;
    sync_folder(folder)
}

/// Appends `bytes` to `path`, on disk when this returns. A file that is made is readable by its owner alone. When a
/// crash left the last line torn, the new bytes start on a line of their own.
pub fn append(path: &Path, bytes: &[u8], sync: Sync) -> io::Result<()> {
    private_folder(folder_of(path))?;
    let is_new = !path.exists();
    let mut file = private_options().read(true).append(true).create(true).open(path)?;
    if ends_torn(&mut file)? {
        file.write_all(b"\n")?;
    }
    file.write_all(bytes)?;
    if sync == Sync::Now {
        file.sync_all()?;
        if is_new {
            sync_folder(folder_of(path))?;
        }
    }
    Ok(())
}

/// Whether an append must be on disk before anyone goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sync {
    /// It must.
    Now,
    /// Losing it in a power cut does no harm.
    Later,
}

/// An exclusive lock between processes, held until it is dropped or the process ends, however it ends.
#[derive(Debug)]
pub struct FileLock {
    _file: File,
}

impl FileLock {
    /// Waits for the lock beside `path` (a file `<path>.lock`, which stays: the locked file itself is replaced, so it
    /// cannot carry the lock). Blocks its thread.
    pub fn acquire(path: &Path) -> io::Result<Self> {
        Self::on(&lock_path(path))
    }

    /// Waits for the lock of the file `path` itself, which is made if it is missing. Blocks its thread.
    pub fn on(path: &Path) -> io::Result<Self> {
        private_folder(folder_of(path))?;
        let file = private_options().write(true).create(true).truncate(false).open(path)?;
        file.lock()?;
        Ok(Self { _file: file })
    }

    /// Whether somebody holds the lock of the file `path`; nobody does when there is no such file.
    pub fn is_held(path: &Path) -> io::Result<bool> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(e) => return Err(e),
        };
        match file.try_lock() {
            Ok(()) => Ok(false),
            Err(fs::TryLockError::WouldBlock) => Ok(true),
            Err(fs::TryLockError::Error(e)) => Err(e),
        }
    }
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

fn ends_torn(file: &mut File) -> io::Result<bool> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0_u8];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(unix)]
fn private_options() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

#[cfg(not(unix))]
fn private_options() -> OpenOptions {
    OpenOptions::new()
}

#[cfg(unix)]
fn private_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn private_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

/// Makes a rename or a new file in `folder` durable.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Takes from group and others what rights on `path` they have, if any; a missing file is none.
pub fn make_private(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let Ok(meta) = fs::metadata(path) else { return Ok(()) };
        if meta.permissions().mode() & 0o077 != 0 {
            fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[cfg(unix)]
    fn mode(path: &Path) -> u32 {
        use std::os::unix::fs::PermissionsExt as _;
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[cfg(unix)]
    #[test]
    fn what_is_written_is_readable_by_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let replaced = dir.path().join("new/replaced");
        let appended = dir.path().join("new/appended");
        replace(&replaced, b"x").unwrap();
        append(&appended, b"x\n", Sync::Now).unwrap();
        assert_eq!((mode(&replaced), mode(&appended), mode(&dir.path().join("new"))), (0o600, 0o600, 0o700));
    }

    #[test]
    fn a_line_after_a_torn_one_stands_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        append(&path, b"whole\n", Sync::Now).unwrap();
        append(&path, b"torn by a cra", Sync::Now).unwrap();
        append(&path, b"next\n", Sync::Later).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "whole\ntorn by a cra\nnext\n");
    }

    #[test]
    fn a_lock_keeps_a_second_holder_waiting() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        let held = FileLock::acquire(&path).unwrap();
        let (entered, has_entered) = std::sync::mpsc::channel();
        let waiter = std::thread::spawn({
            let path = path.clone();
            move || {
                let _lock = FileLock::acquire(&path).unwrap();
                entered.send(()).unwrap();
            }
        });
        assert!(has_entered.recv_timeout(std::time::Duration::from_millis(50)).is_err());
        drop(held);
        has_entered.recv_timeout(std::time::Duration::from_secs(5)).unwrap();
        waiter.join().unwrap();
    }
}
