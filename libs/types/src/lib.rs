//! The words that every part of ChatApp shares: ids, names, wire types, error codes, limits.
//!
//! Nothing here does IO. Types that come from outside are parsed once, at the edge, into newtypes that cannot
//! hold an invalid value ([`Username`], [`RoomName`], …); whatever receives one need not check again.

pub mod auth;
pub mod clock;
pub mod entry;
pub mod error;
pub mod frame;
pub mod ids;
pub mod limits;
pub mod messages;
pub mod names;
pub mod page;
pub mod rooms;
pub mod secret;
pub mod seq;
pub mod timestamp;

pub use clock::{Clock, SystemClock};
pub use entry::{Entry, EntryBody, UserRef};
pub use error::{ErrorCode, FieldError, Outcome, Problem};
pub use ids::{MessageId, RoomId, SendKey, SessionId, UserId};
pub use limits::Limits;
pub use names::{RoomName, Topic, Username};
pub use page::{Cursor, Page};
pub use rooms::{History, Role, Visibility};
pub use secret::Secret;
pub use timestamp::Timestamp;
