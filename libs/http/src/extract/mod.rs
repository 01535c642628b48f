//! Extractors whose rejections are problem details.
//!
//! They are used as axum's of the same names. What differs: every refusal is a [`crate::ApiError`], a value that is
//! well-formed but not valid (marked by [`INVALID_MARK`](chatapp_types::names::INVALID_MARK)) is a 422 that names
//! its field, and no refusal repeats more of the input than the place where it went wrong.

mod idempotency;
mod json;
mod page;
mod path;
mod query;
mod rejection;

pub use idempotency::IdempotencyKey;
pub use json::Json;
pub use page::PageQuery;
pub use path::Path;
pub use query::Query;
