//! `chatapp keys`: the keys that sign access tokens.

use chatapp_auth::rotate_keys;
use chatapp_db::Database;
use chatapp_service::Storage;
use chatapp_types::{SystemClock, Timestamp};
use serde::Serialize;

use crate::cli::RotateArgs;
use crate::screen::Screen;

#[derive(Serialize)]
struct Rotated {
    kid: String,
    signs_from: Timestamp,
}

/// Makes a new signing key. The platform may run meanwhile: it takes the key in within seconds.
pub(crate) async fn rotate(args: &RotateArgs, storage: &Storage, screen: Screen) -> anyhow::Result<()> {
    let db = open(storage).await?;
    let key = rotate_keys(&db, &storage.secret()?, &SystemClock, args.tokens.key_lead()).await?;
    if args.json.json {
        return screen.json(&Rotated { kid: key.kid, signs_from: key.signs_from });
    }
    screen.line(format!("key {} is published and signs from {}", key.kid, key.signs_from));
    screen.line("The one before is published until its last token has ended; nobody is logged out.");
    Ok(())
}

/// Opens the database of a platform that exists. A mistyped directory must not become an empty platform.
pub(crate) async fn open(storage: &Storage) -> anyhow::Result<Database> {
    if let Some(file) = storage.database_file() {
        anyhow::ensure!(file.is_file(), "there is no database at {}: say where with --data-dir", file.display());
    }
    let db = Database::open(&storage.database_config()).await?;
    db.check_migrated().await?;
    Ok(db)
}
