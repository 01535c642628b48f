//! A person's machine: a home folder, and the `chat` that is run from it.

use std::path::PathBuf;
use std::process::{Output, Stdio};

use chatapp_testkit::{DEADLINE, PASSWORD, Platform, binary, unique_name, within};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

/// A home folder of somebody who has an account, or will have one.
pub(crate) struct Home {
    dir: TempDir,
    /// Where `chat` is told to look for the gateway; on a first run it is told nothing.
    url: Option<String>,
    pub(crate) name: String,
}

impl Home {
    /// An empty home of somebody whose name begins with `stem`; `CHAT_URL` is the platform.
    pub(crate) fn new(platform: &Platform, stem: &str) -> Self {
        Self { url: Some(platform.url()), ..Self::of_a_newcomer(stem) }
    }

    /// An empty home in which nothing says where the gateway is.
    pub(crate) fn of_a_newcomer(stem: &str) -> Self {
        Self { dir: tempfile::tempdir().expect("a home"), url: None, name: unique_name(stem) }
    }

    /// The home of somebody who has just registered.
    pub(crate) async fn registered(platform: &Platform, stem: &str) -> Self {
        let home = Self::new(platform, stem);
        home.run_with(&["register", &home.name, "--password-stdin"], &format!("{PASSWORD}\n")).await.expect_code(0);
        home
    }

    /// The folder of the client's files.
    pub(crate) fn files(&self) -> PathBuf {
        self.dir.path().join("chat")
    }

    /// The environment of every process that is run here, and nothing else.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let path = |path: PathBuf| path.to_string_lossy().into_owned();
        let mut all = vec![
            ("PATH", std::env::var("PATH").unwrap_or_default()),
            ("HOME", path(self.dir.path().to_owned())),
            ("CHAT_CONFIG_DIR", path(self.files())),
            ("LANG", "C.UTF-8".to_owned()),
            ("TZ", "UTC".to_owned()),
        ];
        all.extend(self.url.clone().map(|url| ("CHAT_URL", url)));
        all
    }

    /// `chat` with these arguments, not yet run; its input is empty.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(binary("chat"));
        command.args(args).env_clear().envs(self.environment()).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs `chat` to its end.
    pub(crate) async fn run(&self, args: &[&str]) -> Run {
        let ended = within(DEADLINE, &format!("chat {args:?}"), self.command(args).output()).await;
        Run::new(args, ended.expect("chat runs"))
    }

    /// Runs `chat` to its end with something on its standard input.
    pub(crate) async fn run_with(&self, args: &[&str], input: &str) -> Run {
        let mut child = self.command(args).stdin(Stdio::piped()).spawn().expect("chat starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        // A program that ends before it has read everything is no failure of the test.
        let _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
        let ended = within(DEADLINE, &format!("chat {args:?}"), child.wait_with_output()).await;
        Run::new(args, ended.expect("chat runs"))
    }

    /// Runs `chat … --json`, which must succeed, and gives its lines.
    pub(crate) async fn json(&self, args: &[&str]) -> Vec<Value> {
        let args = [args, &["--json"]].concat();
        self.run(&args).await.expect_code(0).json_lines()
    }
}

/// How a run of `chat` ended.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    what: String,
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    fn new(args: &[&str], output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        Self { what: format!("chat {}", args.join(" ")), code: output.status.code(), stdout, stderr }
    }

    /// Asserts the exit code; a failure also says on standard error why.
    #[track_caller]
    pub(crate) fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}\n{}{}", self.what, self.stdout, self.stderr);
        assert!(code == 0 || !self.stderr.is_empty(), "{} failed without a word", self.what);
        self
    }

    /// Every line of standard output as JSON.
    #[track_caller]
    pub(crate) fn json_lines(&self) -> Vec<Value> {
        let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|e| panic!("{}: {e}: {line}", self.what));
        self.stdout.lines().map(parse).collect()
    }
}
