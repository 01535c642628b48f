#![allow(clippy::unwrap_used)]
//! On a real server: `CHATAPP_TEST_MSSQL_URL`.

use std::time::Duration;

use chatapp_testkit::TdsDatabase;
use chatapp_types::Secret;
use uuid::Uuid;

use super::*;
use crate::{Database, DatabaseConfig, DatabaseUrl};

// The testkit sees this crate as another one than the tests of this crate do: so only its URL is used.
struct Server {
    kit: TdsDatabase,
    db: Mssql,
}

fn url_of(kit: &TdsDatabase) -> MssqlUrl {
    let theirs = kit.url();
    let tls = match format!("{:?}", theirs.tls).as_str() {
        "Off" => MssqlTls::Off,
        "Trust" => MssqlTls::Trust,
        _ => MssqlTls::Verify,
    };
    MssqlUrl {
        host: theirs.host.clone(),
        port: theirs.port,
        database: theirs.database.clone(),
        user: theirs.user.clone(),
        password: theirs.password.clone(),
        tls,
        ca_file: theirs.ca_file.clone(),
    }
}

fn patient() -> MssqlOptions {
    let limit = Duration::from_secs(30);
    MssqlOptions { connections: 4, idle_connections: 1, connect_limit: limit, operation_limit: limit }
}

async fn server() -> Server {
    let kit = TdsDatabase::create().await;
    let db = Mssql::open(&url_of(&kit), patient()).await.unwrap();
    run(&db, "CREATE TABLE dbo.things (id INT NOT NULL PRIMARY KEY, name NVARCHAR(40) NULL, n BIGINT NOT NULL)").await;
    run(&db, "INSERT INTO dbo.things (id, name, n) VALUES (1, N'one', 0), (2, NULL, 0)").await;
    Server { kit, db }
}

async fn run(db: &Mssql, sql: &str) -> u64 {
    let sql = Sql::new(sql);
    db.run(move |session| {
        let sql = sql.clone();
        Box::pin(async move { session.execute(sql).await })
    })
    .await
    .unwrap()
}

async fn number(db: &Mssql, sql: &str) -> i64 {
    db.snapshot(Sql::new(sql)).await.unwrap()[0][0].int(0).unwrap()
}

