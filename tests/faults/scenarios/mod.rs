//! The faults, by what they break.

pub(crate) mod bus;
pub(crate) mod network;
pub(crate) mod processes;
