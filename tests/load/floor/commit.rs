//! SQLite's own group commit on the disk that the server writes to.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;

/// For so long commits are counted.
const WATCH: Duration = Duration::from_millis(1500);
const BODY: [u8; 100] = [b'x'; 100];

/// Messages a second when `group` of them share each commit, each a row with the text and its sequence number, with
/// `synchronous=FULL` in a write-ahead log.
pub(crate) fn group_commit(folder: &Path, group: usize) -> anyhow::Result<f64> {
    let file = tempfile::Builder::new().prefix("floor").suffix(".db").tempfile_in(folder)?;
    let conn = Connection::open(file.path())?;
    conn.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    conn.execute_batch(
        "PRAGMA synchronous = FULL;
         CREATE TABLE messages (id INTEGER PRIMARY KEY, room BLOB NOT NULL, seq INTEGER NOT NULL, body TEXT NOT NULL);
         CREATE UNIQUE INDEX by_seq ON messages (room, seq);",
    )?;
    let mut insert = conn.prepare("INSERT INTO messages (room, seq, body) VALUES (?1, ?2, ?3)")?;
    let (begun, mut written) = (Instant::now(), 0_u32);
    while begun.elapsed() < WATCH {
        conn.execute_batch("BEGIN IMMEDIATE")?;
        for _ in 0..group {
            written += 1;
            insert.execute(rusqlite::params![[7_u8; 16], written, std::str::from_utf8(&BODY)?])?;
        }
        conn.execute_batch("COMMIT")?;
    }
    Ok(f64::from(written) / begun.elapsed().as_secs_f64())
}
