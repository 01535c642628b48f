//! Rooms, from outside: what every store has to keep (`contract`), and the interface (`http`).
#![allow(clippy::unwrap_used)]

mod contract;
mod database;
mod http;
