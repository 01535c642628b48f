//! How a command ends: its exit code, and what is said on standard error.

use std::fmt::{self, Write as _};
use std::io;
use std::process::ExitCode;

use chatapp_client::error::in_short;
use chatapp_client::{ClientError, sanitize};
use chatapp_types::{FieldError, Problem};

use crate::context::TOKEN_VARIABLE;
use crate::output;

/// Exit codes. They are stable: scripts branch on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// A file or the terminal failed.
    Failure = 1,
    /// The command line is wrong.
    Usage = 2,
    /// Not logged in, or wrong credentials.
    NotLoggedIn = 3,
    /// Not there, hidden, or not allowed.
    NotAllowed = 4,
    /// A conflict, or an invalid value.
    Invalid = 5,
    /// The gateway cannot be reached or cannot answer now.
    Unavailable = 6,
    /// Too many requests or tries.
    Throttled = 7,
    /// Ctrl+C.
    Interrupted = 130,
}

/// The list of exit codes, for the help.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    a file or the terminal failed
  2    the command line is wrong
  3    not logged in, or wrong credentials
  4    not there, hidden from you, or not allowed
  5    a conflict, or an invalid value
  6    the gateway cannot be reached or cannot answer now; where it says that a message is kept,
       the next `chat send`, `chat outbox send` or `chat --plain` sends it, once
  7    too many requests or tries; wait a little
  130  interrupted; Ctrl+C in the line-by-line client is an ordinary way to leave and ends with 0";

/// Why a command did not succeed.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    message: String,
    problem: Option<Box<Problem>>,
    /// The reader of our output has gone: nothing is wrong, and nobody listens.
    is_silent: bool,
}

pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), problem: None, is_silent: false }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    pub(crate) fn interrupted() -> Self {
        Self { is_silent: true, ..Self::new(Exit::Interrupted, "interrupted") }
    }

    pub(crate) const fn exit(&self) -> Exit {
        self.exit
    }

    /// The same failure, and what to know beside it.
    #[must_use]
    pub(crate) fn with_note(mut self, note: &str) -> Self {
        self.message = format!("{}; {note}", self.message);
        self
    }

    /// Says on standard error what went wrong, and gives the exit code.
    pub(crate) fn report(&self, as_json: bool) -> ExitCode {
        if self.is_silent {
            return if self.exit == Exit::Interrupted { self.code() } else { ExitCode::SUCCESS };
        }
        let text = if as_json { self.json() } else { format!("chat: {}", sanitize::line(&self.message)) };
        output::complain(&text);
        self.code()
    }

    fn code(&self) -> ExitCode {
        ExitCode::from(self.exit as u8)
    }

    fn json(&self) -> String {
        let value = match &self.problem {
            Some(problem) => serde_json::json!({ "error": problem, "exit": self.exit as u8 }),
            None => serde_json::json!({ "error": { "detail": self.message }, "exit": self.exit as u8 }),
        };
        sanitize::json(&value.to_string()).into_owned()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&sanitize::line(&self.message))
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let exit = exit_of(&error);
        let message = match &error {
            ClientError::NotLoggedIn => "not logged in; run `chat login`".to_owned(),
            ClientError::Problem(problem) => explain(problem),
            other => in_short(other),
        };
        let problem = if let ClientError::Problem(problem) = error { Some(problem) } else { None };
        Self { exit, message, problem, is_silent: false }
    }
}

impl From<FieldError> for Failure {
    fn from(error: FieldError) -> Self {
        ClientError::from(error).into()
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let is_silent = error.kind() == io::ErrorKind::BrokenPipe;
        Self { is_silent, ..Self::new(Exit::Failure, error.to_string()) }
    }
}

const fn exit_of(error: &ClientError) -> Exit {
    match error {
        ClientError::Problem(problem) => exit_of_status(problem.status),
        ClientError::Network(_) | ClientError::Protocol(_) => Exit::Unavailable,
        ClientError::NotLoggedIn => Exit::NotLoggedIn,
        ClientError::File { .. } => Exit::Failure,
        ClientError::Usage(_) => Exit::Usage,
    }
}

const fn exit_of_status(status: u16) -> Exit {
    match status {
        401 => Exit::NotLoggedIn,
        403 | 404 => Exit::NotAllowed,
        429 => Exit::Throttled,
        500.. => Exit::Unavailable,
        _ => Exit::Invalid,
    }
}

/// A problem in one line: its detail if it has one, every field that is wrong, and how long to wait.
fn explain(problem: &Problem) -> String {
    let mut text = match &problem.detail {
        Some(detail) if detail.eq_ignore_ascii_case(&problem.title) => problem.title.clone(),
        Some(detail) if problem.errors.is_empty() => format!("{}: {detail}", problem.title),
        _ => problem.title.clone(),
    };
    for error in &problem.errors {
        let _ = write!(text, "; {}: {}", error.field, error.message);
    }
    if let Some(seconds) = problem.retry_after_s {
        let _ = write!(text, " (try again in {seconds} s)");
    }
    if problem.status == 401 && problem.code != chatapp_types::ErrorCode::InvalidCredentials {
        text.push_str(what_to_do(std::env::var_os(TOKEN_VARIABLE).is_some_and(|token| !token.is_empty())));
    }
    text
}

/// What helps against a log-in that is not good: where a script's token stands in its place, no new log-in does.
const fn what_to_do(has_token: bool) -> &'static str {
    if has_token { "; CHAT_TOKEN is not valid" } else { "; run `chat login`" }
}

#[cfg(test)]
mod tests {
    use chatapp_types::ErrorCode;

    use super::*;

    #[test]
    fn each_kind_of_refusal_has_its_exit_code() {
        let exit = |code: ErrorCode| exit_of(&ClientError::from(code)) as u8;
        assert_eq!(exit(ErrorCode::InvalidCredentials), 3);
        assert_eq!(exit(ErrorCode::RoomNotFound), 4);
        assert_eq!(exit(ErrorCode::Forbidden), 4);
        assert_eq!(exit(ErrorCode::KeyReused), 5);
        assert_eq!(exit(ErrorCode::Invalid), 5);
        assert_eq!(exit(ErrorCode::Unavailable), 6);
        assert_eq!(exit(ErrorCode::Throttled), 7);
    }

    #[test]
    fn a_refusal_cannot_write_escapes_to_the_terminal() {
        let problem = Problem::new(ErrorCode::Invalid).with_detail("\x1b[2Jcleared\nchat: all is well");
        let shown = Failure::from(ClientError::from(problem)).to_string();
        assert!(!shown.contains('\x1b') && !shown.contains('\n'), "{shown:?}");
    }

    #[test]
    fn a_reader_that_went_away_is_no_failure() {
        let failure = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert!(failure.is_silent);
        assert_eq!(format!("{:?}", failure.report(false)), format!("{:?}", ExitCode::SUCCESS));
    }

    #[test]
    fn with_a_token_of_the_environment_nobody_is_told_to_log_in() {
        assert_eq!(what_to_do(true), format!("; {TOKEN_VARIABLE} is not valid"));
        assert!(what_to_do(false).contains("chat login"));
    }

    #[test]
    fn a_field_that_is_wrong_is_named() {
        let failure = Failure::from(FieldError::new("name", "too_long", "at most 64 characters"));
        assert_eq!(failure.to_string(), "Some values are not valid; name: at most 64 characters");
    }
}
