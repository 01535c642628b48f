//! Where clients find the platform: one URL or several, which a scenario may change.

use std::sync::{Mutex, PoisonError};

/// The gateways' addresses.
pub(crate) struct Gateways(Mutex<Vec<String>>);

impl Gateways {
    pub(crate) const fn new(urls: Vec<String>) -> Self {
        Self(Mutex::new(urls))
    }

    /// The address for the client's `place`: neighbours get different ones.
    pub(crate) fn url(&self, place: usize) -> String {
        let urls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        urls[place % urls.len()].clone()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}
