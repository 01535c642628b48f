//! The original interface's rooms, for the gateway to pass on: its paths, its bodies, its texts.

use axum::Router;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use chatapp_http::{ApiError, Caller, Path, ServiceCaller, V0Caller};
use chatapp_types::rooms::CreateRoomRequest;
use chatapp_types::{FieldError, Problem, RoomId, RoomName, Visibility};
use serde::{Deserialize, Serialize};

use super::rooms::compared;
use crate::app;
use crate::app::Refusal;
use crate::error::RoomsError;
use crate::state::AppState;
use crate::store::{ListScope, RoomsQuery};

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/internal/v0/chatrooms/", get(list_chatrooms).post(create_chatroom))
        .route("/internal/v0/chatrooms/{name}", get(get_chatroom))
        .route("/internal/v0/chatrooms/{name}/join", post(join_chatroom))
}

/// A room as the original shows it.
#[derive(Serialize)]
struct Chatroom {
    name: String,
    id: i64,
    /// Always empty: the original embedded the whole history here.
    messages: [(); 0],
}

impl From<chatapp_types::rooms::Room> for Chatroom {
    fn from(room: chatapp_types::rooms::Room) -> Self {
        Self { name: room.name, id: room.number, messages: [] }
    }
}

/// What the gateway needs to know of a room that was entered.
#[derive(Serialize)]
struct Entered {
    room_id: RoomId,
}

#[derive(Deserialize)]
struct NewChatroom {
    name: String,
}

type V0Result<T> = Result<axum::Json<T>, V0Error>;

/// Public rooms that do not keep the caller out, and private ones the caller is in. A name stands for one room there,
/// so of several that have it the one is listed that the name finds.
async fn list_chatrooms(State(state): State<AppState>, _: ServiceCaller, caller: V0User) -> V0Result<Vec<Chatroom>> {
    let limit = state.config.v0_list_max;
    let query = RoomsQuery { scope: ListScope::Visible, text: String::new(), after: None, limit };
    let mut rooms = state.store.list_rooms(caller.0.user, query).await?.items;
    let key = |room: &chatapp_types::rooms::Room| RoomName::norm_of(&room.name);
    rooms.sort_by_cached_key(|room| {
        (key(room), room.role.is_none(), room.visibility != Visibility::Public, room.number)
    });
    rooms.dedup_by_key(|room| key(room));
    Ok(axum::Json(rooms.into_iter().map(Chatroom::from).collect()))
}

async fn create_chatroom(
    State(state): State<AppState>,
    _: ServiceCaller,
    caller: V0User,
    body: Result<axum::Json<NewChatroom>, JsonRejection>,
) -> V0Result<Chatroom> {
    let axum::Json(NewChatroom { name }) = body.map_err(|_| V0Error::body("value is not a valid dict"))?;
    let request = CreateRoomRequest {
        name: RoomName::parse(&name).map_err(V0Error::field)?,
        topic: None,
        visibility: Visibility::Public,
        history: None,
        secret_code: None,
    };
    let made = app::create_room::create_room(&*state.store, &state.codes, &caller.0.user_ref(), request).await?;
    Ok(axum::Json(made.room.into()))
}

async fn get_chatroom(
    State(state): State<AppState>,
    _: ServiceCaller,
    caller: V0User,
    Path(name): Path<String>,
) -> V0Result<Chatroom> {
    Ok(axum::Json(state.store.get_room_by_name(caller.0.user, &compared(&name)).await?.into()))
}

/// Joins a public room unless the caller was removed or is blocked there; passes for a member of any room.
async fn join_chatroom(
    State(state): State<AppState>,
    _: ServiceCaller,
    caller: V0User,
    Path(name): Path<String>,
) -> V0Result<Entered> {
    let room_id = state.store.enter_by_name(&caller.0.user_ref(), &compared(&name)).await?;
    Ok(axum::Json(Entered { room_id }))
}

/// The caller, refused in the original's words.
struct V0User(Caller);

impl FromRequestParts<AppState> for V0User {
    type Rejection = V0Error;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Self::Rejection> {
        let shown = parts.headers.contains_key(header::AUTHORIZATION);
        match V0Caller::from_request_parts(parts, state).await {
            Ok(V0Caller(caller)) => Ok(Self(caller)),
            Err(error) if error.problem().status == 401 => {
                let detail = if shown { "Invalid token" } else { "Not authenticated" };
                Err(V0Error::new(StatusCode::UNAUTHORIZED, detail))
            }
            Err(error) => Err(V0Error::from(error.into_problem())),
        }
    }
}

/// An error as the original shows it: `{"detail": …}`, a list of fields under 422.
struct V0Error {
    status: StatusCode,
    detail: serde_json::Value,
    retry_after_s: Option<u64>,
}

impl V0Error {
    fn new(status: StatusCode, detail: &str) -> Self {
        Self { status, detail: detail.into(), retry_after_s: None }
    }

    fn body(message: &str) -> Self {
        Self::invalid(&["body"], message, "type_error.dict")
    }

    fn field(error: FieldError) -> Self {
        let FieldError { field, code, message } = error;
        Self::invalid(&["body", &field], &message, &format!("value_error.{code}"))
    }

    fn invalid(loc: &[&str], message: &str, kind: &str) -> Self {
        let detail = serde_json::json!([{ "loc": loc, "msg": message, "type": kind }]);
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, detail, retry_after_s: None }
    }
}

impl From<Problem> for V0Error {
    fn from(problem: Problem) -> Self {
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let detail = problem.detail.unwrap_or(problem.title);
        Self { status, detail: detail.into(), retry_after_s: problem.retry_after_s }
    }
}

impl From<RoomsError> for V0Error {
    fn from(error: RoomsError) -> Self {
        match error {
            RoomsError::Refused(Refusal::RoomNotFound | Refusal::Blocked | Refusal::NotAMember) => {
                Self::new(StatusCode::NOT_FOUND, "Chat room not found")
            }
            RoomsError::Refused(Refusal::RoomNameTaken) => {
                Self::new(StatusCode::BAD_REQUEST, "Chat room already exists")
            }
            RoomsError::Refused(Refusal::Invalid(error)) => Self::field(error),
            other => ApiError::from(other).into_problem().into(),
        }
    }
}

impl IntoResponse for V0Error {
    fn into_response(self) -> Response {
        let mut response = (self.status, axum::Json(serde_json::json!({ "detail": self.detail }))).into_response();
        let retry_after_s = self.retry_after_s.or((self.status == StatusCode::SERVICE_UNAVAILABLE).then_some(1));
        if let Some(seconds) = retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
