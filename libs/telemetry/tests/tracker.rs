//! Errors that are reported elsewhere. A process has one log, so this file is one test.
#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use chatapp_telemetry::{TelemetryConfig, init};
use serde_json::Value;

type Received = Arc<Mutex<Vec<(String, String, String)>>>;

async fn receive(State(received): State<Received>, uri: Uri, headers: HeaderMap, body: String) {
    let key = headers["x-sentry-auth"].to_str().unwrap().to_owned();
    received.lock().unwrap().push((uri.path().to_owned(), key, body));
}

/// A tracker of errors, on a runtime of its own as it would be elsewhere.
fn tracker(received: &Received) -> std::net::SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().fallback(receive).with_state(received.clone());
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { axum::serve(tokio::net::TcpListener::from_std(listener).unwrap(), router).await })
    });
    address
}

#[test]
fn an_error_is_reported_once_without_secrets_and_all_of_them_before_the_end() {
    let received = Received::default();
    let dsn = format!("http://abcdef0123456789@{}/42", tracker(&received));
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("dsn");
    std::fs::write(&file, format!("{dsn}\n")).unwrap();
    let logs = dir.path().join("logs");
    let config = TelemetryConfig { dir: Some(logs), sentry_dsn_file: Some(file), ..TelemetryConfig::default() };
    let guard = init(&config, "chatapp-test").unwrap();
    for n in 0..100 {
        let _entered = tracing::error_span!("request", request.id = "req-7").entered();
        tracing::error!(
            error = "no mssql://sa:hunter2hunter2@db/chat",
            user.password = "hunter2hunter2",
            "try {n} failed"
        );
    }
    tracing::error!("another");
    let begun = Instant::now();
    drop(guard);
    assert!(begun.elapsed() < Duration::from_secs(5));

    let received = received.lock().unwrap();
    assert_eq!(received.len(), 2, "{received:?}");
    let (path, key, body) = &received[0];
    assert_eq!(path, "/api/42/envelope/");
    assert!(key.contains("sentry_key=abcdef0123456789"), "{key}");
    let event: Value = serde_json::from_str(body.lines().nth(2).unwrap()).unwrap();
    assert_eq!((&event["logentry"]["formatted"], &event["level"]), (&"try 0 failed".into(), &"error".into()));
    assert_eq!(event["exception"]["values"][0]["value"], "no mssql://[secret]@db/chat");
    assert_eq!(event["tags"]["request.id"], "req-7");
    assert!(received.iter().all(|(.., body)| !body.contains("hunter2")), "{received:?}");
}
