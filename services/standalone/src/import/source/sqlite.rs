//! A SQLite copy of the original's database. Its columns may hold values of any type.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, ensure};
use async_trait::async_trait;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Params, Row};

use super::{Original, OriginalMessage, OriginalRoom, OriginalUser, WrittenTime};

/// An open copy.
pub(super) struct SqliteOriginal(Arc<Mutex<Connection>>);

impl SqliteOriginal {
    /// Opens a copy for reading.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        ensure!(path.is_file(), "there is no file {}", path.display());
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn =
            Connection::open_with_flags(path, flags).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Self(Arc::new(Mutex::new(conn))))
    }

    async fn rows<T: Send + 'static>(
        &self,
        sql: &'static str,
        parameters: impl Params + Send + 'static,
        read: fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> anyhow::Result<Vec<T>> {
        let conn = Arc::clone(&self.0);
        let rows = tokio::task::spawn_blocking(move || {
            let conn = conn.lock().unwrap_or_else(PoisonError::into_inner);
            let mut statement = conn.prepare_cached(sql)?;
            statement.query_map(parameters, read)?.collect::<Result<Vec<_>, _>>()
        });
        Ok(rows.await??)
    }
}

#[async_trait]
impl Original for SqliteOriginal {
    async fn count_messages(&self) -> anyhow::Result<u64> {
        // Also finds out whether the tables are there, with their columns.
        let rows = self.rows(
            "SELECT (SELECT count(*) FROM messages), (SELECT count(id + length(username) + length(hashed_password))
             FROM users), (SELECT count(id + length(name)) FROM chat_rooms)",
            [],
            |row| row.get::<_, i64>(0),
        );
        Ok(rows.await?.first().copied().unwrap_or_default().unsigned_abs())
    }

    async fn users(&self, after: i64, limit: u32) -> anyhow::Result<Vec<OriginalUser>> {
        let sql = "SELECT id, username, hashed_password FROM users WHERE id > ?1 ORDER BY id LIMIT ?2";
        self.rows(sql, (after, limit), |row| {
            Ok(OriginalUser { id: row.get(0)?, username: text(row, 1)?, hashed_password: text(row, 2)? })
        })
        .await
    }

    async fn rooms(&self, after: i64, limit: u32) -> anyhow::Result<Vec<OriginalRoom>> {
        let sql = "SELECT id, name FROM chat_rooms WHERE id > ?1 ORDER BY id LIMIT ?2";
        self.rows(sql, (after, limit), |row| Ok(OriginalRoom { id: row.get(0)?, name: text(row, 1)? })).await
    }

    async fn messages(&self, after: i64, limit: u32) -> anyhow::Result<Vec<OriginalMessage>> {
        let sql = "SELECT id, content, username, timestamp, chat_room_id FROM messages
                   WHERE id > ?1 ORDER BY id LIMIT ?2";
        self.rows(sql, (after, limit), |row| {
            Ok(OriginalMessage {
                id: row.get(0)?,
                content: text(row, 1)?,
                username: text(row, 2)?,
                timestamp: time(row, 3)?,
                chat_room_id: number(row, 4)?,
            })
        })
        .await
    }
}

/// Any value as a text; what is no UTF-8 is replaced.
fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<String>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
    })
}

fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<i64>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Integer(number) => Some(number),
        _ => text(row, column)?.and_then(|text| text.trim().parse().ok()),
    })
}

fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<WrittenTime> {
    Ok(match row.get_ref(column)? {
        ValueRef::Null => WrittenTime::Missing,
        ValueRef::Integer(number) => WrittenTime::of_number(number),
        #[expect(clippy::cast_possible_truncation, reason = "it saturates, and such a time is odd anyway")]
        ValueRef::Real(seconds) => WrittenTime::of_number((seconds * 1_000.0) as i64),
        _ => WrittenTime::of_text(&text(row, column)?.unwrap_or_default()),
    })
}
