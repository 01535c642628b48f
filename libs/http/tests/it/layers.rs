//! What surrounds a handler.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use axum::routing::{get, post};
use bytes::Bytes;
use chatapp_http::{ApiError, Json, LayerConfig, standard};
use chatapp_types::{ErrorCode, Problem};
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

fn app() -> Router {
    let router = Router::new()
        .route("/", get(async || "hello"))
        .route("/cached", get(async || ([(header::CACHE_CONTROL, "max-age=60")], "hello")))
        .route("/refused", get(async || ApiError::from(ErrorCode::RoomNotFound)))
        .route("/panics", get(async || -> &str { panic!("secret of the panic") }))
        .route("/never", get(std::future::pending::<()>).post(async |_: Bytes| std::future::pending::<()>().await))
        .route(
            "/unknown",
            post(async |_: Request<Body>| ApiError::from(Problem::new(ErrorCode::Unavailable).with_unknown_outcome())),
        )
        .route("/json", post(async |Json(body): Json<Value>| Json(body)))
        .route("/plain", get(async || (StatusCode::BAD_REQUEST, "a library's own words")))
        .route("/own", get(async || (StatusCode::CONFLICT, Json(serde_json::json!({ "error": "own" })))));
    standard(router, LayerConfig::new("test").body_limit(1_000).timeout(Duration::from_millis(200)))
}

async fn send(request: Request<Body>) -> Response {
    app().oneshot(request).await.unwrap()
}

async fn get_path(path: &str) -> Response {
    send(Request::get(path).body(Body::empty()).unwrap()).await
}

async fn problem(response: Response) -> Problem {
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    let status = response.status().as_u16();
    let problem: Problem = serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap();
    assert_eq!(problem.status, status);
    problem
}

#[tokio::test]
async fn no_answer_may_be_stored_unless_its_handler_says_so() {
    for path in ["/", "/refused", "/nothing", "/panics", "/plain", "/own"] {
        let response = get_path(path).await;
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store", "{path}");
        assert_eq!(response.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
    }
    assert_eq!(get_path("/cached").await.headers()[header::CACHE_CONTROL], "max-age=60");
}

#[tokio::test]
async fn a_problem_names_its_path_and_its_request() {
    let request = Request::get("/refused?token=secret").header("x-request-id", "req-7").body(Body::empty()).unwrap();
    let response = send(request).await;
    assert_eq!(response.headers()["x-request-id"], "req-7");
    let problem = problem(response).await;
    assert_eq!(problem.code, ErrorCode::RoomNotFound);
    assert_eq!(problem.instance.as_deref(), Some("/refused"), "without the query");
    assert_eq!(problem.trace_id.as_deref(), Some("req-7"));
}

#[tokio::test]
async fn a_request_without_an_id_gets_one() {
    let first = get_path("/").await.headers()["x-request-id"].clone();
    assert_eq!(first.len(), 36);
    assert_ne!(first, get_path("/").await.headers()["x-request-id"]);
}

#[tokio::test]
async fn an_unknown_path_and_a_wrong_method_are_problems() {
    let problem_404 = problem(get_path("/nothing").await).await;
    assert_eq!((problem_404.code, problem_404.instance.as_deref()), (ErrorCode::NotFound, Some("/nothing")));
    let response = send(Request::delete("/json").body(Body::empty()).unwrap()).await;
    assert_eq!(response.headers()[header::ALLOW], "POST");
    assert_eq!(problem(response).await.code, ErrorCode::MethodNotAllowed);
}

#[tokio::test]
async fn a_librarys_refusal_becomes_a_problem_and_a_handlers_own_body_stays() {
    assert_eq!(problem(get_path("/plain").await).await.code, ErrorCode::Malformed);
    let response = get_path("/own").await;
    assert_eq!(response.status(), 409);
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), r#"{"error":"own"}"#);
}

#[tokio::test]
async fn a_panic_is_a_500_without_internals() {
    let problem = problem(get_path("/panics").await).await;
    assert_eq!(problem.code, ErrorCode::Internal);
    assert!(!serde_json::to_string(&problem).unwrap().contains("secret"));
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_whether_it_says_so_or_not() {
    let post = || Request::post("/json").header("content-type", "application/json");
    let long = format!("\"{}\"", "x".repeat(1_000));
    let announced = send(post().body(Body::from(long.clone())).unwrap()).await;
    assert_eq!(problem(announced).await.code, ErrorCode::TooLarge);
    let pieces = long.into_bytes().chunks(100).map(|piece| Ok::<_, std::io::Error>(piece.to_vec())).collect::<Vec<_>>();
    let streamed = send(post().body(Body::from_stream(futures::stream::iter(pieces))).unwrap()).await;
    assert_eq!(problem(streamed).await.code, ErrorCode::TooLarge);
    let at_the_limit = format!("\"{}\"", "x".repeat(998));
    assert_eq!(send(post().body(Body::from(at_the_limit)).unwrap()).await.status(), 200);
}

#[tokio::test]
async fn five_megabytes_are_refused_before_a_byte_is_read() {
    let unread = futures::stream::poll_fn(|_| -> std::task::Poll<Option<Result<Bytes, std::io::Error>>> {
        panic!("the body was read")
    });
    let sized = http_body_util::combinators::UnsyncBoxBody::new(Sized5Mb(Body::from_stream(unread)));
    let request = Request::post("/json").header("content-type", "application/json").body(Body::new(sized)).unwrap();
    assert_eq!(problem(send(request).await).await.code, ErrorCode::TooLarge);
}

/// A body that says it has 5 MB.
struct Sized5Mb(Body);

impl http_body::Body for Sized5Mb {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, axum::Error>>> {
        std::pin::Pin::new(&mut self.0).poll_frame(cx)
    }

    fn size_hint(&self) -> http_body::SizeHint {
        http_body::SizeHint::with_exact(5_000_000)
    }
}

#[tokio::test]
async fn a_handler_that_takes_too_long_leaves_a_writes_fate_open_and_no_reads() {
    let read = problem(get_path("/never").await).await;
    assert_eq!((read.code, read.outcome, read.retry_after_s), (ErrorCode::Timeout, None, Some(1)));
    for body in [Body::empty(), Body::from("{}")] {
        let request = Request::builder().method(Method::POST).uri("/never").body(body).unwrap();
        let write = problem(send(request).await).await;
        assert_eq!(write.code, ErrorCode::Timeout);
        assert!(write.outcome.is_some(), "it may have happened");
    }
}

#[tokio::test]
async fn what_was_done_with_half_a_body_is_nothing_and_not_unknown() {
    let half = futures::stream::once(async { Ok::<_, std::io::Error>(Bytes::from_static(b"{")) });
    let half = Body::from_stream(futures::StreamExt::chain(half, futures::stream::pending()));
    let unsent = problem(send(Request::post("/unknown").body(half).unwrap()).await).await;
    assert_eq!(unsent.outcome, None);
    let whole = problem(send(Request::post("/unknown").body(Body::empty()).unwrap()).await).await;
    assert!(whole.outcome.is_some());
}
