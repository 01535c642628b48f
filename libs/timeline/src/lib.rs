//! The timeline: one log a room, and it is the truth.
//!
//! Whatever happens in a room is an entry with a sequence number, contiguous from 1. Appending happens inside the
//! transaction that writes the domain's own rows, under the lock of the room's head; so a block is a point in the
//! order, no number is burnt by a refusal, and no reader ever sees entry n+1 before entry n. Identity columns and
//! sequence objects number at insert, not at commit, and leave gaps; they are not used for this.
//!
//! - [`NewEntry`], [`sqlite::append`] and [`mssql::append`] write the log,
//! - [`StoredEntry`] is what is read back, and [`StoredEntry::into_entry`] makes of it what clients see,
//! - [`RoomEvent`] is what the bus carries after the commit, put there by a [`Publisher`].

mod entry;
mod event;
pub mod mssql;
mod publisher;
pub mod sqlite;

pub use entry::{Appended, Details, Head, NewEntry, StoredEntry, Text};
pub use event::{BadEvent, RoomEvent};
pub use publisher::Publisher;
