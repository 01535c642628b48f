//! What a request leaves in the log.

use std::io;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::routing::get;
use axum::{Json, Router};
use chatapp_http::{ApiError, Caller, LayerConfig, standard};
use http::Request;
use tower::ServiceExt as _;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::signing::Bench;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Everything that is logged, down to the finest, while one request is served.
async fn logged(app: Router, request: Request<Body>) -> String {
    let log = Log::default();
    let subscriber =
        tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false).with_max_level(LevelFilter::TRACE).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    app.oneshot(request).await.unwrap();
    log.text()
}

fn app(bench: &Bench) -> Router {
    let router = Router::new()
        .route("/v1/rooms/{room}", get(async |caller: Caller| Json(caller.username)))
        .route("/broken", get(async || ApiError::internal(io::Error::other("the disk is full"))))
        .with_state(bench.verifier.clone());
    standard(router, LayerConfig::new("rooms"))
}

#[tokio::test]
async fn a_request_is_one_line_without_query_token_or_path_values() {
    let bench = Bench::new();
    let token = bench.token();
    let request = Request::get(format!("/v1/rooms/hidden-room?token={token}&q=hidden-query"))
        .header("authorization", format!("Bearer {token}"))
        .header("cookie", "hidden-cookie")
        .header("x-request-id", "req-9")
        .body(Body::empty())
        .unwrap();
    let log = logged(app(&bench), request).await;
    assert_eq!(log.matches("request answered").count(), 1, "{log}");
    for told in
        ["http.request.method=\"GET\"", "http.route=\"/v1/rooms/{room}\"", "http.status=200", "duration_ms=", "req-9"]
    {
        assert!(log.contains(told), "{told} in {log}");
    }
    let signature = token.rsplit('.').next().unwrap();
    for hidden in [signature, token.split('.').next().unwrap(), "hidden-", "Bearer"] {
        assert!(!log.contains(hidden), "{hidden} in {log}");
    }
}

#[tokio::test]
async fn a_refused_token_is_not_logged_either() {
    let bench = Bench::new();
    let token = format!("{}x", bench.token());
    let request = Request::get("/v1/rooms/r").header("authorization", format!("Bearer {token}"));
    let log = logged(app(&bench), request.body(Body::empty()).unwrap()).await;
    assert!(log.contains("http.status=401"), "{log}");
    assert!(!log.contains(&token[token.len() - 20..]), "{log}");
}

#[tokio::test]
async fn a_request_cannot_forge_a_line() {
    let bench = Bench::new();
    let request = Request::builder()
        .method("FORGED")
        .uri("/no%0Asuch%1B[31mpath")
        .header("x-request-id", "a b\tforged")
        .body(Body::empty())
        .unwrap();
    let log = logged(app(&bench), request).await;
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(log.contains("http.request.method=\"_OTHER\"") && log.contains("http.route=\"none\""), "{log}");
    for forged in ["FORGED", "forged", "such", "\u{1b}"] {
        assert!(!log.contains(forged), "{forged} in {log}");
    }
}

#[tokio::test]
async fn an_internal_error_is_logged_with_its_cause_and_its_request() {
    let bench = Bench::new();
    let request = Request::get("/broken").header("x-request-id", "req-3").body(Body::empty()).unwrap();
    let log = logged(app(&bench), request).await;
    let line = log.lines().find(|line| line.contains("the disk is full")).expect("the cause is logged");
    assert!(line.contains("req-3"), "{line}");
}

#[tokio::test]
async fn a_request_that_names_a_trace_is_found_by_it_and_a_forged_name_is_not_written() {
    let bench = Bench::new();
    let named = |value: &str| Request::get("/broken").header("traceparent", value).body(Body::empty()).unwrap();
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let log = logged(app(&bench), named(&format!("00-{trace}-00f067aa0ba902b7-00"))).await;
    assert!(
        log.lines().count() > 1 && log.lines().all(|line| line.contains(&format!("trace.id=\"{trace}\""))),
        "{log}"
    );
    let log = logged(app(&bench), named("00-forged-00f067aa0ba902b7-00")).await;
    assert!(!log.contains("forged") && !log.contains("trace.id="), "{log}");
}

#[tokio::test]
async fn a_request_that_its_client_gave_up_is_logged() {
    let never = Router::new().route("/", get(std::future::pending::<()>));
    let app = standard(never, LayerConfig::new("rooms"));
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let served = app.oneshot(Request::get("/").body(Body::empty()).unwrap());
    assert!(futures::FutureExt::now_or_never(served).is_none());
    assert!(log.text().contains("http.status=499"), "{}", log.text());
}
