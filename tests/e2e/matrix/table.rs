//! The table as data.

use std::fmt;

use crate::surface::Visibility;

const TABLE: &str = include_str!("expectations.txt");

/// What an answer should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// Success.
    Ok,
    /// This status with this code.
    Problem(u16, &'static str),
}

/// An operation in one kind of room: what each role gets, in the order of [`crate::surface::ROLES`].
#[derive(Debug)]
pub(super) struct Row {
    pub(super) operation: String,
    pub(super) variant: String,
    pub(super) room: Visibility,
    pub(super) cells: [Expected; 7],
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let colon = if self.variant.is_empty() { "" } else { ":" };
        write!(f, "{}{colon}{} {}", self.operation, self.variant, self.room.word())
    }
}

/// Every row.
pub(super) fn rows() -> Vec<Row> {
    let lines = TABLE.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.flat_map(parse).collect()
}

/// A line is a row, or two where the kind of room makes no difference.
fn parse(line: &str) -> Vec<Row> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [name, room, cells @ ..] = words.as_slice() else { panic!("not a row: {line}") };
    let cells: Vec<Expected> = cells.iter().map(|word| expected(word)).collect();
    let cells: [Expected; 7] = cells.try_into().unwrap_or_else(|_| panic!("not seven cells: {line}"));
    let (operation, variant) = name.split_once(':').unwrap_or((name, ""));
    let rooms = match *room {
        "public" => vec![Visibility::Public],
        "private" => vec![Visibility::Private],
        "any" => vec![Visibility::Public, Visibility::Private],
        other => panic!("no kind of room: {other}"),
    };
    let row = |room| Row { operation: operation.to_owned(), variant: variant.to_owned(), room, cells };
    rooms.into_iter().map(row).collect()
}

/// The words of the table.
fn expected(word: &str) -> Expected {
    let (status, code) = match word {
        "ok" => return Expected::Ok,
        "login" => (401, "unauthenticated"),
        "refused" => (401, "invalid_credentials"),
        "spent" => (401, "invalid_refresh_token"),
        "forbid" => (403, "forbidden"),
        "join" => (403, "not_a_member"),
        "blocked" => (403, "blocked"),
        "absent" => (404, "room_not_found"),
        "code" => (404, "invalid_code"),
        "token" => (404, "token_not_found"),
        "session" => (404, "session_not_found"),
        "owner" => (409, "owner_must_transfer"),
        "owns" => (409, "owns_rooms"),
        other => panic!("no such word: {other}"),
    };
    Expected::Problem(status, code)
}
