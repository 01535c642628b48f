//! The gateway's address.

use std::fmt;
use std::str::FromStr;

use reqwest::Url;

use crate::ClientError;

/// Where the gateway is: `http` or `https`, a host, perhaps a port and a path before the API's.
///
/// User names, passwords, queries and fragments are refused: they have no meaning here, and would end up in logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayUrl(Url);

impl GatewayUrl {
    /// Where `chatapp up` listens unless told otherwise.
    pub const DEFAULT: &str = "http://127.0.0.1:8000";

    /// Reads what a person typed. Without a scheme, `http` is meant on this machine and `https` elsewhere.
    pub fn parse(text: &str) -> Result<Self, ClientError> {
        let text = text.trim();
        let bad = |why: &str| ClientError::Usage(format!("not a gateway URL ({why}), like {}", Self::DEFAULT));
        let full = if text.contains("://") { text.to_owned() } else { format!("{}://{text}", implied_scheme(text)) };
        let mut url = Url::parse(&full).map_err(|e| bad(&e.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(bad("the scheme is http or https"));
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(bad("a host is missing"));
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err(bad("only scheme, host, port and path"));
        }
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty();
        }
        Ok(Self(url))
    }

    /// The URL of a call: each segment is encoded, so that none can change the path.
    pub fn at(&self, segments: &[&str]) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments.iter().map(|segment| match *segment {
                // Dot segments vanish from URLs however they are written; so they are sent as names that nobody has.
                "." => "%2E",
                ".." => "%2E%2E",
                other => other,
            }));
        }
        url
    }

    /// The URL of the live feed: `ws` or `wss`.
    pub fn socket(&self) -> Url {
        let mut url = self.at(&["v1", "ws"]);
        let scheme = if self.is_encrypted() { "wss" } else { "ws" };
        // Both pairs are of the kind that `Url` lets be exchanged.
        let _ = url.set_scheme(scheme);
        url
    }

    /// Whether what is sent is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Whether the host is this machine.
    pub fn is_loopback(&self) -> bool {
        match self.0.host_str() {
            Some("localhost" | "[::1]") => true,
            Some(host) => host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback()),
            None => false,
        }
    }
}

fn implied_scheme(text: &str) -> &'static str {
    let host = text.split(['/', ':']).next().unwrap_or_default();
    if host == "localhost" || host.starts_with("127.") || text.starts_with("[::1]") { "http" } else { "https" }
}

impl fmt::Display for GatewayUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

impl FromStr for GatewayUrl {
    type Err = ClientError;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::parse(s)
    }
}

impl serde::Serialize for GatewayUrl {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for GatewayUrl {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_host_alone_is_http_here_and_https_elsewhere() {
        assert_eq!(GatewayUrl::parse("localhost:8000").unwrap().to_string(), "http://localhost:8000");
        assert_eq!(GatewayUrl::parse("chat.example.org").unwrap().to_string(), "https://chat.example.org");
    }

    #[test]
    fn a_segment_cannot_leave_its_place_in_the_path() {
        let url = GatewayUrl::parse("http://h/base/").unwrap();
        assert_eq!(
            url.at(&["v1", "rooms", "by-name", "a/../b?c"]).as_str(),
            "http://h/base/v1/rooms/by-name/a%2F..%2Fb%3Fc"
        );
        assert_eq!(url.at(&["v1", "users", ".."]).path(), "/base/v1/users/%252E%252E");
    }

    #[test]
    fn a_slash_at_the_end_makes_no_other_gateway() {
        assert_eq!(GatewayUrl::parse("http://h/base/").unwrap(), GatewayUrl::parse("http://h/base").unwrap());
        assert_eq!(GatewayUrl::parse("http://h/").unwrap(), GatewayUrl::parse("http://h").unwrap());
    }

    #[test]
    fn the_socket_has_the_scheme_that_fits() {
        assert_eq!(GatewayUrl::parse("https://h:9").unwrap().socket().as_str(), "wss://h:9/v1/ws");
        assert_eq!(GatewayUrl::parse("http://h").unwrap().socket().as_str(), "ws://h/v1/ws");
    }

    #[test]
    fn what_is_no_gateway_is_refused() {
        for bad in ["", "ftp://h", "http://", "http://u:p@h", "http://h/?token=x", "http://h/#f", "http://exa mple"] {
            assert!(GatewayUrl::parse(bad).is_err(), "{bad}");
        }
    }
}
