//! The table that makes a database a backup.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use chatapp_http::MasterSecret;
use chatapp_types::{Secret, Timestamp};
use rusqlite::Connection;

/// The form of backups that this version makes and reads.
const FORMAT: &str = "1";

/// What a backup says of itself.
pub(super) struct Manifest {
    /// When it was made.
    pub made_at: Timestamp,
    /// The version that made it.
    pub version: String,
    /// The master secret, base64.
    pub secret: Secret,
}

impl Manifest {
    /// Writes it into a copy, which becomes a backup by that.
    pub(super) fn write(&self, conn: &mut Connection) -> anyhow::Result<()> {
        let tx = conn.transaction()?;
        tx.execute_batch("CREATE TABLE chatapp_backup (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT")?;
        let made_at = self.made_at.to_string();
        let rows = [
            ("format", FORMAT),
            ("made_at", &made_at),
            ("version", &self.version),
            ("master_secret", self.secret.expose()),
        ];
        for row in rows {
            tx.execute("INSERT INTO chatapp_backup (name, value) VALUES (?1, ?2)", row)?;
        }
        Ok(tx.commit()?)
    }

    /// Reads it from a backup; a database without it is none.
    pub(super) fn read(conn: &Connection) -> anyhow::Result<Self> {
        let mut rows = rows(conn).context("this is no backup of ChatApp's")?;
        let mut take = |name: &str| rows.remove(name).with_context(|| format!("the backup has no `{name}`"));
        let format = take("format")?;
        if format != FORMAT {
            bail!("the backup has form {format}, which this version cannot read: use the version that made it");
        }
        let secret = Secret::from(take("master_secret")?);
        MasterSecret::from_base64(secret.expose()).context("the backup's master secret is damaged")?;
        let made_at = take("made_at")?.parse().ok().context("the backup does not say when it was made")?;
        Ok(Self { made_at, version: take("version")?, secret })
    }

    /// Takes it out of a copy, which is a platform's database again by that. Nothing of the secret stays in the file.
    pub(super) fn remove(conn: &Connection) -> anyhow::Result<()> {
        conn.execute_batch("PRAGMA secure_delete = ON; DROP TABLE chatapp_backup;")?;
        Ok(())
    }
}

fn rows(conn: &Connection) -> rusqlite::Result<BTreeMap<String, String>> {
    let mut statement = conn.prepare("SELECT name, value FROM chatapp_backup")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}
