//! Header hygiene: what a client may not say to a service, and what the gateway says instead.

use std::collections::HashSet;

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::Client;

/// Headers that belong to one connection (RFC 9110, 7.6.1) and mean nothing on the next.
const HOP_BY_HOP: [&str; 10] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-authentication-info",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What only we may say, exactly.
const OURS: [&str; 7] =
    ["forwarded", "via", "x-real-ip", "x-service-token", "x-client-ip", "x-original-url", "x-rewrite-url"];

/// What only we may say, by how it begins.
const OUR_PREFIXES: [&str; 3] = ["x-forwarded", "x-user", "x-internal"];

/// Makes a request's headers fit to be passed on: drops what belongs to the client's connection, also what its
/// `Connection` header lists, and all that only a gateway may say (with `_` for `-` too, since some frameworks take
/// the two for one); then says where the request came from.
pub(crate) fn clean_request(headers: &mut HeaderMap, client: &Client) {
    // The list is read before anything is added: a client cannot have ours dropped by naming them.
    drop_unfit(headers, is_ours);
    if let Ok(value) = HeaderValue::from_str(&client.address.to_string()) {
        headers.insert("x-forwarded-for", value);
    }
    headers.insert("x-forwarded-proto", HeaderValue::from_static(client.scheme));
    if let Some(host) = client.host.as_deref().and_then(|h| HeaderValue::from_str(h).ok()) {
        headers.insert("x-forwarded-host", host);
    }
}

/// Makes an answer's headers fit to be passed on: drops what belongs to the connection to the service.
pub(crate) fn clean_response(headers: &mut HeaderMap) {
    drop_unfit(headers, |_| false);
    headers.remove(header::SERVER);
}

fn drop_unfit(headers: &mut HeaderMap, also: impl Fn(&str) -> bool) {
    let listed = listed_by_connection(headers);
    let unfit: Vec<HeaderName> = headers
        .keys()
        .filter(|name| {
            let name = name.as_str();
            HOP_BY_HOP.contains(&name) || listed.contains(name) || also(name)
        })
        .cloned()
        .collect();
    for name in unfit {
        headers.remove(name);
    }
}

fn is_ours(name: &str) -> bool {
    let name = name.replace('_', "-");
    OURS.contains(&name.as_str()) || OUR_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

fn listed_by_connection(headers: &HeaderMap) -> HashSet<String> {
    headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn cleaned(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
        }
        let address = "203.0.113.9".parse().unwrap();
        clean_request(&mut headers, &Client { address, scheme: "https", host: Some("chat.example".into()) });
        headers
    }

    #[test]
    fn what_a_client_says_of_itself_is_dropped_in_every_spelling() {
        let forged = [
            "X-Forwarded-For",
            "x_forwarded_for",
            "X-Forwarded_Proto",
            "X-Forwarded-User",
            "Forwarded",
            "X-Real-IP",
            "x_real_ip",
            "X-User-Id",
            "X_User_Name",
            "X-Service-Token",
            "x_service_token",
            "X-Internal-Call",
        ];
        let headers = cleaned(&forged.map(|name| (name, "forged")));
        assert!(headers.values().all(|value| value != "forged"), "{headers:?}");
    }

    #[test]
    fn where_the_request_came_from_is_said_once() {
        let headers = cleaned(&[("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "2.2.2.2")]);
        let all: Vec<_> = headers.get_all("x-forwarded-for").iter().collect();
        assert_eq!(all, ["203.0.113.9"]);
        assert_eq!(headers["x-forwarded-proto"], "https");
        assert_eq!(headers["x-forwarded-host"], "chat.example");
    }

    #[test]
    fn headers_of_the_connection_and_those_it_lists_stay_behind() {
        let headers = cleaned(&[
            ("connection", "keep-alive, X-Secret-Hop"),
            ("connection", "X-Forwarded-For"),
            ("x-secret-hop", "1"),
            ("keep-alive", "timeout=5"),
            ("te", "trailers"),
            ("upgrade", "h2c"),
            ("proxy-authorization", "Basic x"),
            ("accept", "application/json"),
        ]);
        let mut left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["accept", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"]);
        assert_eq!(headers["x-forwarded-for"], "203.0.113.9", "a client cannot have ours dropped");
    }

    #[test]
    fn an_answer_keeps_what_is_meant_for_the_client() {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", HeaderValue::from_static("3"));
        headers.insert("transfer-encoding", HeaderValue::from_static("chunked"));
        headers.insert("server", HeaderValue::from_static("x"));
        clean_response(&mut headers);
        assert_eq!(headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["retry-after"]);
    }
}
