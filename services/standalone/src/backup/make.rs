//! Making a backup.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use chatapp_http::MasterSecret;
use chatapp_service::{Storage, build_info};
use chatapp_types::{Clock, Secret, Timestamp};
use rusqlite::Connection;
use serde::Serialize;
use tempfile::NamedTempFile;

use super::Progress;
use super::copy::{check_integrity, copy, open_source};
use super::manifest::Manifest;

/// A backup just made.
#[derive(Clone, Debug, Serialize)]
pub struct Made {
    /// The file.
    pub file: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// When its copy was begun; it has everything committed until then.
    pub made_at: Timestamp,
}

/// Backs the platform up into `to`, while it runs or not. An existing file is replaced only with `force`.
///
/// Written to a file of another name beside it, checked, flushed to disk and then renamed: there is a whole backup
/// under that name, or none. Blocks.
pub fn back_up(
    storage: &Storage,
    to: &Path,
    force: bool,
    clock: &dyn Clock,
    progress: &dyn Progress,
) -> anyhow::Result<Made> {
    let database = super::file_of(storage)?;
    if !database.is_file() {
        bail!("there is no database at {}: say where with --data-dir", database.display());
    }
    if !force && to.exists() {
        bail!("{} exists: choose another name, or replace it with --force", to.display());
    }
    let manifest = Manifest {
        made_at: clock.now(),
        version: build_info::VERSION.to_owned(),
        secret: read_secret(&storage.secret_key)?,
    };
    let dir = to.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let unfinished = tempfile::Builder::new()
        .prefix(".chatapp-backup-")
        .tempfile_in(dir)
        .with_context(|| format!("cannot write in {}", dir.display()))?;
    progress.now("copying");
    write(database, unfinished.path(), &manifest, progress)?;
    progress.now("writing to disk");
    finish(unfinished, to, force)?;
    let bytes = std::fs::metadata(to)?.len();
    Ok(Made { file: to.to_owned(), bytes, made_at: manifest.made_at })
}

/// The master secret as its file has it, once it has been seen to be one that this platform would use.
fn read_secret(file: &Path) -> anyhow::Result<Secret> {
    if !file.exists() {
        bail!("there is no master secret at {}: say where with --secret-key-file", file.display());
    }
    let unusable = || format!("cannot use the master secret {}", file.display());
    MasterSecret::load_or_create(file).with_context(unusable)?;
    let text = std::fs::read_to_string(file).with_context(unusable)?;
    Ok(Secret::new(text.trim()))
}

fn write(database: &Path, into: &Path, manifest: &Manifest, progress: &dyn Progress) -> anyhow::Result<()> {
    let source = open_source(database)?;
    let mut target = Connection::open(into)?;
    copy(&source, &mut target, progress)?;
    // One file, with no log beside it that could be forgotten.
    target.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
    manifest.write(&mut target)?;
    progress.now("checking");
    check_integrity(&target)?;
    target.close().map_err(|(_, err)| err)?;
    Ok(())
}

fn finish(unfinished: NamedTempFile, to: &Path, force: bool) -> anyhow::Result<()> {
    let cannot = || format!("cannot write {}", to.display());
    unfinished.as_file().sync_all().with_context(cannot)?;
    let persisted = if force { unfinished.persist(to) } else { unfinished.persist_noclobber(to) };
    persisted.map_err(|failed| failed.error).with_context(cannot)?;
    sync_dir(to).with_context(cannot)
}

/// Flushes the directory of `file`, so that its name survives a loss of power.
pub(super) fn sync_dir(file: &Path) -> io::Result<()> {
    let dir = file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if cfg!(unix) { File::open(dir)?.sync_all() } else { Ok(()) }
}
