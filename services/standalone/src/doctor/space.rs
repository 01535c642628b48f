//! Room on the disk.

use chatapp_service::Storage;

use super::Finding;
use crate::screen::bytes;

/// With less than this SQLite may fail at any write.
const NEEDED: u64 = 64 << 20;
/// With less than this it is time to act.
const COMFORTABLE: u64 = 512 << 20;

/// Looks at the disk of the data directory.
pub(super) fn check(storage: &Storage) -> Finding {
    let dir = storage.data_dir.ancestors().find(|dir| dir.exists()).unwrap_or(&storage.data_dir);
    match free(dir) {
        Some(free) => judge(free, size(storage)),
        None => Finding::warn("disk", format!("the free space of {} is not known", dir.display())),
    }
}

fn size(storage: &Storage) -> u64 {
    storage.database_file().and_then(|file| std::fs::metadata(file).ok()).map_or(0, |file| file.len())
}

/// What `free` bytes mean for a database of `size` bytes.
pub(super) fn judge(free: u64, size: u64) -> Finding {
    let message = format!("{} are free, the database has {}", bytes(free), bytes(size));
    if free < NEEDED {
        return Finding::fail("disk", message).advise("free some space now: writes are about to fail");
    }
    if free < COMFORTABLE {
        return Finding::warn("disk", message).advise("free some space, or move the data directory to a larger disk");
    }
    if free < size {
        return Finding::warn("disk", message).advise("a backup will not fit here: make it on another disk");
    }
    Finding::ok("disk", message)
}

#[cfg(unix)]
fn free(dir: &std::path::Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(dir).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(not(unix))]
fn free(_dir: &std::path::Path) -> Option<u64> {
    None
}
