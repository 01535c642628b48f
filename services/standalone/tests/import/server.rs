//! From SQL Server and into it. `CHATAPP_TEST_MSSQL_URL='mssql://user:password@host:1433/?tls=off' cargo nextest run -p
//! chatapp --run-ignored only` runs these.

use chatapp_db::mssql::Sql;
use chatapp_testkit::{MSSQL_URL, TdsDatabase};
use serde_json::json;

use crate::original::{Original, PASSWORD};
use crate::platform::{Place, Up, check_logs, text};

/// The database's URL with the log-in, as it is given to a program.
fn url_of(database: &TdsDatabase) -> String {
    let server = std::env::var(MSSQL_URL).unwrap();
    let (server, options) = server.split_once('?').unwrap_or((&server, ""));
    format!("{}/{}?{options}", server.trim_end_matches('/'), database.url().database)
}

async fn run(database: &TdsDatabase, sql: Sql) {
    let done = database.db.run(move |session| {
        let sql = sql.clone();
        Box::pin(async move { session.execute(sql).await })
    });
    let done: Result<u64, chatapp_db::DbError> = done.await;
    done.unwrap();
}

/// What [`Original::small`] has, in the tables that the original made.
async fn fill(database: &TdsDatabase) {
    for table in [
        "CREATE TABLE dbo.users (id INT IDENTITY(1, 1) PRIMARY KEY, username VARCHAR(50) NOT NULL,
                                 hashed_password VARCHAR(255) NOT NULL)",
        "CREATE TABLE dbo.chat_rooms (id INT PRIMARY KEY, name NVARCHAR(100) NOT NULL)",
        "CREATE TABLE dbo.messages (id INT PRIMARY KEY, content NVARCHAR(MAX), username VARCHAR(50),
                                    [timestamp] DATETIME, chat_room_id INT)",
    ] {
        run(database, Sql::new(table)).await;
    }
    let hash = bcrypt::hash(PASSWORD, 4).unwrap();
    for name in ["Ann", "bob", "Carl Lee"] {
        let sql = Sql::new("INSERT INTO dbo.users (username, hashed_password) VALUES (@P1, @P2)");
        run(database, sql.bind(name).bind(hash.as_str())).await;
    }
    for (id, name) in Original::SMALL_ROOMS {
        run(database, Sql::new("INSERT INTO dbo.chat_rooms (id, name) VALUES (@P1, @P2)").bind(id).bind(name)).await;
    }
    for (id, room, name, text, at) in Original::small_messages() {
        let sql = Sql::new(
            "INSERT INTO dbo.messages (id, content, username, [timestamp], chat_room_id)
             VALUES (@P1, @P2, @P3, CAST(@P4 AS DATETIME), @P5)",
        );
        run(database, sql.bind(id).bind(text).bind(name).bind(at).bind(room)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a server in CHATAPP_TEST_MSSQL_URL"]
async fn the_originals_server_and_a_copy_of_it_are_the_same_to_an_import() {
    let (place, database) = (Place::new(), TdsDatabase::create().await);
    fill(&database).await;
    let from_server = || {
        let output =
            place.chatapp().args(["import", "--json"]).env("CHATAPP_IMPORT_FROM", url_of(&database)).output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        crate::platform::said(&output).1
    };
    assert_eq!(from_server()["messages"], json!({ "new": 5, "there": 0 }));
    check_logs(&place.database());
    let copy = Original::small(place.dir());
    let (troubles, summary) = place.imported(&copy.file, &[]);
    for what in ["accounts", "rooms", "messages"] {
        assert_eq!(summary[what]["new"], 0, "{what}: {troubles:?}");
    }
    assert_eq!(summary["troubles"].get("message_changed"), None, "the texts are the same too");
    let times: String =
        crate::platform::one(&place.database(), "SELECT group_concat(at % 1000) FROM messages_messages");
    assert_eq!(times, "250,250,250,250,250");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a server in CHATAPP_TEST_MSSQL_URL"]
async fn the_original_is_imported_into_the_database_that_it_lies_in() {
    let (place, database) = (Place::new(), TdsDatabase::create().await);
    fill(&database).await;
    let url = url_of(&database);
    let import = |args: &[&str]| {
        let mut command = place.chatapp();
        command.args(["import", "--json"]).args(args);
        command.env("CHATAPP_IMPORT_FROM", &url).env("CHATAPP_DATABASE_URL", &url);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        crate::platform::said(&output).1
    };
    assert_eq!(import(&["--dry-run"])["messages"], json!({ "new": 5, "there": 0 }));
    let first = import(&[]);
    assert_eq!(first["accounts"], json!({ "new": 3, "there": 0 }));
    assert_eq!(first["rooms"], json!({ "new": 3, "there": 0 }));
    assert_eq!(first["messages"], json!({ "new": 5, "there": 0 }));
    let second = import(&[]);
    for (what, there) in [("accounts", 3), ("rooms", 3), ("messages", 5)] {
        assert_eq!(second[what], json!({ "new": 0, "there": there }), "{what}");
    }

    let up = Up::on_database(&place, Some(&url));
    let token = up.login_v0("Ann", PASSWORD);
    up.login("Carl Lee", PASSWORD);
    let general = up.get("/messages/general", &token).1;
    let texts: Vec<_> =
        general.as_array().unwrap().iter().map(|message| message["content"].as_str().unwrap()).collect();
    assert_eq!(texts, ["anyone here?", "just arrived, @bob", "  hello\n  twice  "]);
    let (status, answer) = up.post("/messages/general", &token, &json!({ "content": "still here" }));
    assert_eq!((status, &answer["id"]), (200, &json!(6)), "after the room's beginning, a member and three messages");
    let ann = up.login("ann", PASSWORD);
    let (status, found) = up.get("/v1/search?q=arrived", &ann);
    assert_eq!(status, 200, "{found}");
    assert_eq!(found["items"].as_array().unwrap().len(), 1, "{found}");
    for room in up.get("/v1/unread", &ann).1["items"].as_array().unwrap() {
        assert_eq!((&room["messages"], &room["mentions"]), (&json!(0), &json!(0)));
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a server in CHATAPP_TEST_MSSQL_URL"]
async fn an_import_into_a_server_that_is_killed_goes_on_without_doubles_or_losses() {
    let (place, database) = (Place::new(), TdsDatabase::create().await);
    let original = Original::new(place.dir());
    let people = ["ann", "bob", "carl"];
    (1..).zip(people).for_each(|(id, name)| original.user(id, name));
    (1..=3).for_each(|id| original.room(id, &format!("room {id}")));
    original.many(1, 3_000, 3, &people);
    let count =
        async |sql: &'static str| -> u64 { database.db.query_apart(Sql::new(sql)).await.unwrap()[0].uint(0).unwrap() };
    let messages = "SELECT COUNT_BIG(*) FROM messages.messages";
    let mut least = 0;
    for _ in 0..2 {
        let mut import = place.import(&original.file);
        let mut import =
            import.env("CHATAPP_DATABASE_URL", url_of(&database)).stdout(std::process::Stdio::null()).spawn().unwrap();
        while import.try_wait().unwrap().is_none() && count(messages).await <= least {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        let _ = import.kill();
        import.wait().unwrap();
        least = count(messages).await;
    }
    let mut import = place.import(&original.file);
    let output = import.env("CHATAPP_DATABASE_URL", url_of(&database)).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(count(messages).await, 3_000);
    let gaps = "SELECT COUNT_BIG(*) FROM timeline.heads h WHERE h.seq <> (
                    SELECT COUNT(*) FROM timeline.entries e WHERE e.room_id = h.room_id AND e.seq BETWEEN 1 AND h.seq)
                OR h.messages <> (SELECT COUNT(*) FROM messages.messages m WHERE m.room_id = h.room_id)";
    assert_eq!(count(gaps).await, 0);
    let twice = "SELECT COUNT_BIG(*) FROM (SELECT room_id, actor_id FROM timeline.entries
                 WHERE kind IN (N'member.joined', N'room.created') GROUP BY room_id, actor_id HAVING COUNT(*) > 1) t";
    assert_eq!(count(twice).await, 0, "everybody came once into a room");
}
