//! REST, passed on to the services and back.

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use chatapp_http::{ApiError, Audience, ServiceClient};
use chatapp_types::{ErrorCode, Problem};

use super::upstream::{Upstream, upstream_of};
use crate::edge::{Client, admit, clean_request, clean_response};
use crate::state::Gateway;

/// Every path that the gateway does not serve itself.
pub(crate) async fn pass_on(State(gateway): State<Gateway>, request: Request) -> Response {
    match forward(&gateway, request).await {
        Ok(response) => response,
        Err(problem) => ApiError::from(problem).into_response(),
    }
}

async fn forward(gateway: &Gateway, mut request: Request) -> Result<Response, Problem> {
    let service = match upstream_of(request.uri().path()).ok_or(ErrorCode::NotFound)? {
        Upstream::Auth => &gateway.auth,
        Upstream::Rooms => &gateway.rooms,
        Upstream::Messages => &gateway.messages,
    };
    let client = Client::of(request.headers(), request.extensions(), &gateway.config.trusted_proxies);
    admit(gateway, &client, request.headers_mut(), Audience::App).await?;
    send(service, &client, request).await
}

/// Sends a request on, with clean headers both ways. A service that does not answer is a 503, which says so where a
/// write may have happened.
pub(crate) async fn send(service: &ServiceClient, client: &Client, request: Request) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    clean_request(&mut parts.headers, client);
    // What the server and the router know of the connection is not the next router's.
    parts.extensions.clear();
    let mut response = service.send(Request::from_parts(parts, body)).await.map_err(Problem::from)?;
    clean_response(response.headers_mut());
    Ok(response)
}
