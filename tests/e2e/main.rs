//! Whole flows on the real binaries over real sockets.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod accounts;
mod crash;
mod live;
mod messages;
mod rooms;
mod version0;
