//! What is odd is told, and nothing of it is lost in silence.

use std::collections::BTreeMap;

use rusqlite::types::Null;
use serde_json::{Value, json};

use crate::original::{Original, PASSWORD};
use crate::platform::{Place, Up, check_logs, one, text};

fn odd(place: &Place) -> Original {
    let original = Original::new(place.dir());
    for (id, name) in [(1, "ann"), (2, "Ann"), (3, "x"), (4, "раураӏ"), (5, "paypal"), (6, "me"), (7, "")] {
        original.user(id, name);
    }
    original.user_with(8, "plain", "letmein");
    for (id, name) in [(1, "den"), (2, "DEN"), (3, "a\tb"), (4, " ")] {
        original.room(id, name);
    }
    let at = "2025-06-01 12:00:00";
    original.message(1, 1, "ann", "hello", at);
    original.message(2, 1, "ann", "   ", at);
    original.message(3, 1, "ann", &"long ".repeat(2_000), at);
    original.message(4, 77, "ann", "where am I?", at);
    original.message(5, 1, "mallory", "forged", at);
    original.message(6, 1, "ANN", "me again", Null);
    original.message(7, 1, "ann", "no time", "half past nine");
    original.message(8, 1, "ann", "from the future", "2999-01-01 00:00:00");
    original.message(9, 1, "ann", "late", "2025-05-01 00:00:00");
    original.message(10, 1, "ann", "a\0b", "2025-07-01 00:00:00");
    original
}

fn kinds(troubles: &[Value]) -> BTreeMap<String, Vec<i64>> {
    let mut kinds: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for trouble in troubles {
        let kind = trouble["trouble"].as_str().unwrap().to_owned();
        kinds.entry(kind).or_default().push(trouble["id"].as_i64().unwrap_or_default());
    }
    kinds
}

#[test]
fn a_dry_run_tells_all_that_is_odd_and_writes_nothing() {
    let place = Place::new();
    let original = odd(&place);
    let (troubles, summary) = place.imported(&original.file, &["--dry-run"]);
    let expected: BTreeMap<String, Vec<i64>> = [
        ("username_changed", vec![2, 6, 7]),
        ("username_kept", vec![3]),
        ("username_alike", vec![5]),
        ("password_unusable", vec![8]),
        ("author_without_account", vec![0]),
        ("room_name_changed", vec![2, 4]),
        ("room_name_kept", vec![3]),
        ("message_empty", vec![2]),
        ("message_divided", vec![3]),
        ("message_nul", vec![10]),
        ("message_without_room", vec![4]),
        ("time_unreadable", vec![6, 7]),
        ("time_in_future", vec![8]),
        ("time_backwards", vec![9]),
    ]
    .into_iter()
    .map(|(kind, ids)| (kind.to_owned(), ids))
    .collect();
    assert_eq!(kinds(&troubles), expected);
    assert_eq!(summary["dry_run"], true);
    assert_eq!((&summary["messages"]["new"], &summary["messages_left_out"]), (&json!(10), &json!(2)));
    assert!(!place.data().exists(), "a dry run makes nothing");

    let (told, done) = place.imported(&original.file, &[]);
    assert_eq!(told, troubles, "the import says the same");
    for what in ["accounts", "rooms", "messages", "messages_left_out", "troubles"] {
        assert_eq!(done[what], summary[what]);
    }
}

#[test]
fn what_is_odd_is_imported_by_the_rules_that_are_told() {
    let place = Place::new();
    let original = odd(&place);
    let output = place.chatapp().args(["import", "--from"]).arg(&original.file).output().unwrap();
    let shown = text(&output.stdout);
    for part in [
        "Ann → ann-2",
        "me → me-2",
        "→ user-7",
        "DEN → DEN (2)",
        "mallory",
        "10 messages imported",
        "2 messages not imported",
    ] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    let conn = place.database();
    check_logs(&conn);
    let long: String = one(
        &conn,
        "SELECT group_concat(body, '') FROM (SELECT * FROM messages_messages WHERE body LIKE 'long%' ORDER BY seq)",
    );
    assert_eq!(long, "long ".repeat(2_000));
    let by = |body: &str| -> String {
        one(
            &conn,
            &format!(
                "SELECT u.username FROM messages_messages m JOIN auth_users u ON u.id = m.author_id WHERE m.body = '{body}'"
            ),
        )
    };
    assert_eq!(by("me again"), "ann", "the original's database did not tell cases apart");
    assert_eq!(by("forged"), "mallory");
    let time = |body: &str| -> i64 { one(&conn, &format!("SELECT at FROM messages_messages WHERE body = '{body}'")) };
    assert_eq!((time("me again"), time("no time")), (1_748_779_200_000, 1_748_779_200_000));
    assert!(time("from the future") > 1_748_779_200_000);
    assert_eq!(time("late"), 1_746_057_600_000);
    drop(conn);

    let up = Up::on(&place);
    let login = |name: &str| up.post("/users/login", "", &json!({ "username": name, "password": PASSWORD })).0;
    assert_eq!([login("ann-2"), login("x"), login("me-2"), login("user-7"), login("раураӏ")], [200; 5]);
    assert_eq!(
        [login("mallory"), login("plain")],
        [401; 2],
        "nobody can be these until an operator gives them a password"
    );
    assert_eq!(
        up.post("/users/register", "", &json!({ "username": "mallory", "password": "tea-at-four-oclock" })).0,
        400
    );
}
