//! An import that is killed, again and again.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use crate::original::Original;
use crate::platform::{DEADLINE, Place, check_logs, one, said};

const MESSAGES: i64 = 12_000;
const ROOMS: i64 = 7;

/// Kills the import once the database has more of `table` than `least`. `None` when it ended before that.
fn kill_after(place: &Place, mut import: Child, table: &str, least: i64) -> Option<i64> {
    let begun = Instant::now();
    loop {
        if import.try_wait().unwrap().is_some() {
            return None;
        }
        let there = rows(place, table);
        if there > least {
            // SIGKILL: it can do nothing about it.
            import.kill().unwrap();
            import.wait().unwrap();
            return Some(rows(place, table));
        }
        assert!(begun.elapsed() < DEADLINE, "no progress");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// How many rows; none where there is no database yet.
fn rows(place: &Place, table: &str) -> i64 {
    let file = place.data().join("chatapp.db");
    let Ok(conn) = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY) else { return 0 };
    conn.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap_or_default()
}

#[test]
fn an_import_that_is_killed_at_any_moment_goes_on_without_doubles_or_losses() {
    let place = Place::new();
    let original = Original::new(place.dir());
    let people = ["ann", "bob", "carl", "dora", "a forged name"];
    (1..).zip(&people[..4]).for_each(|(id, name)| original.user_with(id, name, "$2b$04$"));
    (1..=ROOMS).for_each(|id| original.room(id, &format!("room {id}")));
    original.many(1, MESSAGES, ROOMS, &people);
    let start = || place.import(&original.file).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();

    let mut kills = 0;
    for table in ["auth_users", "rooms_rooms"] {
        kills += u32::from(kill_after(&place, start(), table, 0).is_some());
    }
    let mut there = 0;
    while let Some(now) = kill_after(&place, start(), "messages_messages", there) {
        assert!(now > there);
        kills += 1;
        // Some of the way by strides, so that the test ends.
        there = now + MESSAGES / 8;
    }
    assert!(kills >= 4, "the import was killed {kills} times only");

    let output = place.import(&original.file).output().unwrap();
    let (_, summary) = said(&output);
    assert_eq!(summary["messages"]["new"], 0, "the run that was not killed has done all: {summary}");
    let conn = place.database();
    check_logs(&conn);
    assert_eq!(one::<i64>(&conn, "SELECT count(*) FROM messages_messages"), MESSAGES);
    assert_eq!(one::<i64>(&conn, "SELECT count(*) FROM auth_users"), 5);
    let joined = "SELECT count(*) FROM timeline_entries WHERE kind = 'member.joined'";
    assert_eq!(one::<i64>(&conn, joined), ROOMS * 4, "everybody came once into each room but its owner's");
    assert_eq!(one::<i64>(&conn, "SELECT count(*) FROM messages_read_markers"), ROOMS * 5);
    let unordered = "SELECT count(*) FROM (SELECT CAST(substr(body, 9) AS INTEGER) AS number,
                     lag(CAST(substr(body, 9) AS INTEGER)) OVER (PARTITION BY room_id ORDER BY seq) AS before
                     FROM messages_messages) WHERE number <= before";
    assert_eq!(one::<i64>(&conn, unordered), 0, "each room has them in the original's order");
}
