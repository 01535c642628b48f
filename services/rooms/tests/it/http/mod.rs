//! The interface.

mod background;
mod bad_input;
mod codes;
mod hiding;
mod openapi;
mod roles;
mod rooms;
mod scopes;
mod service;
mod v0;
mod work;
