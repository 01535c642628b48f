//! The rules of messages: pure functions of what was read under the lock. No axum, no SQL, no clock.

pub mod access;
pub mod body;
pub mod delete;
pub mod edit;
pub mod history;
pub mod mentions;
pub mod post;
pub mod search;
