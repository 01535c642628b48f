use chatapp_db::Mssql;
use chatapp_testkit::TdsDatabase;
use chatapp_types::EntryBody;

use super::*;

fn joined() -> NewEntry {
    NewEntry::of(UserId::new(), Timestamp::from_millis(1_000), &EntryBody::MemberJoined)
}

async fn make_log(db: &Mssql) -> RoomId {
    let room = RoomId::new();
    db.write(move |session| Box::pin(create_log(session, room))).await.unwrap();
    room
}

async fn append_one(db: &Mssql, room: RoomId, fail: bool) -> Result<Appended, DbError> {
    db.write(move |session| {
        Box::pin(async move {
            lock(session, room).await?;
            let appended = append(session, room, &joined()).await?;
            if fail { Err(DbError::Internal("refused".into())) } else { Ok(appended) }
        })
    })
    .await
}

/// Three entries in two round trips.
async fn append_three(db: &Mssql, room: RoomId) -> Result<Vec<u64>, DbError> {
    db.run(move |session| {
        Box::pin(async move {
            let mut sql = Sql::default();
            hold(&mut sql, &[room]);
            sql.push("SELECT seq, messages FROM timeline.heads WHERE room_id = ").arg(room);
            let from = read_head(&session.query_one(sql).await?, 0)?;
            let entries: Vec<NewEntry> = (0..3).map(|_| joined()).collect();
            let seqs: Vec<u64> = (1..=3).map(|n| from.seq + n).collect();
            let numbered = seqs.iter().map(|seq| Appended { seq: *seq, ordinal: 0 });
            let mut sql = Sql::new("BEGIN TRANSACTION; ");
            advance(&mut sql, room, from, Head { seq: from.seq + 3, messages: 0 });
            insert_entries(&mut sql, numbered.zip(&entries).map(|(n, entry)| (room, n, entry)));
            sql.push("COMMIT; ");
            release(&mut sql, &[room]);
            session.commit_batch(sql).await?;
            Ok(seqs)
        })
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a server in CHATAPP_TEST_MSSQL_URL"]
async fn numbers_are_contiguous_whoever_appends_and_however() {
    let server = TdsDatabase::create().await;
    let db = server.db.clone();
    let room = make_log(&db).await;
    let ones = futures::future::join_all((0..30).map(|n| append_one(&db, room, n % 3 == 0)));
    let threes = futures::future::join_all((0..20).map(|_| append_three(&db, room)));
    let (ones, threes) = tokio::join!(ones, threes);
    let mut seqs: Vec<u64> = ones.into_iter().flatten().map(|a| a.seq).collect();
    seqs.extend(threes.into_iter().flat_map(Result::unwrap));
    seqs.sort_unstable();
    assert_eq!(seqs, (1..=80).collect::<Vec<_>>());
    let log = db.read(move |session| Box::pin(entries(session, room, 0, 100))).await.unwrap();
    assert_eq!(log.iter().map(|e| e.seq).collect::<Vec<_>>(), seqs);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a server in CHATAPP_TEST_MSSQL_URL"]
async fn what_was_not_marked_as_published_is_found_on_sql_server() {
    let server = TdsDatabase::create().await;
    let db = server.db.clone();
    let room = make_log(&db).await;
    for _ in 0..3 {
        append_one(&db, room, false).await.unwrap();
    }
    let find = |at: i64| {
        let db = db.clone();
        async move { db.read(move |session| Box::pin(unpublished(session, Timestamp::from_millis(at), 10))).await.unwrap() }
    };
    assert_eq!(find(2_000).await, [(room, 0)]);
    assert_eq!(find(500).await, [], "too young to be given up");
    db.run(move |session| Box::pin(async move { advance_published(session, &[(room, 99)]).await })).await.unwrap();
    assert_eq!(find(2_000).await, []);
}
