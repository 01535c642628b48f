//! The program, its database, and the platform on it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

pub(crate) const DEADLINE: Duration = Duration::from_mins(1);

/// A data directory, with a place for the original's database beside it.
pub(crate) struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.dir().join("data")
    }

    pub(crate) fn chatapp(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chatapp"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CHATAPP_")) {
            command.env_remove(name);
        }
        command.env("CHATAPP_DATA_DIR", self.data()).stdin(Stdio::null());
        command
    }

    /// The command that imports from `file`, in JSON.
    pub(crate) fn import(&self, file: &Path) -> Command {
        let mut command = self.chatapp();
        command.args(["import", "--json", "--from"]).arg(file);
        command
    }

    /// Imports, and returns the troubles and the summary.
    pub(crate) fn imported(&self, file: &Path, args: &[&str]) -> (Vec<Value>, Value) {
        let output = self.import(file).args(args).output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        said(&output)
    }

    /// The database, to look into.
    pub(crate) fn database(&self) -> Connection {
        let file = self.data().join("chatapp.db");
        let conn = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        conn.busy_timeout(DEADLINE).unwrap();
        conn
    }

    /// Runs `chatapp` with `args`, which must do it.
    pub(crate) fn done(&self, args: &[&str]) {
        let output = self.chatapp().args(args).output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What an import said: the troubles one by one, and the summary.
pub(crate) fn said(output: &Output) -> (Vec<Value>, Value) {
    let mut lines: Vec<Value> = text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let summary = lines.pop().unwrap();
    (lines, summary)
}

/// The one value of a query.
pub(crate) fn one<T: rusqlite::types::FromSql>(conn: &Connection, sql: &str) -> T {
    conn.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// What must hold of every log, whatever happened on the way: numbers and ordinals without gap or double, and each
/// message where its entry says.
pub(crate) fn check_logs(conn: &Connection) {
    for (what, sql) in [
        (
            "entries are contiguous",
            "SELECT count(*) FROM timeline_heads h WHERE h.seq <> (SELECT count(*) FROM timeline_entries e
             WHERE e.room_id = h.room_id AND e.seq BETWEEN 1 AND h.seq)",
        ),
        (
            "ordinals count the messages",
            "SELECT count(*) FROM (SELECT ordinal, sum(kind = 'message.posted')
             OVER (PARTITION BY room_id ORDER BY seq) AS counted FROM timeline_entries) WHERE ordinal <> counted",
        ),
        (
            "each message has its entry",
            "SELECT (SELECT count(*) FROM timeline_entries WHERE kind = 'message.posted') -
             (SELECT count(*) FROM messages_messages m JOIN timeline_entries e ON e.room_id = m.room_id
              AND e.seq = m.seq AND e.message_id = m.message_id AND e.actor_id = m.author_id AND e.at = m.at)",
        ),
        (
            "members are counted",
            "SELECT count(*) FROM rooms_rooms r WHERE member_count <>
             (SELECT count(*) FROM rooms_members m WHERE m.room_id = r.id)",
        ),
    ] {
        assert_eq!(one::<i64>(conn, sql), 0, "{what}");
    }
}

/// A running platform; ended in order when dropped.
pub(crate) struct Up {
    child: Child,
    port: u16,
}

/// An answer: its status and its JSON.
pub(crate) type Answer = (u16, Value);

impl Up {
    pub(crate) fn on(place: &Place) -> Self {
        Self::on_database(place, None)
    }

    /// On another database than that of the data directory.
    pub(crate) fn on_database(place: &Place, url: Option<&str>) -> Self {
        let mut command = place.chatapp();
        command.envs(url.map(|url| ("CHATAPP_DATABASE_URL", url)));
        let mut child = command
            .args(["up", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url =
            lines.map_while(Result::ok).find_map(|line| line.trim().strip_prefix("listening on ").map(str::to_owned));
        let port = url.unwrap().rsplit(':').next().unwrap().parse().unwrap();
        Self { child, port }
    }

    pub(crate) fn get(&self, path: &str, token: &str) -> Answer {
        self.call("GET", path, token, "")
    }

    pub(crate) fn post(&self, path: &str, token: &str, body: &Value) -> Answer {
        self.call("POST", path, token, &body.to_string())
    }

    fn call(&self, method: &str, path: &str, token: &str, body: &str) -> Answer {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let bearer = if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{bearer}\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }

    /// Logs in by version 1 and returns the token.
    pub(crate) fn login(&self, username: &str, password: &str) -> String {
        self.token("/v1/auth/login", username, password)
    }

    /// Logs in by version 0 and returns the token.
    pub(crate) fn login_v0(&self, username: &str, password: &str) -> String {
        self.token("/users/login", username, password)
    }

    fn token(&self, path: &str, username: &str, password: &str) -> String {
        let (status, answer) = self.post(path, "", &json!({ "username": username, "password": password }));
        assert_eq!(status, 200, "{answer}");
        answer["access_token"].as_str().unwrap().to_owned()
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let begun = Instant::now();
        while self.child.try_wait().is_ok_and(|status| status.is_none()) {
            if begun.elapsed() > DEADLINE {
                let _ = self.child.kill();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
