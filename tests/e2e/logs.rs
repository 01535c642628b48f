//! What a run writes down: enough to understand it, no secret, and no line that a user wrote.

use std::path::Path;

use chatapp_testkit::{Collector, PASSWORD, Platform, Setup, Socket, User, unique_name};
use reqwest::Method;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::wire;

/// Everything that a run wrote for people to read: its outputs, and every file of its folders that holds no data.
fn everything_written(platform: &Platform, logs: &Path) -> String {
    let mut all = platform.output();
    for folder in [platform.data_dir().as_path(), logs] {
        collect(folder, &mut all);
    }
    all
}

fn collect(folder: &Path, all: &mut String) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.is_dir() {
            collect(&path, all);
        } else if !name.starts_with("chatapp.db") && name != "secret.key" {
            *all += &String::from_utf8_lossy(&std::fs::read(&path).unwrap_or_default());
        }
    }
}

/// Collects the secrets of a run as it goes.
#[derive(Default)]
struct Secrets(Vec<(&'static str, String)>);

impl Secrets {
    fn add(&mut self, what: &'static str, value: &Value) -> String {
        let text = value.as_str().unwrap_or_else(|| panic!("{what} is no text: {value}")).to_owned();
        assert!(text.len() >= 8, "{what} is too short to be looked for");
        self.0.push((what, text.clone()));
        text
    }

    fn add_session(&mut self, session: &Value) {
        self.add("an access token", &session["access_token"]);
        self.add("a refresh token", &session["refresh_token"]);
    }

    /// Those that are in a text, also as they would be in a URL or as the signature alone.
    fn found_in(&self, text: &str) -> Vec<&str> {
        let signature = |value: &str| value.rsplit_once('.').map_or(String::new(), |(_, last)| last.to_owned());
        let leaked = |value: &str| text.contains(value) || (value.contains('.') && text.contains(&signature(value)));
        self.0.iter().filter(|(_, value)| leaked(value)).map(|(what, _)| *what).collect()
    }
}

/// Accounts: every call that carries a password or a token, in its good and its bad form.
async fn use_accounts(platform: &Platform, secrets: &mut Secrets) -> User {
    let nobody = User::anonymous(platform);
    let name = unique_name("ann");
    let credentials = |password: &str| json!({"username": name, "password": password});
    secrets.add("a password", &json!(PASSWORD));
    secrets.add_session(&nobody.post("/v1/auth/register", &credentials(PASSWORD)).await.expect(201));
    let wrong = secrets.add("a wrong password", &json!("a-wrong-password-of-mine"));
    nobody.post("/v1/auth/login", &credentials(&wrong)).await.expect(401);
    nobody.post("/v1/auth/register", &credentials(&wrong)).await.expect(409);
    let weak = secrets.add("a refused password", &json!("qwertyuiop"));
    nobody.post("/v1/auth/register", &json!({"username": unique_name("x"), "password": weak})).await.expect(422);
    let session = nobody.post("/v1/auth/login", &credentials(PASSWORD)).await.expect(200);
    secrets.add_session(&session);
    let refreshed =
        nobody.post("/v1/auth/refresh", &json!({"refresh_token": session["refresh_token"]})).await.expect(200);
    secrets.add_session(&refreshed);
    let bogus = secrets.add("a refresh token that is none", &json!("not-a-refresh-token-at-all"));
    nobody.post("/v1/auth/refresh", &json!({"refresh_token": bogus})).await.expect(401);
    let changed = secrets.add("a new password", &json!("a-new-password-of-mine-4"));
    let ann = nobody.with_session(&refreshed);
    let change = json!({"current_password": PASSWORD, "new_password": changed});
    assert!(ann.put("/v1/auth/password", &change).await.status.is_success());
    let session = nobody.post("/v1/auth/login", &credentials(&changed)).await.expect(200);
    secrets.add_session(&session);
    nobody.with_session(&session)
}

/// Rooms and scripts: codes and long-lived tokens.
async fn use_codes_and_tokens(ann: &User, bob: &User, secrets: &mut Secrets) -> String {
    let den = ann.post("/v1/rooms", &json!({"name": unique_name("den"), "visibility": "private"})).await.expect(201);
    let room = den["id"].as_str().unwrap();
    let first = secrets.add("a room's code", &den["secret_code"]);
    bob.post("/v1/join", &json!({"secret_code": first})).await.expect(200);
    let rotated = ann.post(&format!("/v1/rooms/{room}/secret_code"), &json!({})).await.expect(200);
    secrets.add("a rotated code", &rotated["secret_code"]);
    let chosen = secrets.add("a chosen code", &json!("a-code-of-my-own-choice"));
    ann.post(&format!("/v1/rooms/{room}/secret_code"), &json!({"secret_code": chosen})).await.expect(200);
    let guess = secrets.add("a guessed code", &json!("a-guess-at-the-code"));
    bob.post("/v1/join", &json!({"secret_code": guess})).await.expect(404);
    let made = ann.post("/v1/users/me/tokens", &json!({"name": "ci", "scopes": ["read"]})).await.expect(201);
    let script = secrets.add("a script's token", &made["token"]);
    ann.with_token(&script).get("/v1/rooms").await.expect(200);
    let unknown = secrets.add("a script's token that is none", &json!("cat_bm90IGEgdG9rZW4gYXQgYWxs"));
    ann.with_token(&unknown).get("/v1/rooms").await.expect(401);
    room.to_owned()
}

/// The places where a token is put by mistake, or by version 0 on purpose.
async fn misplace_tokens(platform: &Platform, ann: &User, secrets: &mut Secrets) {
    let nobody = User::anonymous(platform);
    nobody.get(&format!("/v1/users/me?access_token={}", ann.token)).await;
    nobody.get(&format!("/v1/users/{}", ann.token)).await;
    nobody.get(&format!("/nowhere/{}", ann.token)).await;
    nobody.send(nobody.request(Method::GET, "/v1/rooms").header("authorization", format!("Basic {}", ann.token))).await;
    let _ = Socket::open(&platform.ws_url(&format!("/v1/ws?access_token={}", ann.token)), None).await;
    let _ = Socket::open(&platform.ws_url(&format!("/ws/nowhere?token={}", ann.token)), None).await;
    let raw = format!("GET /v1/users/me HTTP/1.1\r\nAuthorization: Bearer {}\r\n broken\r\n\r\n", ann.token);
    wire::exchange(platform, raw.as_bytes()).await;
    let old = json!({"username": unique_name("old"), "password": PASSWORD});
    let session = nobody.post("/users/register", &old).await.expect(200);
    secrets.add("a token of version 0", &session["access_token"]);
}

async fn use_sockets(platform: &Platform, ann: &User, room: &str) {
    let mut socket = Socket::open(&platform.ws_url("/v1/ws"), None).await.unwrap();
    socket.send(&json!({"op": "auth", "access_token": ann.token})).await;
    socket.expect("ready").await;
    socket.subscribe(room, None).await;
    socket.post(room, uuid::Uuid::now_v7(), "hello").await;
    socket.expect("ack").await;
    // A frame that cannot be read, with a token in it.
    socket.send_raw(Message::text(format!("{{\"op\":\"auth\",\"access_token\":\"{}\"", ann.token))).await;
    socket.expect("error").await;
    socket.send(&json!({"op": "auth", "access_token": ann.refresh_token})).await;
    socket.expect("error").await;
}

#[tokio::test]
async fn no_secret_of_a_whole_run_is_in_its_logs() {
    let logs = tempfile::tempdir().unwrap();
    let collector = Collector::start().await;
    let setup = Setup::default()
        .arg("--ops-listen")
        .arg("127.0.0.1:0")
        .env("CHATAPP_LOG", "debug")
        .env("CHATAPP_LOG_DIR", logs.path().to_str().unwrap())
        .env("CHATAPP_OTLP_ENDPOINT", &collector.endpoint())
        .env("CHATAPP_SENTRY_DSN", &collector.dsn());
    let mut platform = setup.start().await;
    let mut secrets = Secrets::default();
    let ann = use_accounts(&platform, &mut secrets).await;
    let bob = User::register(&platform, "bob").await;
    let room = use_codes_and_tokens(&ann, &bob, &mut secrets).await;
    use_sockets(&platform, &ann, &room).await;
    misplace_tokens(&platform, &ann, &mut secrets).await;
    assert!(platform.operate(&["keys", "rotate"]).status.success());
    assert!(ann.post("/v1/auth/logout", &json!({})).await.status.is_success());
    let errors = make_and_list_errors(&platform, &bob, &room).await;
    let key = std::fs::read_to_string(platform.data_dir().join("secret.key")).unwrap();
    secrets.add("the master secret", &json!(key.trim()));
    assert_eq!(platform.terminate().await, 0);
    let written = everything_written(&platform, logs.path());
    assert!(written.len() > 10_000, "the run was logged: {} bytes", written.len());
    assert!(std::fs::read_dir(logs.path()).unwrap().count() > 0, "it was logged to files too");
    assert_eq!(secrets.found_in(&written), [] as [&str; 0]);
    let (spans, envelopes) = (collector.spans(), collector.envelopes());
    assert!(spans.len() > 100 && !envelopes.is_empty(), "{} spans, {} errors", spans.len(), envelopes.len());
    let elsewhere = format!("{spans:?}{envelopes:?}{errors}");
    assert_eq!(secrets.found_in(&elsewhere), [] as [&str; 0]);
    for text in ["hello", "a text that is not stored"] {
        assert!(!elsewhere.contains(text), "a message's text left the platform");
    }
}

/// Breaks the database under a running platform, and reads what it says of that at its operations port.
async fn make_and_list_errors(platform: &Platform, user: &User, room: &str) -> String {
    let database = rusqlite::Connection::open(platform.data_dir().join("chatapp.db")).unwrap();
    database.execute_batch("ALTER TABLE messages_messages RENAME TO messages_gone").unwrap();
    let message = json!({"body": "a text that is not stored"});
    let path = format!("/v1/rooms/{room}/messages");
    let key = uuid::Uuid::now_v7().to_string();
    let posted = user.send(user.request(Method::POST, &path).header("idempotency-key", key).json(&message)).await;
    assert_eq!(posted.status, 500, "{}", posted.text);
    let errors = reqwest::get(format!("http://127.0.0.1:{}/errors", platform.operations_port())).await.unwrap();
    let errors: Value = errors.json().await.unwrap();
    let told = errors.as_array().unwrap().iter().find(|kind| kind["level"] == "ERROR").expect("it is listed");
    assert_eq!(told["request_id"], posted.headers["x-request-id"].to_str().unwrap(), "{errors}");
    assert_eq!(told["trace_id"].as_str().map(str::len), Some(32), "{errors}");
    errors.to_string()
}

#[tokio::test]
async fn nobody_writes_a_line_of_the_log_but_the_server() {
    let logs = tempfile::tempdir().unwrap();
    let setup = Setup::default()
        .env("CHATAPP_LOG", "debug")
        .env("CHATAPP_LOG_FORMAT", "text")
        .env("CHATAPP_LOG_DIR", logs.path().to_str().unwrap());
    let platform = setup.start().await;
    let ann = User::register(&platform, "ann").await;
    let nobody = User::anonymous(&platform);
    let forged =
        "x\r\n2026-11-22T18:00:00Z ERROR forged: the server is down\u{1b}[2J\u{1b}]0;forged\u{7}\u{85}\u{2028}y";
    for body in [json!({"username": forged, "password": PASSWORD}), json!({"username": "bob", "password": forged})] {
        nobody.post("/v1/auth/login", &body).await;
        nobody.post("/v1/auth/register", &body).await;
        nobody.post("/users/login", &body).await;
    }
    ann.post("/v1/rooms", &json!({"name": forged, "visibility": "public"})).await;
    ann.post("/v1/users/me/tokens", &json!({"name": forged})).await;
    let room = ann.public_room("lab").await;
    ann.say(&room, forged).await;
    let encoded = "x%0D%0AERROR%20forged%1B%5B2J";
    for path in [
        format!("/v1/users/{encoded}"),
        format!("/{encoded}"),
        format!("/v1/search?q={encoded}"),
        format!("/chatrooms/{encoded}"),
    ] {
        ann.get(&path).await;
    }
    for (name, value) in [("User-Agent", "forged\u{1b}[2J"), ("X-Request-Id", "forged id"), ("Host", "forged\u{1b}[2J")]
    {
        let head = format!("GET /v1/users/me HTTP/1.1\r\nHost: x\r\n{name}: {value}\r\nConnection: close\r\n\r\n");
        wire::exchange(&platform, head.as_bytes()).await;
    }
    let agent = ann.request(Method::GET, "/v1/users/me").header("user-agent", "tab\there \u{e9}");
    ann.send(agent).await;
    let written = everything_written(&platform, logs.path());
    let control =
        written.chars().find(|c| (c.is_control() && !matches!(c, '\n' | '\t')) || matches!(c, '\u{85}' | '\u{2028}'));
    assert_eq!(control, None, "a control character reached the log");
    let forged_line = written
        .lines()
        .find(|line| line.starts_with("2026-11-22T18:00:00Z ERROR forged") || line.starts_with("ERROR forged"));
    assert_eq!(forged_line, None);
}
