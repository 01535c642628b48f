//! What went wrong, each kind once, with how often: for `/errors` on the operations port, and for a tracker elsewhere.
//!
//! An error is an event at the level of errors, or one at the level of warnings that has a field `error`: the cause of
//! an answer 503, a background task that failed. The same error, whatever its ids, numbers and names, has one
//! [fingerprint](fingerprint). The log's filter says what is written; errors are kept whatever it says.

mod dsn;
mod envelope;
mod fingerprint;
mod layer;
mod sentry;
mod table;

pub use dsn::{BadDsn, Dsn};
pub use table::{ErrorRecord, Errors};

pub(crate) use layer::ErrorLayer;
pub(crate) use sentry::{Reporter, Sender};
