//! A database as the original left it.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, ToSql, params};

/// The passwords of the users of [`Original::small`]: short and common, as they were allowed to be.
pub(crate) const PASSWORD: &str = "123456";

/// A made-up database of the original, as a SQLite copy.
pub(crate) struct Original {
    pub(crate) file: PathBuf,
    conn: Connection,
}

impl Original {
    /// An empty one, in `dir`.
    pub(crate) fn new(dir: &Path) -> Self {
        let file = dir.join("original.db");
        let conn = Connection::open(&file).unwrap();
        conn.execute_batch(
            "PRAGMA foreign_keys = OFF;
             CREATE TABLE users (id INTEGER PRIMARY KEY, username VARCHAR(50), hashed_password VARCHAR(255));
             CREATE TABLE chat_rooms (id INTEGER PRIMARY KEY, name VARCHAR(100));
             CREATE TABLE messages (id INTEGER PRIMARY KEY, content TEXT, username VARCHAR(50), timestamp DATETIME,
                                    chat_room_id INTEGER REFERENCES chat_rooms (id));",
        )
        .unwrap();
        Self { file, conn }
    }

    /// The rooms of [`small`](Self::small), with their numbers.
    pub(crate) const SMALL_ROOMS: [(i64, &str); 3] = [(4, "general"), (7, "Die Küche"), (9, "nobody wrote here")];

    /// The messages of [`small`](Self::small): number, room, author, text, time.
    pub(crate) fn small_messages() -> impl Iterator<Item = (i64, i64, &'static str, &'static str, String)> {
        [
            (11, 4, "bob", "anyone here?"),
            (12, 7, "Ann", "soup 🍲 is ready"),
            (15, 4, "Ann", "just arrived, @bob"),
            (16, 4, "bob", "  hello\n  twice  "),
            (20, 7, "Carl Lee", "on my way"),
        ]
        .into_iter()
        .map(|(id, room, name, text)| (id, room, name, text, format!("2025-06-01 12:34:{id}.250")))
    }

    /// Three people, two rooms they talk in and one that is empty.
    pub(crate) fn small(dir: &Path) -> Self {
        let original = Self::new(dir);
        for (id, name) in [(1, "Ann"), (2, "bob"), (3, "Carl Lee")] {
            original.user(id, name);
        }
        for (id, name) in Self::SMALL_ROOMS {
            original.room(id, name);
        }
        for (id, room, name, text, at) in Self::small_messages() {
            original.message(id, room, name, text, at);
        }
        original
    }

    /// A user with [`PASSWORD`].
    pub(crate) fn user(&self, id: i64, name: &str) {
        self.user_with(id, name, &bcrypt::hash(PASSWORD, 4).unwrap());
    }

    pub(crate) fn user_with(&self, id: i64, name: &str, hash: &str) {
        self.conn.execute("INSERT INTO users VALUES (?1, ?2, ?3)", params![id, name, hash]).unwrap();
    }

    pub(crate) fn room(&self, id: i64, name: &str) {
        self.conn.execute("INSERT INTO chat_rooms VALUES (?1, ?2)", params![id, name]).unwrap();
    }

    pub(crate) fn message(&self, id: i64, room: i64, name: &str, text: &str, at: impl ToSql) {
        let sql = "INSERT INTO messages VALUES (?1, ?2, ?3, ?4, ?5)";
        self.conn.execute(sql, params![id, text, name, at, room]).unwrap();
    }

    /// So many messages with the numbers from `first` on, by turns in each of the rooms and by each of the people.
    pub(crate) fn many(&self, first: i64, count: i64, rooms: i64, people: &[&str]) {
        self.conn.execute_batch("BEGIN").unwrap();
        for id in first..first + count {
            let name = people[usize::try_from(id).unwrap() % people.len()];
            let at = format!("2025-06-{:02} {:02}:{:02}:00", id / 1_440 % 28 + 1, id / 60 % 24, id % 60);
            self.message(id, id % rooms + 1, name, &format!("message {id}"), at);
        }
        self.conn.execute_batch("COMMIT").unwrap();
    }
}
