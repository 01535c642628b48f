//! The description of the whole interface, put together from what each service says of its own.

use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use chatapp_http::openapi::Conventions;
use chatapp_http::{ApiError, CallError, ServiceClient};
use chatapp_types::{ErrorCode, Problem};
use http::header;
use serde_json::{Map, Value};
use tokio::sync::Mutex;
use tokio::time::Instant;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;

use crate::state::Gateway;

/// A description is asked for again when it is this old: a service may have been replaced by a newer one.
const FRESH_FOR: Duration = Duration::from_mins(1);
/// After a service did not answer it is asked again at most this often.
const AGAIN_AFTER: Duration = Duration::from_secs(2);

/// What the gateway itself serves.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "ChatApp",
        description = "Rooms, members and messages, live. Errors are `application/problem+json` with a stable `code`; \
            lists are pages with an opaque `next_cursor`. The WebSocket is described at `/v1/ws`.",
        license(name = "MIT", identifier = "MIT")
    ),
    paths(super::ws::open_socket, super::root::show_root, get_openapi),
    components(schemas(chatapp_types::Limits, chatapp_types::Entry)),
    modifiers(&Conventions),
    tags((name = "gateway", description = "The live socket and this description."))
)]
struct GatewayApi;

/// The gateway's own part of the description.
pub(crate) fn own() -> OpenApi {
    GatewayApi::openapi()
}

#[derive(Default)]
struct Kept {
    /// The last whole description.
    merged: Option<(Bytes, Instant)>,
    failed_at: Option<Instant>,
}

/// The merged description, and where it comes from.
#[derive(Default)]
pub(crate) struct Description(Mutex<Kept>);

impl Description {
    /// The description. When a service is away the last one serves; without one it is 503.
    async fn get(&self, gateway: &Gateway) -> Result<Bytes, Problem> {
        let mut kept = self.0.lock().await;
        let fresh = kept.merged.as_ref().filter(|(_, at)| at.elapsed() < FRESH_FOR);
        if let Some((bytes, _)) = fresh {
            return Ok(bytes.clone());
        }
        let old = kept.merged.as_ref().map(|(bytes, _)| bytes.clone());
        if kept.failed_at.is_some_and(|at| at.elapsed() < AGAIN_AFTER) {
            return old.ok_or_else(|| ErrorCode::Unavailable.into());
        }
        match merge(gateway).await {
            Ok(bytes) => {
                *kept = Kept { merged: Some((bytes.clone(), Instant::now())), failed_at: None };
                Ok(bytes)
            }
            Err(err) => {
                kept.failed_at = Some(Instant::now());
                old.ok_or_else(|| Problem::from(err))
            }
        }
    }
}

async fn merge(gateway: &Gateway) -> Result<Bytes, CallError> {
    let ask = |service: &ServiceClient| {
        let service = service.clone();
        async move { service.get_json::<Value>("/internal/openapi.json", None).await }
    };
    let (auth, rooms, messages) = tokio::try_join!(ask(&gateway.auth), ask(&gateway.rooms), ask(&gateway.messages))?;
    let mut whole = serde_json::to_value(own()).unwrap_or_default();
    for part in [auth, rooms, messages] {
        add(&mut whole, part);
    }
    Ok(serde_json::to_vec(&whole).unwrap_or_default().into())
}

/// Adds a part's paths, components and tags. What the whole has already stays: parts agree on what they share.
fn add(whole: &mut Value, part: Value) {
    let Value::Object(mut part) = part else { return };
    for section in ["paths", "components"] {
        if let (Some(into), Some(from)) = (section_of(whole, section), part.remove(section)) {
            add_missing(into, from);
        }
    }
    let Some(Value::Array(tags)) = part.remove("tags") else { return };
    if let Some(Value::Array(into)) = whole.get_mut("tags") {
        for tag in tags {
            if !into.iter().any(|known| known.get("name") == tag.get("name")) {
                into.push(tag);
            }
        }
    }
}

fn section_of<'v>(whole: &'v mut Value, section: &str) -> Option<&'v mut Map<String, Value>> {
    whole.as_object_mut()?.entry(section).or_insert_with(|| Value::Object(Map::new())).as_object_mut()
}

fn add_missing(into: &mut Map<String, Value>, from: Value) {
    let Value::Object(from) = from else { return };
    for (name, value) in from {
        match into.get_mut(&name) {
            Some(Value::Object(known)) => add_missing(known, value),
            Some(_) => {}
            None => {
                into.insert(name, value);
            }
        }
    }
}

/// The OpenAPI description of the whole interface.
#[utoipa::path(
    get, path = "/openapi.json", tag = "gateway", security(()),
    responses((status = 200, description = "OpenAPI 3.1.", content_type = "application/json"))
)]
pub(crate) async fn get_openapi(State(gateway): State<Gateway>) -> Response {
    match gateway.description.get(&gateway).await {
        Ok(bytes) => ([(header::CONTENT_TYPE, "application/json")], bytes).into_response(),
        Err(problem) => ApiError::from(problem).into_response(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn parts_add_up_and_what_they_share_stands_once() {
        let mut whole = serde_json::to_value(own()).unwrap();
        add(
            &mut whole,
            json!({
                "paths": {"/v1/rooms": {"get": {"operationId": "list_rooms"}}},
                "components": {"schemas": {"Room": {"type": "object"}, "Problem": {"type": "string"}}},
                "tags": [{"name": "rooms"}, {"name": "gateway"}],
            }),
        );
        assert!(whole["paths"]["/v1/ws"]["get"].is_object());
        assert_eq!(whole["paths"]["/v1/rooms"]["get"]["operationId"], "list_rooms");
        assert_eq!(whole["components"]["schemas"]["Problem"]["type"], "object");
        assert!(whole["components"]["schemas"]["Room"].is_object());
        let names: Vec<_> = whole["tags"].as_array().unwrap().iter().map(|t| t["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["gateway", "rooms"]);
    }
}
