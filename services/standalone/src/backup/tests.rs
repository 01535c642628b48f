#![allow(clippy::unwrap_used)]
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use chatapp_db::{Database, DbError, Sqlite};
use chatapp_service::{InstanceLock, Storage, StorageArgs};
use chatapp_timeline::{NewEntry, sqlite};
use chatapp_types::{EntryBody, RoomId, SystemClock, Timestamp, UserId};
use rusqlite::Connection;

use super::*;

struct Place {
    dir: tempfile::TempDir,
    storage: Storage,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let args = StorageArgs { data_dir: Some(dir.path().join("data")), ..StorageArgs::default() };
        let storage = args.resolve().unwrap();
        storage.prepare().unwrap();
        Self { dir, storage }
    }

    /// A migrated database with a secret beside it.
    async fn with_platform() -> (Self, Sqlite) {
        let place = Self::new();
        place.storage.secret().unwrap();
        let db = place.open().await;
        (place, db)
    }

    async fn open(&self) -> Sqlite {
        let db = Database::open(&self.storage.database_config()).await.unwrap();
        db.migrate().await.unwrap();
        let Database::Sqlite(db) = db else { panic!("not sqlite") };
        db
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }

    fn back_up(&self, to: &Path) -> anyhow::Result<Made> {
        super::back_up(&self.storage, to, false, &SystemClock, &Quiet)
    }

    fn secret(&self) -> String {
        std::fs::read_to_string(&self.storage.secret_key).unwrap()
    }
}

fn joined() -> NewEntry {
    NewEntry::of(UserId::new(), Timestamp::from_millis(1_000), &EntryBody::MemberJoined)
}

async fn create_room(db: &Sqlite) -> RoomId {
    let room = RoomId::new();
    db.write(move |tx| sqlite::create_log(tx, room)).await.unwrap();
    room
}

async fn append(db: &Sqlite, room: RoomId) -> u64 {
    db.write(move |tx| sqlite::append(tx, room, &joined())).await.unwrap().seq
}

