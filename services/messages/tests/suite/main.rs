//! The service from outside: what every store must do, and what its routes answer.
#![allow(clippy::unwrap_used)]

mod contract;
mod mssql;
mod routes;
mod world;
