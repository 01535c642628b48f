//! Who is at the other end, as far as a connection can tell.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::ConnectInfo;
use http::uri::Scheme;
use http::{Extensions, HeaderMap, header};

use super::Network;

/// Where a request came from: the peer of the connection, or what a proxy we trust says of its own peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Client {
    /// The client's address.
    pub(crate) address: IpAddr,
    /// `http` or `https`, as the client sees it.
    pub(crate) scheme: &'static str,
    /// The host that the client asked for.
    pub(crate) host: Option<String>,
}

/// Entries of a forwarded list that are looked at; a longer list is some proxy's mistake, or a client's try.
const HOPS_MAX: usize = 32;
/// A host name has 253 characters at most, and a port.
const HOST_MAX_BYTES: usize = 260;

impl Client {
    /// Finds out from the connection and, when its peer is trusted, from the headers.
    pub(crate) fn of(headers: &HeaderMap, extensions: &Extensions, trusted: &[Network]) -> Self {
        let peer = extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip().to_canonical());
        let own_scheme = if extensions.get::<Scheme>() == Some(&Scheme::HTTPS) { "https" } else { "http" };
        let own_host = one(headers, header::HOST.as_str()).map(str::to_owned);
        if !is_trusted(trusted, peer) {
            return Self { address: peer, scheme: own_scheme, host: own_host };
        }
        let scheme = match one(headers, "x-forwarded-proto") {
            Some("https") => "https",
            Some("http") => "http",
            _ => own_scheme,
        };
        let host = one(headers, "x-forwarded-host").map(str::to_owned).or(own_host);
        Self { address: forwarded_for(headers, trusted).unwrap_or(peer), scheme, host }
    }

    /// What counts as one client for limits: the address, or for IPv6 its network of 64 bits, since one subscriber
    /// has as many addresses there as it likes.
    pub(crate) fn network(&self) -> IpAddr {
        match self.address {
            IpAddr::V6(address) => IpAddr::V6((address.to_bits() & !u128::from(u64::MAX)).into()),
            address @ IpAddr::V4(_) => address,
        }
    }
}

fn is_trusted(trusted: &[Network], address: IpAddr) -> bool {
    trusted.iter().any(|network| network.contains(address))
}

/// The last address of the list that is not one of our own proxies: each proxy appends its peer, so everything to the
/// left of the first stranger is the stranger's word.
fn forwarded_for(headers: &HeaderMap, trusted: &[Network]) -> Option<IpAddr> {
    let lists: Vec<&str> = headers.get_all("x-forwarded-for").iter().map(|v| v.to_str().ok()).collect::<Option<_>>()?;
    let mut nearest = None;
    for hop in lists.iter().rev().flat_map(|list| list.rsplit(',')).take(HOPS_MAX) {
        let Ok(address) = hop.trim().parse::<IpAddr>() else { break };
        nearest = Some(address.to_canonical());
        if !is_trusted(trusted, address) {
            break;
        }
    }
    nearest
}

/// The value of a header that stands there once and is not overlong.
fn one<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok().map(str::trim).filter(|v| v.len() <= HOST_MAX_BYTES),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use http::HeaderValue;

    use super::*;

    fn seen(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", HeaderValue::from_str(value).unwrap());
        }
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 5)));
        let trusted: Vec<Network> = trusted.iter().map(|t| t.parse().unwrap()).collect();
        Client::of(&headers, &extensions, &trusted).address.to_string()
    }

    #[test]
    fn a_strangers_forwarded_address_does_not_count() {
        assert_eq!(seen("203.0.113.5", &["198.51.100.1"], &[]), "203.0.113.5");
        assert_eq!(seen("203.0.113.5", &["198.51.100.1"], &["10.0.0.0/8"]), "203.0.113.5");
    }

    #[test]
    fn behind_trusted_proxies_the_first_stranger_from_the_right_is_the_client() {
        let trusted = ["10.0.0.0/8"];
        assert_eq!(seen("10.0.0.1", &["198.51.100.1"], &trusted), "198.51.100.1");
        assert_eq!(seen("10.0.0.1", &["1.1.1.1, 198.51.100.1, 10.0.0.9"], &trusted), "198.51.100.1");
        assert_eq!(seen("10.0.0.1", &["1.1.1.1", "198.51.100.1,10.0.0.9"], &trusted), "198.51.100.1");
        assert_eq!(seen("10.0.0.1", &["10.0.0.7"], &trusted), "10.0.0.7");
    }

    #[test]
    fn a_list_that_is_none_falls_back_to_what_is_known() {
        assert_eq!(seen("10.0.0.1", &[], &["10.0.0.0/8"]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &["unknown"], &["10.0.0.0/8"]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &["what, 10.0.0.2"], &["10.0.0.0/8"]), "10.0.0.2");
        assert_eq!(seen("::ffff:192.0.2.1", &[], &[]), "192.0.2.1");
    }
}
