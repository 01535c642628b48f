//! What the server's error numbers mean for us.

use tiberius::error::Error;

use crate::DbError;

/// A unique index or a primary key objected.
const DUPLICATE: [u32; 2] = [2601, 2627];
/// A foreign key or a check objected; a column takes no NULL.
const CONSTRAINT: [u32; 2] = [547, 515];
/// Chosen as the victim of a deadlock; waited too long for a lock (in the numbers of two servers); the snapshot was
/// overtaken by an update.
const TRY_AGAIN: [u32; 4] = [1205, 1222, 33_557_097, 3960];
/// The log-in was refused; the database is not there or not for this log-in.
const REFUSED: [u32; 4] = [18_456, 18_452, 4060, 916];
/// A right is missing on an object, a column, a statement.
const FORBIDDEN: [u32; 3] = [229, 230, 262];
/// The numbers of errors that our own batches throw.
const OURS: std::ops::Range<u32> = 50_000..100_000;

/// What became of a call.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nothing was kept, and another try may succeed at once.
    TryAgain(DbError),
    /// The connection broke; what it was doing is rolled back unless it was committing.
    Lost(String),
    /// Another try would fail the same way.
    Final(DbError),
}

impl Failure {
    pub(super) fn of(error: &Error) -> Self {
        let Some(code) = error.code() else { return Self::without_code(error) };
        let text = format!("{} (error {code})", message(error));
        match code {
            code if DUPLICATE.contains(&code) || CONSTRAINT.contains(&code) => Self::Final(DbError::Conflict(text)),
            // On one of the two servers the number stands for whatever has none of its own.
            33_557_097 if !text.contains("lock") => Self::Final(DbError::Internal(text)),
            code if TRY_AGAIN.contains(&code) => Self::TryAgain(DbError::Unavailable(text)),
            code if REFUSED.contains(&code) => Self::Final(DbError::Unavailable(refused(error))),
            code if FORBIDDEN.contains(&code) => Self::Final(DbError::Internal(format!(
                "the service's user lacks a right; run the migrations as an administrator: {text}"
            ))),
            code if OURS.contains(&code) => Self::TryAgain(DbError::Unavailable(text)),
            _ => Self::Final(DbError::Internal(text)),
        }
    }

    fn without_code(error: &Error) -> Self {
        match error {
            Error::Io { .. } | Error::Protocol(_) => Self::Lost(error.to_string()),
            Error::Tls(text) => Self::Final(DbError::Unavailable(untrusted(text))),
            other => Self::Final(DbError::Internal(other.to_string())),
        }
    }
}

impl From<Failure> for DbError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::TryAgain(error) | Failure::Final(error) => error,
            Failure::Lost(reason) => Self::Unavailable(format!("the connection was lost: {reason}")),
        }
    }
}

fn message(error: &Error) -> String {
    match error {
        Error::Server(token) => token.message().to_owned(),
        other => other.to_string(),
    }
}

/// A log-in that was refused. It is while the database is being set up too: so it is waited for, and the line says what to
/// look at.
pub(super) fn refused(error: &Error) -> String {
    let look_at = match error.code() {
        Some(4060 | 916) => {
            "is the name of the database right (CHATAPP_DATABASE_URL or DB_NAME), and has it been migrated?"
        }
        _ => {
            "are user and password right (CHATAPP_DATABASE_USER and CHATAPP_DATABASE_PASSWORD_FILE, or \
             CHATAPP_DATABASE_URL, or DB_USER and DB_PASSWORD)?"
        }
    };
    format!("the server refused the log-in: {look_at} {}", message(error))
}

/// What to do about a certificate that is not trusted.
pub(super) fn untrusted(text: &str) -> String {
    format!(
        "the server's certificate is not trusted: name the authority that signed it with CHATAPP_DATABASE_CA_FILE, or, \
         for development alone, add `?tls=trust` to CHATAPP_DATABASE_URL: {text}"
    )
}
