//! The original's REST, passed on to the services that answer it in its own form.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use chatapp_http::layers::body_fault;
use chatapp_http::{Audience, ServiceClient};
use chatapp_types::{ErrorCode, Problem};
use http::{HeaderMap, Method, StatusCode, header};
use http_body_util::BodyExt as _;

use super::answer::{answer, not_believed, translated};
use crate::edge::{Client, bearer};
use crate::rest::{is_plain, send};
use crate::state::Gateway;

/// `/users/…`: no token needed, counted by address.
pub(super) async fn pass_to_auth(State(gateway): State<Gateway>, request: Request) -> Response {
    let client = client_of(&gateway, &request);
    let passed = async {
        gateway.limits.check_address(&client)?;
        forward(&gateway.auth, &client, request).await
    };
    finish(passed.await).await
}

/// `/chatrooms/…`.
pub(super) async fn pass_to_rooms(State(gateway): State<Gateway>, request: Request) -> Response {
    let client = client_of(&gateway, &request);
    let passed = async {
        admit(&gateway, &client, request.headers()).await?;
        forward(&gateway.rooms, &client, request).await
    };
    finish(passed.await).await
}

/// `/messages/…`. Reading needs no membership, and must never re-join.
pub(super) async fn pass_to_messages(State(gateway): State<Gateway>, request: Request) -> Response {
    let client = client_of(&gateway, &request);
    let passed = async {
        admit(&gateway, &client, request.headers()).await?;
        if request.method() == Method::POST {
            return post(&gateway, &client, request).await;
        }
        forward(&gateway.messages, &client, request).await
    };
    finish(passed.await).await
}

/// Posts. Who posts to a public room becomes its member: to one who is not, the room is not there, so one joins it, if
/// one may, and posts again. In this order a message that is refused for itself makes nobody a member.
async fn post(gateway: &Gateway, client: &Client, request: Request) -> Result<Response, Problem> {
    let joining = joining(&request)?;
    let (first, second) = twice(request).await?;
    let posted = forward(&gateway.messages, client, first).await?;
    if posted.status() != StatusCode::NOT_FOUND {
        return Ok(posted);
    }
    let joined = send(&gateway.rooms, client, joining).await?;
    if joined.status().is_success() { forward(&gateway.messages, client, second).await } else { Ok(joined) }
}

/// A request that can be sent twice. Its body has the gateway's limit around it.
async fn twice(request: Request) -> Result<(Request, Request), Problem> {
    let (parts, body) = request.into_parts();
    let unread = |err: axum::Error| body_fault(&err).unwrap_or_else(|| ErrorCode::Malformed.into());
    let bytes = body.collect().await.map_err(unread)?.to_bytes();
    let first = Request::from_parts(parts.clone(), Body::from(bytes.clone()));
    Ok((first, Request::from_parts(parts, Body::from(bytes))))
}

/// The original answered a list without its slash by the way to it.
pub(super) async fn add_slash() -> Response {
    (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, "/chatrooms/")]).into_response()
}

/// A method that a path of the original does not have.
pub(super) async fn refuse_method() -> Response {
    answer(&ErrorCode::MethodNotAllowed.into())
}

fn client_of(gateway: &Gateway, request: &Request) -> Client {
    Client::of(request.headers(), request.extensions(), &gateway.config.trusted_proxies)
}

async fn finish(result: Result<Response, Problem>) -> Response {
    match result {
        Ok(response) => translated(response).await,
        Err(problem) => answer(&problem),
    }
}

/// Refuses whoever has no token of the original interface, and counts whoever has one.
async fn admit(gateway: &Gateway, client: &Client, headers: &HeaderMap) -> Result<(), Problem> {
    let verified = match bearer(headers) {
        Some(token) => gateway.verifier.verify(token.expose(), Audience::V0).await.map_err(Problem::from),
        None => Err(not_believed(headers.contains_key(header::AUTHORIZATION))),
    };
    match verified {
        Ok(caller) => gateway.limits.check_user(caller.user),
        Err(problem) => {
            gateway.limits.check_address(client)?;
            Err(if problem.status == 401 && problem.detail.is_none() { not_believed(true) } else { problem })
        }
    }
}

/// Where the services answer the original: its own path, below one that is not reachable from outside.
fn internal_path(path: &str) -> Result<String, Problem> {
    let plain = is_plain(path.trim_start_matches('/').trim_end_matches('/'));
    if plain { Ok(format!("/internal/v0{path}")) } else { Err(ErrorCode::NotFound.into()) }
}

async fn forward(service: &ServiceClient, client: &Client, mut request: Request) -> Result<Response, Problem> {
    let path = internal_path(request.uri().path())?;
    *request.uri_mut() = path.parse().map_err(|_| Problem::new(ErrorCode::NotFound))?;
    send(service, client, request).await
}

/// The request that joins the room of a post.
fn joining(post: &Request) -> Result<Request, Problem> {
    let room = post.uri().path().strip_prefix("/messages/").unwrap_or_default();
    let path = internal_path(&format!("/chatrooms/{room}/join"))?;
    let mut joining = Request::post(path).body(Body::empty()).map_err(|_| Problem::new(ErrorCode::NotFound))?;
    if let Some(token) = post.headers().get(header::AUTHORIZATION) {
        joining.headers_mut().insert(header::AUTHORIZATION, token.clone());
    }
    Ok(joining)
}
