//! The rules. Nothing here knows HTTP or SQL.
//!
//! Most of it is pure: stores call these functions inside their transactions, with rows that they read under the lock,
//! so that a decision and what it leads to are one. Where a call needs work that must not be done under a lock (the
//! hashing of a code), [`create_room`], [`join_room`] and [`set_code`] put the steps in order.

pub mod access;
pub mod blocking;
pub mod codes;
pub mod create_room;
pub mod entering;
pub mod hashing;
pub mod join_room;
pub mod members;
pub mod refusal;
pub mod set_code;
pub mod settings;
pub mod succession;
pub mod throttle;

pub use refusal::Refusal;
