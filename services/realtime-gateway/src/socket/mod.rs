//! Sockets: one task each, one loop for both interfaces, a bounded queue before each.

mod budget;
pub(crate) mod calls;
mod closing;
mod frame;
mod frames;
mod handshake;
mod heartbeat;
pub(crate) mod identity;
pub(crate) mod lane;
mod outbox;
pub(crate) mod pump;
pub(crate) mod replays;
pub(crate) mod seats;
pub(crate) mod services;
pub(crate) mod sockets;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod v1;
pub(crate) mod wire;

pub(crate) use budget::{Admission, FrameBudget};
pub(crate) use closing::Closing;
pub(crate) use frame::Frame;
pub(crate) use frames::{Concern, reply, text_of};
pub(crate) use handshake::{Handshake, told_the_version};
pub(crate) use outbox::{Batch, Outbox};
pub(crate) use v1::V1;
pub(crate) use wire::{LiveSocket, open};
