//! The faults, by what they break.

pub(crate) mod abuse;
pub(crate) mod bus;
pub(crate) mod database;
pub(crate) mod disk;
pub(crate) mod network;
pub(crate) mod processes;
pub(crate) mod races;
