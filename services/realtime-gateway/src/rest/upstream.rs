//! Which service a path belongs to. What is not on this list does not exist outside.

/// The services behind the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Upstream {
    /// Accounts and sessions.
    Auth,
    /// Rooms and members.
    Rooms,
    /// Messages and history.
    Messages,
}

/// The service of a public path of version 1; `None` for every other path.
///
/// The path is taken as it was sent. One that could be read in two ways (`..`, also encoded, `//`, a backslash) belongs to
/// nobody: what decides here and what serves it there must read the same. An encoded slash is part of a name to both.
pub(crate) fn upstream_of(path: &str) -> Option<Upstream> {
    if path == "/.well-known/jwks.json" {
        return Some(Upstream::Auth);
    }
    let rest = path.strip_prefix("/v1/")?;
    if !is_plain(rest) {
        return None;
    }
    let mut segments = rest.split('/');
    let (first, second, third) = (segments.next()?, segments.next(), segments.next());
    match (first, second, third) {
        ("auth" | "users", Some(_), _) => Some(Upstream::Auth),
        // First: a room may have any name, also one of the words below.
        ("rooms", Some("by-name"), _) | ("join", None, _) => Some(Upstream::Rooms),
        ("unread" | "search", None, _) | ("rooms", Some(_), Some("messages" | "timeline" | "read")) => {
            Some(Upstream::Messages)
        }
        ("rooms", ..) => Some(Upstream::Rooms),
        _ => None,
    }
}

/// Whether the rest of a path has one reading.
pub(crate) fn is_plain(path: &str) -> bool {
    let moves = |segment: &str| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    !path.contains('\\') && path.split('/').all(|segment| !segment.is_empty() && !moves(segment))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_public_path_has_its_service() {
        let id = "0193a5b0-0000-7000-8000-000000000001";
        let of = |path: &str| upstream_of(&path.replace("{id}", id));
        for path in ["/v1/auth/login", "/v1/auth/sessions/{id}", "/v1/users/me/tokens", "/.well-known/jwks.json"] {
            assert_eq!(of(path), Some(Upstream::Auth), "{path}");
        }
        for path in [
            "/v1/rooms/{id}/messages",
            "/v1/rooms/{id}/messages/{id}",
            "/v1/rooms/{id}/timeline",
            "/v1/rooms/{id}/read",
            "/v1/unread",
            "/v1/search",
        ] {
            assert_eq!(of(path), Some(Upstream::Messages), "{path}");
        }
        for path in [
            "/v1/rooms",
            "/v1/rooms/{id}",
            "/v1/rooms/by-name/messages",
            "/v1/rooms/by-name/a%2Fb%20v1.2;c",
            "/v1/rooms/{id}/members/messages",
            "/v1/rooms/{id}/secret_code",
            "/v1/join",
        ] {
            assert_eq!(of(path), Some(Upstream::Rooms), "{path}");
        }
    }

    #[test]
    fn what_is_internal_or_unknown_belongs_to_nobody() {
        for path in [
            "/internal/heads",
            "/v1/internal/heads",
            "/metrics",
            "/livez",
            "/readyz",
            "/v1",
            "/v1/",
            "/v1/ws",
            "/v1/auth",
            "/v1/auth/",
            "/v2/rooms",
            "/internal/v0/users/login",
            "/v1/unread/x",
            "/v1/join/x",
        ] {
            assert_eq!(upstream_of(path), None, "{path}");
        }
    }

    #[test]
    fn a_path_with_two_readings_belongs_to_nobody() {
        for path in [
            "/v1/rooms/../../internal/heads",
            "/v1/rooms/%2e%2e/%2E%2E/internal/heads",
            "/v1/rooms//messages",
            "/v1/users/./me",
            "/v1/rooms/a\\..\\internal",
            "/v1/rooms/.%2E/x",
            "//internal",
        ] {
            assert_eq!(upstream_of(path), None, "{path}");
        }
    }
}
