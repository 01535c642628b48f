//! Lines as they come: from a pipe, a file, or a terminal that cannot be drawn upon.

use std::io::{self, BufRead as _, IsTerminal as _};

use tokio::sync::mpsc;

use super::ends::Ends;
use super::{Input, Style};

/// Where prompts go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prompts {
    Stdout,
    Stderr,
    Nowhere,
}

/// Reads standard input in a thread of its own, which ends with the process.
pub(crate) struct Pipe {
    lines: mpsc::Receiver<io::Result<String>>,
    ends: Option<Ends>,
    prompts: Prompts,
    is_typed: bool,
    /// While a secret is typed.
    hidden: Option<NoEcho>,
}

impl Pipe {
    pub(super) fn open(prompts: Prompts) -> Self {
        let (sender, lines) = mpsc::channel(16);
        std::thread::spawn(move || {
            let mut stdin = io::stdin().lock();
            loop {
                let mut line = String::new();
                let read = stdin.read_line(&mut line);
                let is_last = !matches!(read, Ok(n) if n > 0);
                if is_last && read.is_ok() {
                    return;
                }
                if sender.blocking_send(read.map(|_| line)).is_err() || is_last {
                    return;
                }
            }
        });
        Self { lines, ends: Ends::new().ok(), prompts, is_typed: io::stdin().is_terminal(), hidden: None }
    }

    pub(super) const fn is_typed(&self) -> bool {
        self.is_typed
    }

    pub(super) fn print(text: &str) -> io::Result<()> {
        write_flushed(io::stdout().lock(), &format!("{text}\n"))
    }

    /// A person sees the prompt before the input; a script gets it as a line.
    pub(super) fn prompt(&mut self, prompt: &str, style: Style) -> io::Result<()> {
        if style == Style::Secret && self.is_typed {
            self.hidden = NoEcho::start();
        }
        let text = match (style, self.is_typed) {
            (Style::Conversation, _) => return Ok(()),
            (_, true) => prompt.to_owned(),
            (_, false) => format!("{}\n", prompt.trim_end()),
        };
        match self.prompts {
            Prompts::Stdout => write_flushed(io::stdout().lock(), &text),
            Prompts::Stderr => write_flushed(io::stderr().lock(), &text),
            Prompts::Nowhere => Ok(()),
        }
    }

    pub(super) async fn next(&mut self) -> io::Result<Input> {
        let ends = &mut self.ends;
        let asked_to_end = async {
            match ends {
                Some(ends) => ends.asked().await,
                None => std::future::pending().await,
            }
        };
        let input = tokio::select! {
            biased;
            () = asked_to_end => Ok(Input::Interrupted),
            line = self.lines.recv() => match line {
                Some(Ok(line)) => Ok(Input::Line(line.trim_end_matches(['\r', '\n']).to_owned())),
                Some(Err(e)) => Err(e),
                None => Ok(Input::Ended),
            },
        };
        self.hidden = None;
        input
    }
}

fn write_flushed(mut out: impl io::Write, text: &str) -> io::Result<()> {
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// A terminal that shows nothing of what is typed, until this is dropped. A terminal that cannot be drawn upon still
/// obeys `stty`.
struct NoEcho;

impl NoEcho {
    fn start() -> Option<Self> {
        stty("-echo").then_some(Self)
    }
}

impl Drop for NoEcho {
    fn drop(&mut self) {
        stty("echo");
        let _ = write_flushed(io::stderr().lock(), "\n");
    }
}

fn stty(mode: &str) -> bool {
    std::process::Command::new("stty").arg(mode).status().is_ok_and(|status| status.success())
}
