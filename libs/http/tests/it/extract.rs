//! Input that is not as it should be.

use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use chatapp_http::{ApiResult, IdempotencyKey, Json, LayerConfig, PageQuery, Path, Query, standard};
use chatapp_types::rooms::{CreateRoomRequest, JoinRoomRequest};
use chatapp_types::{Cursor, ErrorCode, Problem, RoomId};
use http::Request;
use http_body_util::BodyExt as _;
use serde::Deserialize;
use tower::ServiceExt as _;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Filter {
    scope: String,
    n: Option<u8>,
}

#[derive(Deserialize)]
struct Listing {
    #[serde(default)]
    q: String,
    #[serde(flatten)]
    page: PageQuery,
}

async fn list(Query(query): Query<Listing>) -> ApiResult<String> {
    let after: Option<(String, i64)> = query.page.after()?;
    Ok(format!("{} {} {after:?}", query.q, query.page.limit()))
}

fn app() -> Router {
    let router = Router::new()
        .route("/rooms", post(async |Json(room): Json<CreateRoomRequest>| room.name.to_string()))
        .route("/join", post(async |join: Option<Json<JoinRoomRequest>>| join.is_some().to_string()))
        .route("/rooms/{room_id}", get(async |Path(id): Path<RoomId>| id.to_string()))
        .route("/filter", get(async |Query(f): Query<Filter>| format!("{}{:?}", f.scope, f.n)))
        .route("/page", get(async |Query(page): Query<PageQuery>| page.limit().to_string()))
        .route("/list", get(list))
        .route("/send", post(async |IdempotencyKey(key): IdempotencyKey| key.to_string()));
    standard(router, LayerConfig::new("test"))
}

