//! Putting a backup in the place of a platform's data.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use chatapp_db::MigrationError;
use chatapp_service::{InstanceLock, Storage};
use chatapp_types::{Secret, Timestamp};
use rusqlite::Connection;
use serde::Serialize;
use tempfile::{NamedTempFile, TempPath};

use super::Progress;
use super::copy::{check_integrity, copy, open_source};
use super::make::sync_dir;
use super::manifest::Manifest;

/// What was restored.
#[derive(Clone, Debug, Serialize)]
pub struct Restored {
    /// The database that was put in place.
    pub database: PathBuf,
    /// When the backup was made.
    pub made_at: Timestamp,
    /// The version that made it.
    pub version: String,
    /// What was there before, under its new names.
    pub kept: Vec<PathBuf>,
}

/// Restores the backup `from`. What was there before is kept under names ending in `.before-restore`.
///
/// Refuses while a platform uses the data, and a file that is damaged, no backup, or of a newer version; nothing is
/// touched before all of that is known. A backup of an older version is migrated at the next start. Blocks.
pub fn restore(storage: &Storage, from: &Path, progress: &dyn Progress) -> anyhow::Result<Restored> {
    if !from.is_file() {
        bail!("there is no file {}", from.display());
    }
    let place = super::file_of(storage)?;
    storage.prepare()?;
    let _alone = InstanceLock::exclusive(&storage.lock_file()).context("the platform must not run meanwhile")?;
    let refused = || format!("{} was not restored", from.display());
    let (copied, manifest) = take_copy(place, from, progress).with_context(refused)?;
    progress.now("putting it in place");
    let secret = unfinished_secret(&storage.secret_key, &manifest.secret).with_context(refused)?;
    let kept = put_in_place(storage, place, copied, secret)?;
    Ok(Restored { database: place.to_owned(), made_at: manifest.made_at, version: manifest.version, kept })
}

/// Copies the backup beside its place, checks the copy and makes it a platform's database.
fn take_copy(place: &Path, from: &Path, progress: &dyn Progress) -> anyhow::Result<(TempPath, Manifest)> {
    progress.now("copying");
    let source = open_source(from)?;
    let manifest = Manifest::read(&source)?;
    match chatapp_db::sqlite::check_schema(&source) {
        Ok(()) | Err(MigrationError::Pending(_)) => {}
        Err(other) => return Err(other.into()),
    }
    let dir = place.parent().unwrap_or(Path::new("."));
    let copied = tempfile::Builder::new()
        .prefix(".chatapp-restore-")
        .tempfile_in(dir)
        .with_context(|| format!("cannot write in {}", dir.display()))?;
    let mut target = Connection::open(copied.path())?;
    copy(&source, &mut target, progress)?;
    progress.now("checking");
    check_integrity(&target)?;
    target.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
    Manifest::remove(&target)?;
    target.close().map_err(|(_, err)| err)?;
    copied.as_file().sync_all()?;
    Ok((copied.into_temp_path(), manifest))
}

/// The backup's secret in a file beside its place; `None` when the one in place is the same.
fn unfinished_secret(place: &Path, secret: &Secret) -> anyhow::Result<Option<TempPath>> {
    if fs::read_to_string(place).is_ok_and(|present| present.trim() == secret.expose()) {
        return Ok(None);
    }
    let cannot = || format!("cannot write the master secret {}", place.display());
    let dir = place.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = NamedTempFile::new_in(dir).with_context(cannot)?;
    writeln!(file, "{}", secret.expose()).and_then(|()| file.as_file().sync_all()).with_context(cannot)?;
    Ok(Some(file.into_temp_path()))
}

/// Moves what is there aside and the new files in. The order leaves at every moment either a whole platform, or files
/// from which a second run of the restore makes one.
fn put_in_place(
    storage: &Storage,
    database: &Path,
    copied: TempPath,
    secret: Option<TempPath>,
) -> anyhow::Result<Vec<PathBuf>> {
    merge_log(database);
    let mut kept = Vec::new();
    if let Some(secret) = secret {
        kept.extend(set_aside(&storage.secret_key)?);
        secret.persist(&storage.secret_key)?;
        sync_dir(&storage.secret_key)?;
    }
    // A log that could not be merged belongs to the old database: it goes with it, under the name that fits.
    if let Some(aside) = set_aside(database)? {
        for part in ["-wal", "-shm"] {
            let of = |file: &Path| PathBuf::from(format!("{}{part}", file.display()));
            if of(database).exists() {
                fs::rename(of(database), of(&aside))?;
            }
        }
        kept.push(aside);
    }
    copied.persist(database)?;
    sync_dir(database)?;
    Ok(kept)
}

/// Brings what the old database's log has into its file, so that the file alone is the old database. One that is
/// damaged stays as it is.
fn merge_log(database: &Path) {
    if database.is_file()
        && let Ok(conn) = Connection::open(database)
        && let Err(err) = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
    {
        tracing::warn!(error = %err, "the log of the database in place could not be merged into it");
    }
}

/// Renames `file` so that it ends in `.before-restore`; `None` when there is none.
fn set_aside(file: &Path) -> anyhow::Result<Option<PathBuf>> {
    if !file.exists() {
        return Ok(None);
    }
    let name = |n: u32| {
        let number = if n == 1 { String::new() } else { format!(".{n}") };
        PathBuf::from(format!("{}{number}.before-restore", file.display()))
    };
    let free = (1..=u32::MAX).map(name).find(|name| !name.exists()).context("no name is free")?;
    fs::rename(file, &free).with_context(|| format!("cannot rename {}", file.display()))?;
    Ok(Some(free))
}
