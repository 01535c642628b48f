//! Whole flows on the real binaries over real sockets.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod accounts;
mod bad_input;
mod crash;
mod deployed;
mod distributed;
mod draining;
mod gateway;
mod home;
mod live;
mod load;
mod logs;
mod matrix;
mod messages;
mod metrics;
mod rooms;
mod scripts;
mod surface;
mod terminal;
mod traces;
mod version0;
mod watched;
mod wire;