async fn answer(request: Request<Body>) -> (u16, String) {
    let response = app().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

async fn problem(request: Request<Body>) -> Problem {
    let (_, body) = answer(request).await;
    serde_json::from_str(&body).unwrap_or_else(|_| panic!("a problem: {body}"))
}

fn json(path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(path).header("content-type", "application/json; charset=utf-8").body(body.into()).unwrap()
}

fn query(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

#[tokio::test]
async fn malformed_json_is_a_400_that_says_where() {
    for body in ["", "{", "nul", "{\"name\":1,\"visibility\":\"public\"}", "\u{feff}{}", "{\"name\":\"a\"}"] {
        let problem = problem(json("/rooms", body)).await;
        assert_eq!(problem.code, ErrorCode::Malformed, "{body}");
        assert!(problem.detail.unwrap().contains("at line 1 column"), "{body}");
    }
    let invalid_utf8 = problem(json("/rooms", b"{\"name\":\"\xff\"}".to_vec())).await;
    assert_eq!(invalid_utf8.code, ErrorCode::Malformed);
    let deep = problem(json("/rooms", "[".repeat(60_000))).await;
    assert_eq!(deep.code, ErrorCode::Malformed);
}

#[tokio::test]
async fn a_list_of_the_right_values_is_no_object() {
    for body in ["[]", " \n[\"a\",\"public\"]"] {
        assert_eq!(problem(json("/rooms", body)).await.code, ErrorCode::Malformed, "{body}");
    }
}

#[tokio::test]
async fn unknown_and_doubled_fields_are_named() {
    let problem_unknown = problem(json("/rooms", r#"{"name":"a","visibility":"public","owner":"x"}"#)).await;
    assert!(problem_unknown.detail.unwrap().contains("unknown field `owner`"));
    let problem_doubled = problem(json("/rooms", r#"{"name":"a","name":"b","visibility":"public"}"#)).await;
    assert!(problem_doubled.detail.unwrap().contains("duplicate field `name`"));
}

#[tokio::test]
async fn a_well_formed_value_that_is_not_valid_is_a_422_that_names_its_field() {
    let body = format!(r#"{{"name":"{}","visibility":"public"}}"#, "x".repeat(65));
    let problem = problem(json("/rooms", body)).await;
    assert_eq!((problem.status, problem.code), (422, ErrorCode::Invalid));
    assert_eq!(problem.errors[0].field, "name");
    assert_eq!(problem.errors[0].code, "too_long");
    assert_eq!(problem.errors[0].message, "at most 64 characters");
}

#[tokio::test]
async fn only_json_is_taken() {
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "json", ""] {
        let request = Request::post("/rooms").header("content-type", content_type).body(Body::from("{}")).unwrap();
        assert_eq!(problem(request).await.code, ErrorCode::UnsupportedMediaType, "{content_type}");
    }
    let none = Request::post("/rooms").body(Body::from("{}")).unwrap();
    assert_eq!(problem(none).await.code, ErrorCode::UnsupportedMediaType);
}

#[tokio::test]
async fn an_optional_body_may_be_absent_and_must_be_good_when_present() {
    let absent = Request::post("/join").body(Body::empty()).unwrap();
    assert_eq!(answer(absent).await, (200, "false".to_owned()));
    assert_eq!(answer(json("/join", " null ")).await, (200, "false".to_owned()));
    assert_eq!(answer(json("/join", "{}")).await, (200, "true".to_owned()));
    assert_eq!(problem(json("/join", "")).await.code, ErrorCode::Malformed);
    let untyped = Request::post("/join").body(Body::from("{}")).unwrap();
    assert_eq!(problem(untyped).await.code, ErrorCode::UnsupportedMediaType);
}

#[tokio::test]
async fn a_path_id_that_is_none_names_nothing() {
    let id = RoomId::new();
    assert_eq!(answer(query(&format!("/rooms/{id}"))).await, (200, id.to_string()));
    for bad in ["1", "%00", "%ff%fe", "..%2f..%2fetc", "0192-xyz"] {
        assert_eq!(problem(query(&format!("/rooms/{bad}"))).await.code, ErrorCode::NotFound, "{bad}");
    }
}

#[tokio::test]
async fn a_bad_query_is_a_400_that_names_the_field() {
    assert_eq!(answer(query("/filter?scope=mine&n=7")).await, (200, "mineSome(7)".to_owned()));
    for (bad, told) in [("", "scope"), ("?scope=a&n=x", "n"), ("?scope=a&m=1", "m"), ("?scope=a&scope=b", "scope")] {
        let problem = problem(query(&format!("/filter{bad}"))).await;
        assert_eq!(problem.code, ErrorCode::Malformed, "{bad}");
        assert!(problem.detail.as_ref().unwrap().contains(told), "{bad}: {:?}", problem.detail);
    }
}

#[tokio::test]
async fn a_page_is_from_1_to_200_items() {
    for (path, limit) in [("/page", "50"), ("/page?limit=1", "1"), ("/page?limit=200", "200")] {
        assert_eq!(answer(query(path)).await, (200, limit.to_owned()));
    }
    for bad in ["0", "201", "-1", "4294967296"] {
        for path in ["/page", "/list"] {
            let problem = problem(query(&format!("{path}?limit={bad}"))).await;
            assert_eq!((problem.status, problem.errors[0].field.as_str()), (422, "limit"), "{path} {bad}");
        }
    }
    for bad in ["", "x", "1.5", "99999999999999999999"] {
        assert_eq!(problem(query(&format!("/page?limit={bad}"))).await.code, ErrorCode::Malformed, "{bad}");
    }
}

#[tokio::test]
async fn a_cursor_of_another_list_is_a_400() {
    let cursor = Cursor::encode(&("general", 7));
    let good = query(&format!("/list?q=x&limit=3&cursor={}", cursor.as_str()));
    assert_eq!(answer(good).await, (200, "x 3 Some((\"general\", 7))".to_owned()));
    let other = Cursor::encode(&7);
    for bad in [other.as_str(), "x", "%00", &"A".repeat(2_000)] {
        assert_eq!(problem(query(&format!("/list?cursor={bad}"))).await.code, ErrorCode::BadCursor, "{bad}");
    }
}

#[tokio::test]
async fn an_idempotency_key_is_one_uuid() {
    let key = chatapp_types::SendKey::new().to_string();
    let send = |keys: &[&str]| {
        let request = keys.iter().fold(Request::post("/send"), |request, key| request.header("idempotency-key", *key));
        request.body(Body::empty()).unwrap()
    };
    assert_eq!(answer(send(&[&key])).await, (200, key.clone()));
    for bad in [vec![], vec!["1"], vec![""], vec![key.as_str(), key.as_str()]] {
        assert_eq!(problem(send(&bad)).await.code, ErrorCode::IdempotencyKeyRequired, "{bad:?}");
    }
}
