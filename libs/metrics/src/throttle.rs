//! Limits.

use std::sync::LazyLock;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

use crate::label::{Label, Pair, label};
use crate::registry::{Owner, registered};

/// What was refused by limits.
pub static THROTTLED: LazyLock<Throttled> = LazyLock::new(|| {
    Throttled(registered(
        Owner::Each,
        "chatapp_throttled",
        "What was refused because there had been too much of it",
        None,
        Family::default(),
    ))
});

label! {
    /// A limit.
    pub enum Limit("limit") {
        /// Tries of passwords, by account and by address.
        Login = "login",
        /// Accounts made from an address.
        Registration = "registration",
        /// Tries of codes.
        Code = "code",
        /// Requests of an address.
        AddressRequests = "address_requests",
        /// Requests of a user, by REST or by socket.
        UserRequests = "user_requests",
        /// Sockets of a user.
        Sockets = "sockets",
        /// Frames of a socket.
        Frames = "frames",
    }
}

impl Limit {
    const fn service(self) -> &'static str {
        match self {
            Self::Login | Self::Registration => "auth",
            Self::Code => "rooms",
            Self::AddressRequests | Self::UserRequests | Self::Sockets | Self::Frames => "gateway",
        }
    }
}

/// What was refused by limits.
#[derive(Debug)]
pub struct Throttled(Family<[Pair; 2], Counter>);

impl Throttled {
    /// Counts one that was refused.
    pub fn count(&self, limit: Limit) {
        self.0.get_or_create(&labels(limit)).inc();
    }

    /// Registers the limits of a service, at zero.
    pub fn announce(&self, service: &str) {
        for limit in Limit::ALL.iter().filter(|limit| limit.service() == service) {
            let _ = self.0.get_or_create(&labels(*limit));
        }
    }
}

fn labels(limit: Limit) -> [Pair; 2] {
    [("service", limit.service()), (Limit::NAME, limit.word())]
}
