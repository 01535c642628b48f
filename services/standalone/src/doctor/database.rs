//! The database: can it be opened, is it whole, is it of this version?

use std::path::Path;
use std::time::Duration;

use chatapp_db::{Database, MigrationError};
use chatapp_service::{InstanceLock, Storage};
use chatapp_types::Timestamp;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use super::Finding;
use crate::screen::bytes;

/// A log that has grown so far is not being merged: some reader never ends.
const WAL_LARGE: u64 = 256 << 20;

/// What was seen of the database.
#[derive(Default)]
pub(super) struct Seen {
    /// The findings.
    pub findings: Vec<Finding>,
    /// When the newest entry of any room was written.
    pub newest_entry: Option<Timestamp>,
}

/// Looks at the database. Reads alone, and makes no file.
pub(super) async fn check(storage: &Storage) -> Seen {
    match storage.database_file() {
        Some(file) => check_file(storage, file),
        None => Seen { findings: check_server(storage).await, newest_entry: None },
    }
}

async fn check_server(storage: &Storage) -> Vec<Finding> {
    let db = match Database::open(&storage.database_config()).await {
        Ok(db) => db,
        Err(err) => {
            return vec![
                Finding::fail("database", err.to_string()).advise("start the server, or correct the settings of it"),
            ];
        }
    };
    vec![Finding::ok("database", "the server answers and takes the log-in"), migrated(db.check_migrated().await)]
}

fn check_file(storage: &Storage, file: &Path) -> Seen {
    if !file.exists() {
        let message = format!("{} does not exist yet, `chatapp up` makes it", file.display());
        return Seen { findings: vec![Finding::ok("database", message)], newest_entry: None };
    }
    let mut seen = Seen { findings: vec![in_use(&storage.lock_file())], newest_entry: None };
    match open(file) {
        Ok(conn) => {
            seen.findings.push(whole(&conn, file));
            seen.findings.push(schema(&conn));
            seen.newest_entry = newest_entry(&conn);
        }
        Err(err) => seen.findings.push(
            Finding::fail("database", format!("{} cannot be opened: {err}", file.display()))
                .advise("run this as the user that chatapp runs as, or restore a backup (`chatapp restore FILE`)"),
        ),
    }
    seen.findings.push(log(file));
    seen
}

fn open(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(file, flags)?;
    conn.busy_timeout(Duration::from_secs(5))?;
    Ok(conn)
}

fn in_use(lock: &Path) -> Finding {
    match InstanceLock::holder(lock) {
        Ok(None) => Finding::ok("lock", "no chatapp uses this data now"),
        Ok(Some(holder)) => Finding::ok("lock", format!("{holder} uses this data")),
        Err(err) => Finding::fail("lock", format!("{} cannot be looked at: {err}", lock.display()))
            .advise("run this as the user that chatapp runs as"),
    }
}

fn whole(conn: &Connection, file: &Path) -> Finding {
    let checked = conn.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    let damaged = |what: String| {
        Finding::fail("database", format!("{} is damaged: {what}", file.display()))
            .advise("stop chatapp and restore the latest backup (`chatapp restore FILE`); the damaged file is kept")
    };
    match checked {
        Ok(first) if first == "ok" => Finding::ok("database", format!("{} is whole", file.display())),
        Ok(first) => damaged(first),
        Err(err) => damaged(err.to_string()),
    }
}

fn schema(conn: &Connection) -> Finding {
    migrated(chatapp_db::sqlite::check_schema(conn))
}

fn migrated(checked: Result<(), MigrationError>) -> Finding {
    match checked {
        Ok(()) => Finding::ok("migrations", "the database has this version's schema"),
        Err(pending @ MigrationError::Pending(_)) => {
            Finding::warn("migrations", pending.to_string()).advise("run `chatapp migrate`; `chatapp up` does it too")
        }
        Err(other) => Finding::fail("migrations", other.to_string())
            .advise("use the version of chatapp that last used this database, or a newer one"),
    }
}

fn log(file: &Path) -> Finding {
    let size = std::fs::metadata(format!("{}-wal", file.display())).map_or(0, |wal| wal.len());
    let message = format!("the write-ahead log has {}", bytes(size));
    if size < WAL_LARGE {
        return Finding::ok("log", message);
    }
    Finding::warn("log", message)
        .advise("look for a program that keeps the database open (a backup that hangs?), or restart chatapp")
}

fn newest_entry(conn: &Connection) -> Option<Timestamp> {
    let newest = conn.query_row(
        "SELECT max(e.at) FROM timeline_heads h
         JOIN timeline_entries e ON e.room_id = h.room_id AND e.seq = h.seq",
        [],
        |row| row.get::<_, Option<i64>>(0),
    );
    newest.optional().ok().flatten().flatten().map(Timestamp::from_millis)
}
