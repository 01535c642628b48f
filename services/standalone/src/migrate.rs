//! `chatapp migrate`: gives the database this version's schema.

use chatapp_db::Database;
use chatapp_service::Storage;
use serde::Serialize;

use crate::screen::Screen;

#[derive(Serialize)]
struct Applied<'a> {
    migration: &'a str,
}

/// Applies what is missing. Safe to run many times, from many places at once, and while the platform runs.
pub(crate) async fn migrate(storage: &Storage, json: bool, screen: Screen) -> anyhow::Result<()> {
    storage.prepare()?;
    let db = Database::open(&storage.database_config()).await?;
    let applied = db.migrate().await?;
    for migration in &applied {
        if json {
            screen.json(&Applied { migration: &migration.name })?;
        } else {
            screen.line(format!("applied {}", migration.name));
        }
    }
    if applied.is_empty() && !json {
        screen.line("the database is up to date");
    }
    Ok(())
}
