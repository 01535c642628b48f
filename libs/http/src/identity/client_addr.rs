//! Where a request came from in the first place.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRef, FromRequestParts};
use http::HeaderMap;
use http::request::Parts;

use crate::ServiceGate;

/// The header by which the gateway tells a service its client's address.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The client's address, for throttling and the log; never a proof of anything.
///
/// It is what another service (the gateway) says in `X-Forwarded-For`, one address, and only when that request carries
/// a valid service token; otherwise it is the peer of the connection. A request that came over no connection is from
/// `0.0.0.0`. Never refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddr(pub IpAddr);

impl ClientAddr {
    /// What counts as one client: the address itself, or for IPv6 its network of 64 bits, since one subscriber has as
    /// many addresses there as it likes. An IPv4 address in IPv6's clothes is the IPv4 address.
    pub fn network(self) -> IpAddr {
        match self.0.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6((address.to_bits() & !u128::from(u64::MAX)).into()),
            address @ IpAddr::V4(_) => address,
        }
    }
}

/// The one address of the header; none when it is missing, repeated or anything else.
fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let mut values = headers.get_all(FORWARDED_FOR).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok()?.trim().parse().ok(),
        _ => None,
    }
}

impl<S> FromRequestParts<S> for ClientAddr
where
    S: Send + Sync,
    Arc<ServiceGate>: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let told = forwarded(&parts.headers).filter(|_| Arc::<ServiceGate>::from_ref(state).admits(&parts.headers));
        let peer = || parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
        Ok(Self(told.or_else(peer).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use axum::extract::Request;
    use chatapp_types::{Clock, SystemClock};

    use super::*;
    use crate::{MasterSecret, ServiceKeys};

    struct Scene {
        keys: Arc<ServiceKeys>,
        gate: Arc<ServiceGate>,
    }

    fn scene() -> Scene {
        let keys = Arc::new(ServiceKeys::new(&MasterSecret::generate()));
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        Scene { gate: Arc::new(ServiceGate::new(keys.clone(), "auth", clock)), keys }
    }

    async fn seen(scene: &Scene, forwarded: &[&str], token: Option<String>, peer: Option<&str>) -> String {
        let mut request = Request::builder();
        for value in forwarded {
            request = request.header(FORWARDED_FOR, *value);
        }
        if let Some(token) = token {
            request = request.header(crate::service_token::SERVICE_TOKEN_HEADER, token);
        }
        if let Some(peer) = peer {
            request = request.extension(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 9)));
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let Ok(address) = ClientAddr::from_request_parts(&mut parts, &scene.gate).await;
        address.0.to_string()
    }

    #[tokio::test]
    async fn a_forwarded_address_counts_only_from_another_service() {
        let scene = scene();
        let token = || Some(scene.keys.mint("auth", &SystemClock));
        assert_eq!(seen(&scene, &["203.0.113.9"], token(), Some("10.0.0.1")).await, "203.0.113.9");
        assert_eq!(seen(&scene, &["203.0.113.9"], None, Some("10.0.0.1")).await, "10.0.0.1");
        let foreign = Some(scene.keys.mint("rooms", &SystemClock));
        assert_eq!(seen(&scene, &["203.0.113.9"], foreign, Some("10.0.0.1")).await, "10.0.0.1");
    }

    #[tokio::test]
    async fn a_list_or_a_repeated_header_is_not_an_address() {
        let scene = scene();
        let token = || Some(scene.keys.mint("auth", &SystemClock));
        assert_eq!(seen(&scene, &["203.0.113.9, 10.0.0.2"], token(), Some("10.0.0.1")).await, "10.0.0.1");
        assert_eq!(seen(&scene, &["203.0.113.9", "203.0.113.8"], token(), None).await, "0.0.0.0");
    }

    #[test]
    fn one_subscriber_is_one_network() {
        let network = |text: &str| ClientAddr(text.parse().unwrap()).network().to_string();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(network("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(network("192.0.2.7"), "192.0.2.7");
    }
}
