#![allow(clippy::unwrap_used)]
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use super::*;

async fn open(dir: &tempfile::TempDir) -> Sqlite {
    open_with(dir, Duration::from_secs(5)).await
}

async fn open_with(dir: &tempfile::TempDir, read_limit: Duration) -> Sqlite {
    let db = Sqlite::open(&dir.path().join("t.db"), SqliteOptions { readers: 2, read_limit }).await.unwrap();
    db.write(|tx| Ok::<_, DbError>(tx.execute_batch("CREATE TABLE t (n INTEGER PRIMARY KEY) STRICT")?)).await.unwrap();
    db
}

async fn insert(db: &Sqlite, n: i64) -> Result<usize, DbError> {
    db.write(move |tx| Ok(tx.execute("INSERT INTO t VALUES (?1)", [n])?)).await
}

async fn count(db: &Sqlite) -> i64 {
    db.read(|conn| Ok::<_, DbError>(conn.query_row("SELECT count(*) FROM t", [], |r| r.get(0))?)).await.unwrap()
}

#[tokio::test]
async fn a_refused_write_harms_no_other_of_its_group() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(&dir).await;
    insert(&db, 7).await.unwrap();
    let writes = (0..20).map(|n| insert(&db, n));
    let results = futures::future::join_all(writes).await;
    assert!(results.iter().enumerate().all(|(n, r)| if n == 7 {
        matches!(r, Err(DbError::Conflict(_)))
    } else {
        r.is_ok()
    }));
    assert_eq!(count(&db).await, 20);
}

#[tokio::test]
async fn a_write_whose_caller_went_away_is_committed_whole() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(&dir).await;
    for n in 0..50 {
        let future = insert(&db, n);
        // Polled once, so that it is queued, then dropped.
        let _ = tokio::time::timeout(std::time::Duration::ZERO, future).await;
    }
    // The writer works in order: once this one is answered, all before it are decided.
    insert(&db, 1000).await.unwrap();
    let written = count(&db).await;
    assert!(written >= 1);
    let numbers: Vec<i64> = db
        .read(|c| {
            let mut s = c.prepare("SELECT n FROM t")?;
            Ok::<_, DbError>(s.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?)
        })
        .await
        .unwrap();
    assert_eq!(i64::try_from(numbers.len()).unwrap(), written);
}

#[tokio::test]
async fn a_panicking_write_is_undone_and_the_writer_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(&dir).await;
    let result: Result<(), DbError> = db
        .write(|tx| {
            tx.execute("INSERT INTO t VALUES (1)", [])?;
            panic!("a bug");
        })
        .await;
    assert!(matches!(result, Err(DbError::Internal(_))));
    assert_eq!(count(&db).await, 0);
    insert(&db, 1).await.unwrap();
}

#[tokio::test]
async fn hooks_run_after_the_commit_and_only_for_writes_that_stand() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(&dir).await;
    let runs = Arc::new(AtomicUsize::new(0));
    for fails in [false, true] {
        let runs = Arc::clone(&runs);
        let _: Result<(), DbError> = db
            .write(move |tx| {
                tx.after_commit(move || {
                    runs.fetch_add(1, Ordering::SeqCst);
                });
                if fails { Err(DbError::Internal("refused".into())) } else { Ok(()) }
            })
            .await;
    }
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_read_sees_one_snapshot() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(&dir).await;
    insert(&db, 1).await.unwrap();
    let writer = db.clone();
    let handle = tokio::runtime::Handle::current();
    let (before, after) = db
        .read(move |conn| {
            let count = || conn.query_row("SELECT count(*) FROM t", [], |r| r.get::<_, i64>(0));
            let before = count()?;
            handle.block_on(insert(&writer, 2))?;
            Ok::<_, DbError>((before, count()?))
        })
        .await
        .unwrap();
    assert_eq!((before, after), (1, 1));
    assert_eq!(count(&db).await, 2);
}

async fn count_without_end(db: &Sqlite) -> Result<i64, DbError> {
    let endless = "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT max(n) FROM c";
    db.read(|conn| Ok(conn.query_row(endless, [], |r| r.get(0))?)).await
}

#[tokio::test]
async fn a_read_beyond_its_time_ends_and_its_reader_serves_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let db = open_with(&dir, Duration::from_millis(50)).await;
    // More of them than readers: none is lost.
    for _ in 0..5 {
        let ended = tokio::time::timeout(Duration::from_secs(20), count_without_end(&db)).await.unwrap();
        assert!(matches!(ended, Err(DbError::Unavailable(_))), "{ended:?}");
        assert_eq!(count(&db).await, 0);
    }
}

/// Keeps every reader of the pool at work until the senders are dropped.
async fn occupy(db: &Sqlite) -> (Vec<mpsc::Sender<()>>, Vec<tokio::task::JoinHandle<Result<(), DbError>>>) {
    let (begun, mut begins) = tokio::sync::mpsc::channel(2);
    let (mut ends, mut reads) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        let (end, ended) = mpsc::channel::<()>();
        let (db, begun) = (db.clone(), begun.clone());
        ends.push(end);
        reads.push(tokio::spawn(async move {
            db.read(move |_| {
                let _ = begun.blocking_send(());
                let _ = ended.recv();
                Ok(())
            })
            .await
        }));
        begins.recv().await.unwrap();
    }
    (ends, reads)
}

#[tokio::test]
async fn a_read_apart_does_not_wait_for_the_pool() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(&dir).await;
    let revoked = "CREATE TABLE auth_v_revoked (session_id BLOB, at INTEGER) STRICT";
    db.write(|tx| Ok::<_, DbError>(tx.execute_batch(revoked)?)).await.unwrap();
    let (ends, reads) = occupy(&db).await;
    let database = crate::Database::Sqlite(db);
    let asked = crate::views::revoked_since(&database, chatapp_types::Timestamp::from_millis(0));
    let told = tokio::time::timeout(Duration::from_secs(20), asked).await.expect("answered while the pool is busy");
    assert_eq!(told.unwrap(), []);
    drop(ends);
    for read in reads {
        read.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn reads_beyond_those_that_may_wait_are_refused_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(&dir).await;
    let (ends, reads) = occupy(&db).await;
    let mut waiting: Vec<_> = (0..readers::WAITING_MAX).map(|_| Box::pin(count(&db))).collect();
    for read in &mut waiting {
        assert!(futures::poll!(read.as_mut()).is_pending());
    }
    let refused = db.read(|_| Ok::<_, DbError>(())).await;
    assert!(matches!(refused, Err(DbError::Unavailable(_))), "{refused:?}");
    drop(ends);
    assert_eq!(futures::future::join_all(waiting).await, [0; readers::WAITING_MAX]);
    for read in reads {
        read.await.unwrap().unwrap();
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_and_its_log_are_for_the_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let db = open(&dir).await;
    insert(&db, 1).await.unwrap();
    for file in ["t.db", "t.db-wal"] {
        let mode = std::fs::metadata(dir.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{file} {mode:o}");
    }
}
