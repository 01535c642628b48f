//! How many connections each client holds.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OwnedSemaphorePermit;

use crate::identity::ClientAddr;

/// Counts the connections of each client network, as [`ClientAddr::network`] tells them apart.
#[derive(Clone)]
pub(super) struct Clients {
    /// Connections of one client at most; 0 for no limit.
    most: usize,
    held: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl Clients {
    pub(super) fn new(most: usize) -> Self {
        Self { most, held: Arc::default() }
    }

    /// Counts a connection of this peer until the result is dropped; `None` if the peer holds its share already.
    /// Loopback is not counted: proxies sit there.
    pub(super) fn admit(&self, peer: IpAddr) -> Option<Counted> {
        let network = ClientAddr(peer).network();
        if self.most == 0 || peer.to_canonical().is_loopback() {
            return Some(Counted(None));
        }
        let mut held = self.held();
        let count = held.entry(network).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Counted(Some((self.clone(), network))))
    }

    fn held(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that is counted until this is dropped.
pub(super) struct Counted(Option<(Clients, IpAddr)>);

impl Drop for Counted {
    fn drop(&mut self) {
        let Some((clients, network)) = self.0.take() else { return };
        let mut held = clients.held();
        if let Some(count) = held.get_mut(&network) {
            *count -= 1;
            if *count == 0 {
                held.remove(&network);
            }
        }
    }
}

/// A connection's place under both caps, given back when dropped.
pub(super) struct Place {
    pub(super) _of_all: OwnedSemaphorePermit,
    pub(super) _of_client: Counted,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admit(clients: &Clients, peer: &str) -> Option<Counted> {
        clients.admit(peer.parse().unwrap())
    }

    #[test]
    fn a_client_holds_its_share_and_gets_a_place_back_when_one_ends() {
        let clients = Clients::new(2);
        let held = [admit(&clients, "192.0.2.7").unwrap(), admit(&clients, "::ffff:192.0.2.7").unwrap()];
        assert!(admit(&clients, "192.0.2.7").is_none(), "its share is used up");
        let _other = admit(&clients, "192.0.2.8").unwrap();
        let [first, _second] = held;
        drop(first);
        let again = admit(&clients, "192.0.2.7");
        assert!(again.is_some() && admit(&clients, "192.0.2.7").is_none());
    }

    #[test]
    fn an_ipv6_network_is_one_client() {
        let clients = Clients::new(1);
        let _held = admit(&clients, "2001:db8:1:2::1").unwrap();
        assert!(admit(&clients, "2001:db8:1:2:ffff::9").is_none());
        assert!(admit(&clients, "2001:db8:1:3::1").is_some());
    }

    #[test]
    fn loopback_has_no_share_and_zero_is_no_limit() {
        let (one, none) = (Clients::new(1), Clients::new(0));
        for peer in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            let held: Vec<_> = (0..3).map(|_| admit(&one, peer)).collect();
            assert!(held.iter().all(Option::is_some), "{peer}");
        }
        let held: Vec<_> = (0..3).map(|_| admit(&none, "192.0.2.7")).collect();
        assert!(held.iter().all(Option::is_some));
    }

    #[test]
    fn nothing_is_remembered_of_clients_that_are_gone() {
        let clients = Clients::new(1);
        drop(admit(&clients, "192.0.2.7"));
        assert!(clients.held().is_empty());
    }
}
