//! Search.

use std::sync::Arc;

use axum::extract::State;
use chatapp_http::{ApiResult, Caller, Json, Query};
use chatapp_types::auth::Scope;
use chatapp_types::messages::SearchHit;
use chatapp_types::{Cursor, ErrorCode, Page, RoomId};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::history::page_limit;
use crate::app::search::SearchQuery;
use crate::store::{MessageStore, NewSearch, SearchKey};

/// The query of a search.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct SearchParams {
    /// Words that all have to be in the message, in any order, whatever their case and accents; the last one may be
    /// the beginning of a word.
    #[param(min_length = 1, max_length = 200)]
    q: String,
    /// In this room alone.
    room_id: Option<RoomId>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>, max_length = 1024)]
    cursor: Option<Cursor>,
    /// Finds of the page at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
}

/// Search messages.
///
/// In one room, or in all rooms that one is in, as far back as one may read them. Newest first. Nothing in `q` is
/// syntax. A page may be short, even empty, and yet not the last: that is the one without `next_cursor`.
#[utoipa::path(
    get,
    path = "/v1/search",
    tag = "messages",
    params(SearchParams),
    responses((status = 200, description = "A page of finds.", body = Page<SearchHit>))
)]
pub(super) async fn search_messages(
    State(store): State<Arc<dyn MessageStore>>,
    caller: Caller,
    Query(params): Query<SearchParams>,
) -> ApiResult<Json<Page<SearchHit>>> {
    caller.require(Scope::Read)?;
    let query = SearchQuery::parse(&params.q)?;
    let limit = page_limit(params.limit)?;
    let after = params.cursor.as_ref().map(SearchKey::decode).transpose().map_err(|_| ErrorCode::BadCursor)?;
    let search = NewSearch { reader: caller.user, query, room: params.room_id, after, limit };
    Ok(Json(store.search(search).await?))
}
