//! Backup and restore: one file with everything that a platform is.
//!
//! A backup is a SQLite database: the platform's own tables as they were at one moment, and the table
//! `chatapp_backup`, which says what the file is and holds the master secret, without which the signing keys in the
//! database cannot be opened. Whoever has the file has the platform: it is made for its owner's eyes alone (0600).
//!
//! The copy is made by SQLite's online backup within one read transaction: writers go on meanwhile and cannot make it
//! start again, since what it reads does not change.

mod copy;
mod make;
mod manifest;
mod progress;
mod restore;

pub use make::{Made, back_up};
pub use progress::{Progress, ProgressBar, Quiet};
pub use restore::{Restored, restore};

use std::path::Path;

use chatapp_service::Storage;

/// The file that the database is; an error that says what to do where it is none.
fn file_of(storage: &Storage) -> anyhow::Result<&Path> {
    storage.database_file().ok_or_else(|| {
        anyhow::anyhow!(
            "this platform is on SQL Server, which makes its own backups (BACKUP DATABASE); keep {} with them",
            storage.secret_key.display()
        )
    })
}

#[cfg(test)]
mod tests;