/// The head of the only room and the number of its entries, which a snapshot shows equal.
fn head_and_entries(file: &Path) -> (u64, u64) {
    let conn = Connection::open(file).unwrap();
    let count = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap().unsigned_abs();
    (count("SELECT max(seq) FROM timeline_heads"), count("SELECT count(*) FROM timeline_entries"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_backed_up_comes_back_on_another_machine() {
    let (here, db) = Place::with_platform().await;
    let room = create_room(&db).await;
    append(&db, room).await;
    let file = here.file("backup.chatapp");
    let made = here.back_up(&file).unwrap();
    assert_eq!(made.bytes, std::fs::metadata(&file).unwrap().len());

    let there = Place::new();
    let restored = restore(&there.storage, &file, &Quiet).unwrap();
    assert_eq!(restored.made_at, made.made_at);
    assert_eq!(restored.kept, Vec::<std::path::PathBuf>::new());
    assert_eq!(there.secret(), here.secret());
    let log = there.open().await.read(move |conn| sqlite::entries(conn, room, 0, 10)).await.unwrap();
    assert_eq!(log.len(), 1);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn only_the_owner_can_read_a_backup_and_what_is_restored() {
    use std::os::unix::fs::PermissionsExt as _;
    let (here, _db) = Place::with_platform().await;
    let file = here.file("b");
    here.back_up(&file).unwrap();
    let there = Place::new();
    restore(&there.storage, &file, &Quiet).unwrap();
    for path in [file.as_path(), there.storage.database_file().unwrap(), &there.storage.secret_key] {
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_does_not_stay_in_a_restored_database() {
    let (here, _db) = Place::with_platform().await;
    let file = here.file("b");
    here.back_up(&file).unwrap();
    let there = Place::new();
    restore(&there.storage, &file, &Quiet).unwrap();
    let secret = here.secret();
    let has_secret = |path: &Path| {
        let bytes = std::fs::read(path).unwrap();
        bytes.windows(secret.trim().len()).any(|window| window == secret.trim().as_bytes())
    };
    assert!(has_secret(&file));
    assert!(!has_secret(there.storage.database_file().unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_made_under_a_busy_writer_is_one_moment_of_it() {
    let (here, db) = Place::with_platform().await;
    let room = create_room(&db).await;
    for _ in 0..20 {
        append(&db, room).await;
    }
    let (stop, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(20)));
    let writer = tokio::spawn({
        let (stop, written) = (stop.clone(), written.clone());
        async move {
            while !stop.load(Ordering::Relaxed) {
                written.store(append(&db, room).await, Ordering::SeqCst);
            }
        }
    });
    for n in 0..5 {
        let file = here.file(&format!("backup-{n}"));
        let before = written.load(Ordering::SeqCst);
        tokio::task::block_in_place(|| here.back_up(&file)).unwrap();
        let (head, entries) = head_and_entries(&file);
        assert_eq!(head, entries);
        assert!(head >= before, "what was acknowledged before the backup began is in it: {head} {before}");
    }
    stop.store(true, Ordering::Relaxed);
    writer.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_existing_file_is_replaced_only_by_force() {
    let (here, _db) = Place::with_platform().await;
    let file = here.file("b");
    std::fs::write(&file, "precious").unwrap();
    let error = here.back_up(&file).unwrap_err().to_string();
    assert!(error.contains("--force"), "{error}");
    assert_eq!(std::fs::read(&file).unwrap(), b"precious");
    super::back_up(&here.storage, &file, true, &SystemClock, &Quiet).unwrap();
    assert!(std::fs::read(&file).unwrap().starts_with(b"SQLite format 3"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_platform_is_not_replaced() {
    let (here, _db) = Place::with_platform().await;
    let file = here.file("b");
    here.back_up(&file).unwrap();
    let _running = InstanceLock::shared(&here.storage.lock_file()).unwrap();
    let error = format!("{:#}", restore(&here.storage, &file, &Quiet).unwrap_err());
    assert!(error.contains("in use"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_there_before_a_restore_is_kept_whole() {
    let (old, db) = Place::with_platform().await;
    let file = old.file("b");
    let room = create_room(&db).await;
    append(&db, room).await;
    old.back_up(&file).unwrap();
    append(&db, room).await;
    // Its log is not merged yet: the second entry is in the log alone.
    let kept = restore(&old.storage, &file, &Quiet).unwrap().kept;
    assert_eq!(
        kept,
        [std::path::PathBuf::from(format!("{}.before-restore", old.storage.database_file().unwrap().display()))]
    );
    assert_eq!(head_and_entries(&kept[0]), (2, 2));
    assert_eq!(head_and_entries(old.storage.database_file().unwrap()), (1, 1));
    let again = restore(&old.storage, &file, &Quiet).unwrap().kept;
    assert_ne!(again, kept, "nothing that was kept is overwritten");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_secret_in_place_is_kept_too() {
    let (here, _db) = Place::with_platform().await;
    let file = here.file("b");
    here.back_up(&file).unwrap();
    let (there, db) = Place::with_platform().await;
    drop(db);
    let before = there.secret();
    let kept = restore(&there.storage, &file, &Quiet).unwrap().kept;
    assert_eq!(there.secret(), here.secret());
    assert_eq!(std::fs::read_to_string(&kept[0]).unwrap(), before);
    assert_eq!(kept.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_backup_is_refused_and_nothing_is_touched() {
    let (here, db) = Place::with_platform().await;
    let backup = here.file("b");
    here.back_up(&backup).unwrap();
    let text = here.file("text");
    std::fs::write(&text, "no database at all").unwrap();
    let truncated = here.file("truncated");
    std::fs::write(&truncated, &std::fs::read(&backup).unwrap()[..9_000]).unwrap();
    let newer = here.file("newer");
    std::fs::copy(&backup, &newer).unwrap();
    Connection::open(&newer)
        .unwrap()
        .execute(
            "INSERT INTO chatapp_migrations (schema_name, number, name, checksum) VALUES ('auth', 9, 'auth/9', x'')",
            [],
        )
        .unwrap();
    let bare = here.storage.database_file().unwrap().to_owned();
    db.write(|tx| Ok::<_, DbError>(tx.execute("CREATE TABLE mark (x INTEGER)", [])?)).await.unwrap();
    for (file, part) in [
        (text.as_path(), "no backup"),
        (truncated.as_path(), ""),
        (newer.as_path(), "newer version"),
        (bare.as_path(), "no backup"),
        (Path::new("/nowhere/b"), "no file"),
    ] {
        let error = format!("{:#}", restore(&here.storage, file, &Quiet).unwrap_err());
        assert!(error.contains(part), "{error}");
    }
    db.read(|conn| Ok::<_, DbError>(conn.query_row("SELECT count(*) FROM mark", [], |_| Ok(()))?)).await.unwrap();
    let left: Vec<_> = std::fs::read_dir(&here.storage.data_dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with('.') || name.contains("before-restore"))
        .collect();
    assert_eq!(left, Vec::<String>::new());
}
