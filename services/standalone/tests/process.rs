//! The program as its operator meets it: settings from every side, start, lock, port, backup of a running platform, end.
#![cfg(unix)]
#![allow(clippy::unwrap_used, missing_docs)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const DEADLINE: Duration = Duration::from_secs(20);

fn chatapp(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chatapp"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CHATAPP_")) {
        command.env_remove(name);
    }
    command.env("CHATAPP_DATA_DIR", data).stdin(Stdio::null());
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn run(data: &Path, args: &[&str]) -> Output {
    chatapp(data).args(args).output().unwrap()
}

/// A running `chatapp up`; killed when dropped.
struct Up {
    child: Child,
    port: u16,
    data: PathBuf,
    /// Removed after the process has ended.
    dir: Option<tempfile::TempDir>,
}

impl Up {
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut up = Self::start_on(&dir.path().join("data"));
        up.dir = Some(dir);
        up
    }

    fn start_on(data: &Path) -> Self {
        let mut child = chatapp(data)
            .args(["up", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url =
            lines.map_while(Result::ok).find_map(|line| line.trim().strip_prefix("listening on ").map(str::to_owned));
        let port = url.unwrap().rsplit(':').next().unwrap().parse().unwrap();
        Self { child, port, data: data.to_owned(), dir: None }
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn terminate(mut self) -> Option<i32> {
        assert!(Command::new("kill").arg(self.child.id().to_string()).status().unwrap().success());
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(begun.elapsed() < DEADLINE, "still running after SIGTERM");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What `doctor` says of the port tells which address is in force.
fn listens_on(command: &mut Command, port: u16) -> bool {
    let output = command.arg("doctor").arg("--json").output().unwrap();
    text(&output.stdout).contains(&format!("127.0.0.1:{port} is"))
}

#[test]
fn a_flag_counts_before_the_environment_and_that_before_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("chatapp.toml");
    std::fs::write(&config, "listen = \"127.0.0.1:40011\"\nauth_url = \"http://127.0.0.1:1\"\n").unwrap();
    let new = || {
        let mut command = chatapp(dir.path());
        command.env("CHATAPP_CONFIG", &config);
        command
    };
    assert!(listens_on(&mut new(), 40011));
    assert!(listens_on(new().env("CHATAPP_LISTEN", "127.0.0.1:40012"), 40012));
    let mut both = new();
    both.env("CHATAPP_LISTEN", "127.0.0.1:40012").args(["doctor", "--json", "--listen", "127.0.0.1:40013"]);
    assert!(text(&both.output().unwrap().stdout).contains("127.0.0.1:40013 is"));
    assert!(listens_on(new().env("CHATAPP_LISTEN", ""), 40011), "an empty variable is one that is not set");
    assert!(listens_on(&mut chatapp(dir.path()), 8000));
}

#[test]
fn a_settings_file_with_a_wrong_key_or_value_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("chatapp.toml");
    for (content, part) in [("lisen = \"127.0.0.1:1\"", "lisen"), ("listen = \"nowhere\"", "nowhere")] {
        std::fs::write(&config, content).unwrap();
        let output = run(dir.path(), &["up", "--config", config.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(2));
        let error = text(&output.stderr);
        assert!(error.contains("chatapp.toml") && error.contains(part), "{error}");
    }
}

#[test]
fn a_bus_that_does_not_exist_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let output = chatapp(dir.path()).arg("up").env("CHATAPP_BUS_URL", "pigeons").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = text(&output.stderr);
    assert!(error.contains("--bus-url") && error.contains("pigeons") && error.contains("local"), "{error}");
}

#[test]
fn commands_on_a_platform_that_does_not_exist_make_none() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("mistyped");
    for args in [&["users", "list"][..], &["keys", "rotate"], &["backup", "x"]] {
        let output = run(&data, args);
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stderr).contains("there is no database"), "{}", text(&output.stderr));
    }
    assert!(!data.exists());
}

#[test]
fn a_platform_starts_from_nothing_answers_and_ends_in_order() {
    let up = Up::start();
    let answer = up.get("/.well-known/jwks.json");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let data = up.data.clone();
    assert_eq!(run(&data, &["doctor", "--listen", &format!("127.0.0.1:{}", up.port)]).status.code(), Some(0));
    let doctor = run(&data, &["doctor", "--json", "--listen", &format!("127.0.0.1:{}", up.port)]);
    assert!(text(&doctor.stdout).contains("ChatApp answers"), "{}", text(&doctor.stdout));
    assert_eq!(up.terminate(), Some(0));
}

#[test]
fn a_second_platform_on_the_same_data_is_refused_and_says_why() {
    let up = Up::start();
    let output = run(&up.data, &["up", "--listen", "127.0.0.1:0"]);
    assert_eq!(output.status.code(), Some(1));
    let error = text(&output.stderr);
    assert!(error.contains(&format!("process {}", up.child.id())) && error.contains("stop it first"), "{error}");
    let restore = run(&up.data, &["restore", up.data.join("chatapp.db").to_str().unwrap()]);
    assert!(text(&restore.stderr).contains("must not run meanwhile"), "{}", text(&restore.stderr));
}

#[test]
fn a_port_in_use_is_named_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let output = run(&dir.path().join("data"), &["up", "--listen", &address.to_string()]);
    assert_eq!(output.status.code(), Some(1));
    let error = text(&output.stderr);
    assert!(error.contains(&format!("port {} is in use", address.port())) && error.contains("--listen"), "{error}");
}

#[test]
fn a_running_platform_is_backed_up_and_its_backup_starts_elsewhere() {
    let up = Up::start();
    let made = run(&up.data, &["users", "create", "ann", "--generate-password"]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    let file = up.data.join("backup");
    let output = run(&up.data, &["backup", file.to_str().unwrap(), "--json"]);
    assert!(output.status.success(), "{}", text(&output.stderr));

    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let output = run(&data, &["restore", file.to_str().unwrap()]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let elsewhere = Up::start_on(&data);
    assert_eq!(key_ids(&elsewhere), key_ids(&up), "the signing keys came along, and could be opened");
    assert!(text(&run(&data, &["users", "list"]).stdout).contains("ann"));
}

#[test]
fn an_account_is_not_deleted_unless_that_is_confirmed() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path();
    assert!(run(data, &["migrate"]).status.success());
    assert!(run(data, &["users", "create", "ann", "--generate-password"]).status.success());
    let output = run(data, &["users", "delete", "ann"]);
    assert_eq!(output.status.code(), Some(2));
    let error = text(&output.stderr);
    assert!(error.contains("--yes") && error.contains("nothing was deleted"), "{error}");
    assert!(text(&run(data, &["users", "list"]).stdout).contains("ann"));

    let output = run(data, &["users", "delete", "ann", "--yes"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(!text(&run(data, &["users", "list"]).stdout).contains("ann"));
}

fn key_ids(up: &Up) -> String {
    up.get("/.well-known/jwks.json").rsplit("\r\n\r\n").next().unwrap().to_owned()
}
