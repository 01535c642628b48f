//! A service behind a URL.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response};
use http::{HeaderMap, HeaderName, header};
use http_body::Body as _;

use super::{CALL_TIMEOUT, CallError};
use crate::BoxError;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Less than a server's patience with a connection that does nothing, so that none is used as it is being closed.
const IDLE_CONNECTION: Duration = Duration::from_secs(4);

/// Headers that belong to one connection and mean nothing on the next.
const CONNECTION_HEADERS: [HeaderName; 6] = [
    header::CONNECTION,
    header::TRANSFER_ENCODING,
    header::TE,
    header::TRAILER,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
];

pub(super) struct Remote {
    http: reqwest::Client,
    base: reqwest::Url,
}

impl Remote {
    pub(super) fn new(base_url: &str) -> Result<Self, BoxError> {
        let base = reqwest::Url::parse(base_url)?;
        if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() {
            return Err("not an http or https URL".into());
        }
        let builder = reqwest::Client::builder();
        // Without TLS nobody's certificate counts, and a machine may have none: a small image of a container.
        let builder = if base.scheme() == "http" { builder.tls_certs_only([]) } else { builder };
        let http = builder
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(CALL_TIMEOUT)
            .pool_idle_timeout(IDLE_CONNECTION)
            .tcp_nodelay(true)
            // Services call each other directly, and follow nobody elsewhere.
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .build()?;
        Ok(Self { http, base })
    }

    pub(super) async fn send(&self, request: Request<Body>) -> Result<Response<Body>, CallError> {
        let (parts, body) = request.into_parts();
        let read = parts.method.is_safe();
        let mut url = self.base.clone();
        url.set_path(&format!("{}{}", self.base.path().trim_end_matches('/'), parts.uri.path()));
        url.set_query(parts.uri.query());
        let mut outgoing = reqwest::Request::new(parts.method, url);
        *outgoing.headers_mut() = parts.headers;
        outgoing.headers_mut().remove(header::HOST);
        strip_connection_headers(outgoing.headers_mut());
        if !body.is_end_stream() {
            *outgoing.body_mut() = Some(reqwest::Body::wrap_stream(body.into_data_stream()));
        }
        match self.http.execute(outgoing).await {
            Ok(response) => Ok(incoming(response)),
            Err(err) => {
                let sent = !read && !err.is_connect();
                tracing::debug!(error = %crate::problem::chain(&err.without_url()), "service call failed");
                Err(CallError::Unavailable { sent })
            }
        }
    }
}

fn incoming(response: reqwest::Response) -> Response<Body> {
    let mut response = http::Response::<reqwest::Body>::from(response).map(Body::new);
    strip_connection_headers(response.headers_mut());
    response
}

fn strip_connection_headers(headers: &mut HeaderMap) {
    for name in CONNECTION_HEADERS {
        headers.remove(name);
    }
}
