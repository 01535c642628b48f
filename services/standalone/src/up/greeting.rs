//! What `chatapp up` tells whoever started it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use chatapp_service::build_info;

use crate::screen::{Screen, Style};

/// What there is to tell.
pub(super) struct Greeting<'a> {
    /// Where it listens.
    pub address: SocketAddr,
    /// Whether by TLS.
    pub tls: bool,
    /// Where its data is.
    pub data: &'a Path,
    /// Where its log is; `None` for standard error.
    pub logs: Option<&'a Path>,
}

impl Greeting<'_> {
    /// The lines. The one with `listening on <URL>` is for programs too: it comes once requests are answered, and has
    /// the port that was taken.
    pub(super) fn lines(&self, screen: Screen) -> Vec<String> {
        let strong = |text: String| screen.styled(Style::Strong, text);
        let logs = self.logs.map_or_else(|| "standard error".to_owned(), |dir| dir.display().to_string());
        vec![
            format!("ChatApp {}", build_info::VERSION),
            String::new(),
            format!("  listening on {}", strong(url(self.address, self.tls))),
            format!("  data         {}", self.data.display()),
            format!("  logs         {logs}"),
            String::new(),
            "Type next, in another terminal:".to_owned(),
            format!("  {}", strong(format!("chat --url {}", url(reachable(self.address), self.tls)))),
            String::new(),
            screen.styled(Style::Faint, "Ctrl-C stops it."),
        ]
    }
}

/// What to tell of an address that others can reach when passwords travel in clear.
pub(super) fn clear_text_warning(address: SocketAddr, tls: bool) -> Option<String> {
    (!tls && !address.ip().is_loopback()).then(|| {
        format!(
            "warning: {address} can be reached from other machines, and there is no TLS: passwords travel in clear.\n\
             Give --tls-cert and --tls-key, or let a proxy with TLS stand before it (see --trusted-proxies)."
        )
    })
}

fn url(address: SocketAddr, tls: bool) -> String {
    format!("{}://{address}", if tls { "https" } else { "http" })
}

/// An address that one can call, for one that stands for all of the machine's.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(address: &str, tls: bool) -> String {
        let greeting = Greeting { address: address.parse().unwrap(), tls, data: Path::new("/data"), logs: None };
        greeting.lines(Screen::plain()).join("\n")
    }

    #[test]
    fn the_line_with_the_address_can_be_read_by_a_program() {
        let text = lines("127.0.0.1:40123", false);
        assert!(text.lines().any(|line| line.trim() == "listening on http://127.0.0.1:40123"), "{text}");
        assert!(text.contains("chat --url http://127.0.0.1:40123"), "{text}");
    }

    #[test]
    fn what_to_type_can_be_typed_for_an_address_that_stands_for_all() {
        let text = lines("0.0.0.0:8000", true);
        assert!(text.contains("listening on https://0.0.0.0:8000"), "{text}");
        assert!(text.contains("chat --url https://127.0.0.1:8000"), "{text}");
    }

    #[test]
    fn only_a_public_address_without_tls_is_warned_of() {
        let warned = |address: &str, tls| clear_text_warning(address.parse().unwrap(), tls).is_some();
        assert!(warned("0.0.0.0:8000", false));
        assert!(!warned("0.0.0.0:8000", true));
        assert!(!warned("127.0.0.1:8000", false));
        assert!(!warned("[::1]:8000", false));
    }
}
