//! The original's own database, on SQL Server.

use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use chatapp_db::mssql::{MssqlOptions, Row, Sql};
use chatapp_db::{DbError, Mssql, MssqlUrl};

use super::{Original, OriginalMessage, OriginalRoom, OriginalUser, WrittenTime};

/// A page of a large table may take its time.
const PAGE_LIMIT: Duration = Duration::from_mins(5);

/// A connection to it.
pub(super) struct MssqlOriginal(Mssql);

impl MssqlOriginal {
    /// Connects.
    pub(super) async fn open(url: &MssqlUrl) -> anyhow::Result<Self> {
        let options = MssqlOptions {
            connections: 1,
            idle_connections: 1,
            operation_limit: PAGE_LIMIT,
            ..MssqlOptions::default()
        };
        let db = Mssql::open(url, options).await.with_context(|| format!("cannot read {url}"))?;
        Ok(Self(db))
    }

    async fn rows<T>(&self, sql: Sql, read: fn(&Row) -> Result<T, DbError>) -> anyhow::Result<Vec<T>> {
        let rows: Vec<Row> = self
            .0
            .run(move |session| {
                let sql = sql.clone();
                Box::pin(async move { session.query(sql).await })
            })
            .await?;
        Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
    }
}

// What is read is cast, for the columns' types are not known: `timestamp` is written as ISO 8601 whichever it has.
#[async_trait]
impl Original for MssqlOriginal {
    async fn count_messages(&self) -> anyhow::Result<u64> {
        let sql = Sql::new("SELECT COUNT_BIG(*) FROM dbo.messages");
        Ok(self.rows(sql, |row| row.uint(0)).await?.first().copied().unwrap_or_default())
    }

    async fn users(&self, after: i64, limit: u32) -> anyhow::Result<Vec<OriginalUser>> {
        let sql = Sql::new(
            "SELECT TOP (@P2) CAST(id AS BIGINT), CAST(username AS NVARCHAR(MAX)), CAST(hashed_password AS NVARCHAR(MAX))
             FROM dbo.users WHERE id > @P1 ORDER BY id",
        );
        let sql = sql.bind(after).bind(limit);
        self.rows(sql, |row| {
            Ok(OriginalUser { id: row.int(0)?, username: row.opt_text(1)?, hashed_password: row.opt_text(2)? })
        })
        .await
    }

    async fn rooms(&self, after: i64, limit: u32) -> anyhow::Result<Vec<OriginalRoom>> {
        let sql = Sql::new(
            "SELECT TOP (@P2) CAST(id AS BIGINT), CAST(name AS NVARCHAR(MAX)) FROM dbo.chat_rooms
             WHERE id > @P1 ORDER BY id",
        );
        let sql = sql.bind(after).bind(limit);
        self.rows(sql, |row| Ok(OriginalRoom { id: row.int(0)?, name: row.opt_text(1)? })).await
    }

    async fn messages(&self, after: i64, limit: u32) -> anyhow::Result<Vec<OriginalMessage>> {
        let sql = Sql::new(
            "SELECT TOP (@P2) CAST(id AS BIGINT), CAST(content AS NVARCHAR(MAX)), CAST(username AS NVARCHAR(MAX)),
                    CONVERT(NVARCHAR(40), [timestamp], 126), CAST(chat_room_id AS BIGINT)
             FROM dbo.messages WHERE id > @P1 ORDER BY id",
        );
        let sql = sql.bind(after).bind(limit);
        self.rows(sql, |row| {
            Ok(OriginalMessage {
                id: row.int(0)?,
                content: row.opt_text(1)?,
                username: row.opt_text(2)?,
                timestamp: row.opt_text(3)?.map_or(WrittenTime::Missing, |text| WrittenTime::of_text(&text)),
                chat_room_id: row.opt_int(4)?,
            })
        })
        .await
    }
}
