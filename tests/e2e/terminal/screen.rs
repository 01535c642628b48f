//! A terminal with somebody at it.

use std::num::NonZeroU16;
use std::sync::{Arc, Mutex, MutexGuard};

use chatapp_testkit::{DEADLINE, binary, eventually, within};
use pty_process::{OwnedWritePty, Size};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Child;

use crate::home::Home;

const ROWS: u16 = 50;
const COLUMNS: u16 = 120;

/// What the terminal shows, and every byte that made it so.
struct Seen {
    screen: vt100::Parser,
    bytes: Vec<u8>,
}

/// A program in a terminal.
pub(super) struct Terminal {
    child: Child,
    keyboard: OwnedWritePty,
    seen: Arc<Mutex<Seen>>,
}

impl Terminal {
    /// Runs `chat` with these arguments.
    pub(super) fn chat(home: &Home, args: &[&str]) -> Self {
        Self::chat_on("xterm-256color", home, args)
    }

    /// Runs `chat` on a terminal of this kind.
    pub(super) fn chat_on(kind: &str, home: &Home, args: &[&str]) -> Self {
        let chat = binary("chat").to_string_lossy().into_owned();
        Self::run(kind, home, &chat, args)
    }

    /// Runs a line of shell in which `$CHAT` is the program.
    pub(super) fn shell(home: &Home, line: &str) -> Self {
        Self::run("xterm-256color", home, "sh", &["-c", line])
    }

    fn run(kind: &str, home: &Home, program: &str, args: &[&str]) -> Self {
        let (pty, pts) = pty_process::open().expect("a pseudo-terminal");
        pty.resize(Size::new(ROWS, COLUMNS)).expect("a size");
        let command = pty_process::Command::new(program).args(args).env_clear().envs(home.environment());
        let command = command.env("TERM", kind).env("CHAT", binary("chat")).kill_on_drop(true);
        let child = command.spawn(pts).expect("the program starts");
        let (mut display, keyboard) = pty.into_split();
        let size = |n| NonZeroU16::new(n).expect("not zero");
        let screen = vt100::Parser::new(size(ROWS), size(COLUMNS), 0);
        let seen = Arc::new(Mutex::new(Seen { screen, bytes: Vec::new() }));
        let shown = Arc::clone(&seen);
        tokio::spawn(async move {
            let mut buffer = [0; 4096];
            while let Ok(n @ 1..) = display.read(&mut buffer).await {
                let mut shown = shown.lock().expect("the screen");
                shown.screen.process(&buffer[..n]);
                shown.bytes.extend_from_slice(&buffer[..n]);
            }
        });
        Self { child, keyboard, seen }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().expect("the screen")
    }

    /// The text on the screen.
    pub(super) fn text(&self) -> String {
        self.seen().screen.screen().contents()
    }

    /// Every byte that was written to the terminal.
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.seen().bytes.clone()
    }

    /// How often the bell was rung, or a notification ended as it does.
    pub(super) fn bells(&self) -> usize {
        String::from_utf8_lossy(&self.bytes()).matches('\u{7}').count()
    }

    /// Whether the program draws on a screen of its own.
    pub(super) fn is_full_screen(&self) -> bool {
        self.seen().screen.screen().alternate_screen()
    }

    /// The process.
    pub(super) fn pid(&self) -> u32 {
        self.child.id().expect("the program runs")
    }

    /// The line that the cursor is in.
    pub(super) fn line(&self) -> String {
        let seen = self.seen();
        let screen = seen.screen.screen();
        let (row, _) = screen.cursor_position();
        screen.rows(0, COLUMNS).nth(usize::from(row)).unwrap_or_default()
    }

    /// Waits until the screen shows a text.
    pub(super) async fn shows(&self, text: &str) {
        self.until(&format!("the screen shows {text:?}"), |screen| screen.contains(text)).await;
    }

    /// Waits until the screen is as `is_so` wants it. When it does not come to that, panics with what is on it.
    pub(super) async fn until(&self, what: &str, is_so: impl Fn(&str) -> bool) {
        self.wait(what, || is_so(&self.text())).await;
    }

    /// Waits until it asks this, with nothing typed yet.
    pub(super) async fn asks(&self, prompt: &str) {
        self.wait(&format!("the prompt {prompt:?}"), || self.line().trim_end() == prompt).await;
    }

    async fn wait(&self, what: &str, is_so: impl Fn() -> bool) {
        let seen = eventually(what, || std::future::ready(is_so().then_some(())));
        // A little before it would give up by itself, since it does not know what is on the screen.
        let waited = tokio::time::timeout(DEADLINE.mul_f32(0.9), seen).await;
        assert!(waited.is_ok(), "waited for: {what}; the screen:\n{}", self.text());
    }

    /// Types keys.
    pub(super) async fn keys(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).await.expect("a keyboard");
    }

    /// Types a line.
    pub(super) async fn types(&mut self, line: &str) {
        self.keys(&format!("{line}\r")).await;
    }

    /// Waits for a question, and answers it.
    pub(super) async fn answers(&mut self, prompt: &str, line: &str) {
        self.asks(prompt).await;
        self.types(line).await;
    }

    /// Presses Ctrl+C.
    pub(super) async fn interrupts(&mut self) {
        self.keys("\u{3}").await;
    }

    /// Waits for the program's end, and gives its exit code.
    pub(super) async fn ends(&mut self) -> i32 {
        let status = within(DEADLINE, "the program ends", self.child.wait()).await.expect("a status");
        status.code().unwrap_or(-1)
    }
}
