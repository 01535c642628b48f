//! Calls between services, in one process and over a socket: the same tests for both.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::FromRef;
use axum::routing::{get, post};
use bytes::Bytes;
use chatapp_http::{
    ApiError, CallError, Json, LayerConfig, MasterSecret, ServerConfig, ServiceCaller, ServiceClient, ServiceGate,
    ServiceKeys, standard,
};
use chatapp_types::{ErrorCode, SystemClock};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use crate::wire::Server;

#[derive(Clone, FromRef)]
struct State {
    gate: Arc<ServiceGate>,
}

fn rooms(keys: Arc<ServiceKeys>) -> Router {
    let gate = Arc::new(ServiceGate::new(keys, "rooms", Arc::new(SystemClock)));
    let router = Router::new()
        .route("/internal/echo", post(async |_: ServiceCaller, Json(body): Json<Value>| Json(body)))
        .route("/internal/headers", get(show_headers))
        .route("/internal/nothing", post(async |_: ServiceCaller| StatusCode::NO_CONTENT))
        .route("/internal/refuses", post(async |_: ServiceCaller| ApiError::from(ErrorCode::UserBlocked)))
        .route("/internal/long", get(async |_: ServiceCaller| vec![b'x'; 1_000_000]))
        .route("/internal/size", post(async |_: ServiceCaller, body: Bytes| body.len().to_string()))
        .with_state(State { gate });
    standard(router, LayerConfig::new("rooms").body_limit(2_000_000))
}

async fn show_headers(_: ServiceCaller, headers: HeaderMap, uri: http::Uri) -> Json<Value> {
    let get = |name: &str| headers.get_all(name).iter().map(|v| v.to_str().unwrap().to_owned()).collect::<Vec<_>>();
    Json(json!({
        "authorization": get("authorization"),
        "service_tokens": get("x-service-token").len(),
        "request_ids": get("x-request-id"),
        "query": uri.query(),
    }))
}

/// The same service, near and far.
async fn both() -> (Vec<ServiceClient>, Server) {
    let keys = Arc::new(ServiceKeys::new(&MasterSecret::generate()));
    let router = rooms(keys.clone());
    let server = Server::start(router.clone(), ServerConfig::default()).await;
    let base = format!("http://{}/", server.address);
    let near = ServiceClient::local("rooms", router, keys.clone(), Arc::new(SystemClock));
    let far = ServiceClient::remote("rooms", &base, keys, Arc::new(SystemClock)).unwrap();
    (vec![near, far], server)
}

#[tokio::test]
async fn json_goes_there_and_back() {
    let (clients, _server) = both().await;
    for client in clients {
        let answer: Value = client.post_json("/internal/echo", &json!({ "a": [1, "ü"] }), None).await.unwrap();
        assert_eq!(answer, json!({ "a": [1, "ü"] }));
        let () = client.post_json("/internal/nothing", &json!({}), None).await.unwrap();
    }
}

#[tokio::test]
async fn the_users_token_and_one_service_token_of_ours_go_along() {
    let (clients, _server) = both().await;
    for client in clients {
        let seen: Value = client.get_json("/internal/headers?a=b%20c", Some("user-token")).await.unwrap();
        assert_eq!(seen["authorization"], json!(["Bearer user-token"]));
        assert_eq!(seen["service_tokens"], 1);
        assert_eq!(seen["query"], "a=b%20c");
        let forged = Request::get("/internal/headers")
            .header("x-service-token", "forged")
            .header("x-service-token", "twice")
            .header("x-request-id", "req-1")
            .body(Body::empty())
            .unwrap();
        let response = client.send(forged).await.unwrap();
        assert_eq!(response.status(), 200, "ours replaced the forged ones");
        let seen: Value = serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap();
        assert_eq!(seen["service_tokens"], 1);
        assert_eq!(seen["request_ids"], json!(["req-1"]));
    }
}

#[tokio::test]
async fn a_refusal_is_its_problem() {
    let (clients, _server) = both().await;
    for client in clients {
        let refused = client.post_json::<_, Value>("/internal/refuses", &(), None).await;
        let Err(CallError::Problem(problem)) = refused else { panic!("{refused:?}") };
        assert_eq!((problem.code, problem.status), (ErrorCode::UserBlocked, 409));
        assert_eq!(problem.instance.as_deref(), Some("/internal/refuses"));
        let absent = client.get_json::<Value>("/internal/absent", None).await;
        assert!(matches!(absent, Err(CallError::Problem(problem)) if problem.code == ErrorCode::NotFound));
    }
}

#[tokio::test]
async fn an_answer_that_is_not_what_was_expected_is_a_bug_and_not_a_panic() {
    let (clients, _server) = both().await;
    for client in clients {
        let answer = client.get_json::<Value>("/internal/long", None).await;
        assert!(matches!(answer, Err(CallError::Problem(problem)) if problem.code == ErrorCode::Internal));
        let answer = client.get_json::<Value>("/internal/no such uri", Some("to\nken")).await;
        assert!(matches!(answer, Err(CallError::Problem(problem)) if problem.code == ErrorCode::Internal));
    }
}

#[tokio::test]
async fn long_bodies_are_streamed_both_ways() {
    let (clients, _server) = both().await;
    for client in clients {
        let pieces = (0..100).map(|_| Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; 10_000])));
        let body = Body::from_stream(futures::stream::iter(pieces.collect::<Vec<_>>()));
        let response = client.send(Request::post("/internal/size").body(body).unwrap()).await.unwrap();
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "1000000");
        let response = client.send(Request::get("/internal/long").body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes().len(), 1_000_000);
    }
}

#[tokio::test]
async fn a_service_that_is_away_was_sent_nothing() {
    let (clients, server) = both().await;
    server.end().await;
    let far = &clients[1];
    let read = far.get_json::<Value>("/internal/headers", None).await;
    assert!(matches!(read, Err(CallError::Unavailable { sent: false })), "{read:?}");
    let write = far.post_json::<_, Value>("/internal/echo", &json!({}), None).await;
    assert!(matches!(write, Err(CallError::Unavailable { sent: false })), "{write:?}");
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_may_have_happened() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut some = [0; 16];
            let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut some).await;
        }
    });
    let keys = Arc::new(ServiceKeys::new(&MasterSecret::generate()));
    let client = ServiceClient::remote("rooms", &base, keys, Arc::new(SystemClock)).unwrap();
    let write = client.post_json::<_, Value>("/x", &json!({}), None).await;
    assert!(matches!(write, Err(CallError::Unavailable { sent: true })), "{write:?}");
    let problem = chatapp_types::Problem::from(write.unwrap_err());
    assert_eq!((problem.status, problem.outcome), (503, Some(chatapp_types::Outcome::Unknown)));
    let read = client.get_json::<Value>("/x", None).await;
    assert!(matches!(read, Err(CallError::Unavailable { sent: false })), "{read:?}");
}

#[tokio::test]
async fn a_base_url_that_is_none_is_refused_at_the_start() {
    for bad in ["", "auth:8001", "ftp://auth", "http://"] {
        let keys = Arc::new(ServiceKeys::new(&MasterSecret::generate()));
        assert!(ServiceClient::remote("auth", bad, keys, Arc::new(SystemClock)).is_err(), "{bad}");
    }
}
