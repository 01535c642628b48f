//! What the routes answer, bad input included.

mod access;
mod background;
mod bad_input;
mod description;
mod internal;
mod messages;
mod service;
mod v0;
