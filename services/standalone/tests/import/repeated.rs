//! An import that is run again.

use serde_json::json;

use crate::original::{Original, PASSWORD};
use crate::platform::{Place, Up, check_logs, one};

#[test]
fn a_second_run_imports_nothing_and_a_later_one_what_is_new() {
    let place = Place::new();
    let original = Original::small(place.dir());
    let (_, first) = place.imported(&original.file, &[]);
    assert_eq!(first["accounts"], json!({ "new": 3, "there": 0 }));
    assert_eq!(first["rooms"], json!({ "new": 3, "there": 0 }));
    assert_eq!(first["messages"], json!({ "new": 5, "there": 0 }));
    let before: (i64, i64) = counts(&place);
    // Wherever the original's database lies by then.
    let moved = place.dir().join("copied.db");
    std::fs::copy(&original.file, &moved).unwrap();
    let (_, second) = place.imported(&moved, &[]);
    assert_eq!(second["accounts"], json!({ "new": 0, "there": 3 }));
    assert_eq!(second["rooms"], json!({ "new": 0, "there": 3 }));
    assert_eq!(second["messages"], json!({ "new": 0, "there": 5 }));
    assert_eq!(counts(&place), before);

    original.user(4, "dora");
    original.room(10, "attic");
    original.message(30, 10, "dora", "first in the attic", "2025-06-02 08:00:00");
    original.message(31, 4, "dora", "hello all", "2025-06-02 08:01:00");
    let (_, third) = place.imported(&original.file, &[]);
    assert_eq!(third["accounts"], json!({ "new": 1, "there": 3 }));
    assert_eq!(third["rooms"], json!({ "new": 1, "there": 3 }));
    assert_eq!(third["messages"], json!({ "new": 2, "there": 5 }));
    check_logs(&place.database());
    let sql = "SELECT count(*) FROM rooms_members m JOIN auth_users u ON u.id = m.user_id WHERE u.username = 'dora'";
    assert_eq!(one::<i64>(&place.database(), sql), 2, "she is in both rooms that she wrote in");
}

#[test]
fn what_was_changed_here_since_stays_so() {
    let place = Place::new();
    let original = Original::small(place.dir());
    place.imported(&original.file, &[]);
    let up = Up::on(&place);
    let ann = up.login("ann", PASSWORD);
    let id = |name: &str| up.get(&format!("/v1/rooms/by-name/{name}"), &ann).1["id"].as_str().unwrap().to_owned();
    assert_eq!(up.post(&format!("/v1/rooms/{}/leave", id("general")), &ann, &json!({})).0, 204);
    up.post("/messages/Die%20K%C3%BCche", &up.login_v0("Ann", PASSWORD), &json!({ "content": "written here" }));
    drop(up);
    place.done(&["users", "delete", "Carl Lee", "--yes"]);
    original.message(40, 4, "Ann", "from the old days", "2025-06-03 10:00:00");
    original.message(41, 7, "Carl Lee", "also from the old days", "2025-06-03 10:00:01");
    let (troubles, summary) = place.imported(&original.file, &[]);
    assert_eq!(summary["messages"], json!({ "new": 2, "there": 5 }));
    assert_eq!(summary["accounts"], json!({ "new": 0, "there": 3 }));
    assert!(troubles.iter().any(|trouble| trouble["trouble"] == "account_deleted"), "{troubles:?}");
    let conn = place.database();
    check_logs(&conn);
    let sql = "SELECT count(*) FROM rooms_members m JOIN auth_users u ON u.id = m.user_id
               JOIN rooms_rooms r ON r.id = m.room_id WHERE u.username = 'ann' AND r.name = 'general'";
    assert_eq!(one::<i64>(&conn, sql), 0, "who left is not brought back");
    let last = "SELECT body FROM messages_messages ORDER BY id DESC LIMIT 1";
    assert_eq!(one::<String>(&conn, last), "also from the old days");
    assert_eq!(one::<i64>(&conn, "SELECT count(*) FROM auth_users WHERE username = 'Carl Lee'"), 0);
}

fn counts(place: &Place) -> (i64, i64) {
    let conn = place.database();
    (one(&conn, "SELECT count(*) FROM timeline_entries"), one(&conn, "SELECT count(*) FROM auth_users"))
}