/// Adds one to a thing, in three statements.
async fn add_one(db: &Mssql, thing: i32) -> Result<i64, DbError> {
    db.write(move |session| {
        Box::pin(async move {
            session.execute(Sql::new("UPDATE dbo.things SET n = n WHERE id = @P1").bind(thing)).await?;
            let row = session.query_one(Sql::new("SELECT n FROM dbo.things WHERE id = @P1").bind(thing)).await?;
            let n = row.int(0)? + 1;
            session.execute(Sql::new("UPDATE dbo.things SET n = @P2 WHERE id = @P1").bind(thing).bind(n)).await?;
            Ok(n)
        })
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a server in CHATAPP_TEST_MSSQL_URL"]
async fn values_come_back_as_they_went() {
    let Server { db, .. } = &server().await;
    let (id, long) = (Uuid::now_v7(), "y̆es 🦀 ".repeat(2_000));
    let sql = Sql::new(
        "SELECT @P1, CAST(@P2 AS NVARCHAR(MAX)), @P3, CAST(@P4 AS VARBINARY(40)), @P5, CAST(@P6 AS NVARCHAR(9)), \
         CAST(1 AS BIT), CAST(7 AS INT)",
    )
    .bind(i64::MAX)
    .bind(long.as_str())
    .bind(id)
    .bind(vec![0_u8, 255])
    .bind(None::<i64>)
    .bind(None::<&str>);
    let sets = db.snapshot(sql).await.unwrap();
    let row = &sets[0][0];
    assert_eq!(row.int(0).unwrap(), i64::MAX);
    assert_eq!(row.text(1).unwrap(), long);
    assert_eq!(row.id(2).unwrap(), id);
    assert_eq!(row.bytes(3).unwrap(), [0, 255]);
    assert_eq!(row.opt_int(4).unwrap(), None);
    assert_eq!(row.opt_text(5).unwrap(), None);
    assert!(row.flag(6).unwrap());
    assert_eq!(row.int(7).unwrap(), 7);
    assert!(row.text(0).unwrap_err().to_string().contains("column 0 is an integer, not a text"));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a server in CHATAPP_TEST_MSSQL_URL"]
async fn a_refused_write_leaves_nothing_and_its_connection_is_used_again() {
    let Server { db, .. } = &server().await;
    for _ in 0..20 {
        let refused: Result<(), DbError> = db
            .write(|session| {
                Box::pin(async {
                    session.execute("UPDATE dbo.things SET n = 99").await?;
                    Err(DbError::Unavailable("refused".to_owned()))
                })
            })
            .await;
        assert!(refused.unwrap_err().to_string().contains("refused"));
    }
    assert_eq!(number(db, "SELECT SUM(n) FROM dbo.things").await, 0);
    let hook_ran = Arc::new(AtomicBool::new(false));
    let ran = Arc::clone(&hook_ran);
    db.write(move |session| {
        let ran = Arc::clone(&ran);
        Box::pin(async move {
            session.after_commit(move || ran.store(true, Ordering::Relaxed));
            session.execute("UPDATE dbo.things SET n = 1 WHERE id = 1").await
        })
    })
    .await
    .unwrap();
    assert!(hook_ran.load(Ordering::Relaxed));
    assert_eq!(number(db, "SELECT SUM(n) FROM dbo.things").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a server in CHATAPP_TEST_MSSQL_URL"]
async fn what_the_server_objects_to_is_named_by_kind() {
    let Server { db, .. } = &server().await;
    let failing =
        |sql: &'static str| db.write(move |session| Box::pin(async move { session.execute(sql).await.map(drop) }));
    let twice = failing("INSERT INTO dbo.things (id, n) VALUES (1, 1)").await;
    assert!(matches!(twice, Err(DbError::Conflict(_))), "{twice:?}");
    let null = failing("INSERT INTO dbo.things (id, n) VALUES (3, NULL)").await;
    assert!(matches!(null, Err(DbError::Conflict(_))), "{null:?}");
    let typo = failing("SELEKT 1").await;
    assert!(matches!(typo, Err(DbError::Internal(_))), "{typo:?}");
    assert_eq!(number(db, "SELECT COUNT(*) FROM dbo.things").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a server in CHATAPP_TEST_MSSQL_URL"]
async fn nothing_is_written_after_a_statement_that_failed_was_passed_over() {
    let Server { db, .. } = &server().await;
    let result: Result<(), DbError> = db
        .write(|session| {
            Box::pin(async {
                session.execute("UPDATE dbo.things SET n = 5").await?;
                let _ = session.execute("INSERT INTO dbo.things (id, n) VALUES (1, 1)").await;
                let _ = session.execute("UPDATE dbo.things SET n = 6").await;
                Ok(())
            })
        })
        .await;
    assert!(matches!(result, Err(DbError::Internal(_))), "{result:?}");
    assert_eq!(number(db, "SELECT SUM(n) FROM dbo.things").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a server in CHATAPP_TEST_MSSQL_URL"]
async fn a_read_sees_one_commit() {
    let Server { db, .. } = &server().await;
    let writer = db.clone();
    let seen = db
        .read(move |session| {
            let writer = writer.clone();
            Box::pin(async move {
                let before = session.query_one("SELECT n FROM dbo.things WHERE id = 1").await?.int(0)?;
                add_one(&writer, 1).await?;
                let after = session.query_one("SELECT n FROM dbo.things WHERE id = 1").await?.int(0)?;
                Ok::<_, DbError>((before, after))
            })
        })
        .await
        .unwrap();
    assert_eq!(seen, (0, 0));
    assert_eq!(number(db, "SELECT n FROM dbo.things WHERE id = 1").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a server in CHATAPP_TEST_MSSQL_URL"]
async fn of_two_that_lock_each_other_out_both_succeed_in_the_end() {
    let Server { db, .. } = &server().await;
    // Each has its first row before either asks for its second; the one that is tried again waits for nobody.
    let both_hold_one = Arc::new(tokio::sync::Barrier::new(2));
    let crosswise = |first: i32, second: i32| {
        let (both_hold_one, tried) = (Arc::clone(&both_hold_one), Arc::new(AtomicBool::new(false)));
        db.write(move |session| {
            let (both_hold_one, tried) = (Arc::clone(&both_hold_one), Arc::clone(&tried));
            Box::pin(async move {
                let add = |thing: i32| Sql::new("UPDATE dbo.things SET n = n + 1 WHERE id = @P1").bind(thing);
                session.execute(add(first)).await?;
                if !tried.swap(true, Ordering::Relaxed) {
                    both_hold_one.wait().await;
                }
                session.execute(add(second)).await?;
                Ok::<_, DbError>(())
            })
        })
    };
    let (one, two) = tokio::join!(crosswise(1, 2), crosswise(2, 1));
    one.unwrap();
    two.unwrap();
    assert_eq!(number(db, "SELECT SUM(n) FROM dbo.things").await, 4);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a server in CHATAPP_TEST_MSSQL_URL"]
async fn an_operation_that_takes_too_long_gives_its_locks_back() {
    let Server { kit, db } = &server().await;
    let hasty = MssqlOptions { operation_limit: Duration::from_millis(1_500), ..patient() };
    let hasty = Mssql::open(&url_of(kit), hasty).await.unwrap();
    let (held, (release, released)) = (Arc::new(tokio::sync::Notify::new()), tokio::sync::watch::channel(false));
    let (holder, holding) = (db.clone(), Arc::clone(&held));
    let holder = tokio::spawn(async move {
        holder
            .write(move |session| {
                let (holding, mut released) = (Arc::clone(&holding), released.clone());
                Box::pin(async move {
                    session.execute("UPDATE dbo.things SET n = n WHERE id = 1").await?;
                    holding.notify_one();
                    let _ = released.wait_for(|released| *released).await;
                    Ok::<_, DbError>(())
                })
            })
            .await
    });
    held.notified().await;
    let stuck: Result<(), DbError> = hasty
        .write(|session| {
            Box::pin(async {
                session.execute("UPDATE dbo.things SET n = 7 WHERE id = 2").await?;
                session.execute("UPDATE dbo.things SET n = 7 WHERE id = 1").await.map(drop)
            })
        })
        .await;
    assert!(matches!(&stuck, Err(DbError::Unavailable(text)) if text.contains("took longer")), "{stuck:?}");
    release.send_replace(true);
    holder.await.unwrap().unwrap();
    assert_eq!(add_one(db, 2).await.unwrap(), 1, "its write was rolled back, and its lock is free");
}

/// A request may be dropped wherever it waits. What it had begun runs to its end or is rolled back; nobody finds the
/// connection in the middle of something.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a server in CHATAPP_TEST_MSSQL_URL"]
async fn a_thousand_callers_that_went_away_leave_nothing_behind() {
    let Server { db, .. } = &server().await;
    add_one(db, 1).await.unwrap();
    let mut answered = 1;
    for n in 0..1_000_u64 {
        let db = db.clone();
        let call = tokio::spawn(async move { add_one(&db, 1).await });
        // Somewhere between the first and the last await of a call, which takes some thousand turns of the scheduler.
        for _ in 0..n * 37 % 4_000 {
            tokio::task::yield_now().await;
        }
        call.abort();
        if let Ok(result) = call.await {
            result.unwrap();
            answered += 1;
        }
    }
    // Those that went on alone are in time for the next lock: when it is held, they have ended.
    let count = add_one(db, 1).await.unwrap();
    assert!(count > answered, "{count} counted, {answered} answered");
    for thing in [1, 2] {
        for _ in 0..8 {
            add_one(db, thing).await.unwrap();
        }
    }
    let open = number(db, "SELECT @@TRANCOUNT").await;
    assert_eq!(open, 1, "a snapshot's own transaction");
    let alone = db.run(|s| Box::pin(async { s.query_one("SELECT @@TRANCOUNT").await?.int(0) })).await.unwrap();
    assert_eq!(alone, 0);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a server in CHATAPP_TEST_MSSQL_URL"]
async fn a_connection_that_died_at_rest_is_replaced_unseen() {
    let Server { kit, db } = &server().await;
    assert_eq!(add_one(db, 1).await.unwrap(), 1);
    let killer = Mssql::open(&url_of(kit).with_database("master"), patient()).await.unwrap();
    let name = kit.url().database.clone();
    let sessions = Sql::new("SELECT session_id FROM sys.dm_exec_sessions WHERE DB_NAME(database_id) = @P1 ORDER BY 1");
    let found = killer.query_apart(sessions.bind(name)).await.unwrap();
    assert!(!found.is_empty(), "the server lists no sessions");
    for session in &found {
        let kill = Sql::new(format!("KILL {}", session.int(0).unwrap()));
        let _ = killer
            .run(move |s| {
                let kill = kill.clone();
                Box::pin(async move { s.execute(kill).await })
            })
            .await;
    }
    for n in 2..10 {
        assert_eq!(add_one(db, 1).await.unwrap(), n);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a server in CHATAPP_TEST_MSSQL_URL"]
async fn a_wrong_password_and_a_missing_database_name_their_settings() {
    let Server { kit, .. } = &server().await;
    let url = url_of(kit);
    let open = |url: MssqlUrl| async move { Mssql::open(&url, patient()).await.map(drop).unwrap_err().to_string() };
    let error = open(url.with_login("nobody", Secret::new("wrong"))).await;
    assert!(error.contains("CHATAPP_DATABASE_PASSWORD_FILE") && error.contains("DB_PASSWORD"), "{error}");
    assert!(!error.contains("wrong)"), "{error}");
    let error = open(url.with_database("not_there")).await;
    assert!(error.contains("DB_NAME") || error.contains("not_there"), "{error}");
    let error = open(MssqlUrl { port: 1, ..url }).await;
    assert!(error.contains("connect"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a server in CHATAPP_TEST_MSSQL_URL"]
async fn migrators_at_once_do_the_work_once() {
    let Server { kit, .. } = &server().await;
    let open = || async { Mssql::open(&url_of(kit), patient()).await.map(Database::Mssql).unwrap() };
    run(&Mssql::open(&url_of(kit), patient()).await.unwrap(), "DELETE FROM dbo.things").await;
    let (a, b) = (open().await, open().await);
    let (one, two) = tokio::join!(a.migrate(), b.migrate());
    assert_eq!((one.unwrap(), two.unwrap()), (vec![], vec![]), "the kit has migrated it");
    a.check_migrated().await.unwrap();
    run(&Mssql::open(&url_of(kit), patient()).await.unwrap(), "UPDATE dbo.chatapp_migrations SET checksum = 0x00")
        .await;
    assert!(a.check_migrated().await.unwrap_err().to_string().contains("was changed"));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a server in CHATAPP_TEST_MSSQL_URL"]
async fn a_service_may_do_what_was_granted_to_it_and_nothing_else() {
    let Server { kit, db } = &server().await;
    let password = Secret::new(format!("Pw-{}", Uuid::new_v4()));
    let login = |service| ServiceLogin { service, password: password.clone() };
    let admin = Database::Mssql(db.clone());
    admin.provision(&ServiceLogin::SERVICES.map(login)).await.unwrap();
    admin.provision(&ServiceLogin::SERVICES.map(login)).await.unwrap();
    let database = kit.url().database.clone();
    let url = url_of(kit).with_login(ServiceLogin::name(&database, "rooms"), password.clone());
    let config = DatabaseConfig { mssql: patient(), ..DatabaseConfig::new(DatabaseUrl::Mssql(url)) };
    let Database::Mssql(rooms) = Database::open(&config).await.unwrap() else { panic!("not SQL Server") };
    let may = |sql: &'static str| {
        let rooms = rooms.clone();
        async move { rooms.run(move |s| Box::pin(async move { s.execute(sql).await })).await }
    };
    may("SELECT COUNT(*) FROM timeline.entries").await.unwrap();
    may("INSERT INTO timeline.heads (room_id, seq, messages, published_seq) VALUES (NEWID(), 0, 0, 0)").await.unwrap();
    for forbidden in [
        "DELETE FROM timeline.entries",
        "UPDATE timeline.entries SET kind = N'x'",
        "DELETE FROM timeline.heads",
        "SELECT * FROM dbo.things",
        "UPDATE dbo.chatapp_migrations SET checksum = 0x00",
        "CREATE TABLE timeline.mine (id INT)",
        "CREATE TABLE dbo.mine (id INT)",
        "SELECT password_hash FROM auth.users",
        "SELECT body FROM messages.messages",
    ] {
        let done = may(forbidden).await;
        assert!(matches!(done, Err(DbError::Internal(_))), "{forbidden}: {done:?}");
    }
    drop(rooms);
    for service in ServiceLogin::SERVICES {
        let drop_login = Sql::new(format!("DROP LOGIN [{}]", ServiceLogin::name(&database, service)));
        // A log-in that stays because its last connection is just being closed harms nobody.
        let _ = db
            .run(move |s| {
                let sql = drop_login.clone();
                Box::pin(async move { s.execute(sql).await })
            })
            .await;
    }
}
