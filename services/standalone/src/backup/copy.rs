//! Copying a database page by page.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::Progress;

/// Pages copied between two looks at the progress: 4 MiB.
const STEP: i32 = 1_024;
/// How long another process may keep the source locked; in WAL mode it never does for long.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two tries at a locked source.
const RETRY: Duration = Duration::from_millis(50);

/// Opens a database for reading.
pub(super) fn open_source(path: &Path) -> anyhow::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags).with_context(|| format!("cannot open {}", path.display()))?;
    conn.busy_timeout(PATIENCE)?;
    Ok(conn)
}

/// Copies all of `source` as it is at this moment into `target`, an empty database that nobody else has open.
pub(super) fn copy(source: &Connection, target: &mut Connection, progress: &dyn Progress) -> anyhow::Result<()> {
    // The first read of the transaction fixes what all others see.
    source.execute_batch("BEGIN; SELECT count(*) FROM sqlite_master;")?;
    let copied = copy_snapshot(source, target, progress);
    source.execute_batch("COMMIT")?;
    copied
}

fn copy_snapshot(source: &Connection, target: &mut Connection, progress: &dyn Progress) -> anyhow::Result<()> {
    let backup = Backup::new(source, target)?;
    let begun = Instant::now();
    loop {
        match backup.step(STEP)? {
            StepResult::Done => return Ok(()),
            StepResult::More => {
                let state = backup.progress();
                let total = u64::from(state.pagecount.unsigned_abs());
                progress.at(total.saturating_sub(u64::from(state.remaining.unsigned_abs())), total);
            }
            _ if begun.elapsed() > PATIENCE => bail!("the database is locked by another program"),
            _ => std::thread::sleep(RETRY),
        }
    }
}

/// Checks every page and index; an error says what is damaged.
pub(super) fn check_integrity(conn: &Connection) -> anyhow::Result<()> {
    let first: String = conn.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if first != "ok" {
        bail!("the database is damaged: {first}");
    }
    Ok(())
}
