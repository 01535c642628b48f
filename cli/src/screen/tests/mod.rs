//! Sequences of events, and the pictures they make.
#![allow(clippy::unwrap_used)]

mod alerts;
mod entering;
mod gateway;
mod long;
mod offline;
mod paging;
mod pictures;
mod quoting;
mod rooms;
mod speed;
mod story;
mod vim;
mod writing;

use story::Story;
