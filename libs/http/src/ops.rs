//! What operators ask: is it alive, is it ready, what does it count, what went wrong, which build is it; and how much it
//! logs. Served on a port of its own, never through the gateway.

mod log_level;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::{Router, routing::get};
use chatapp_metrics::READINESS;
use chatapp_telemetry::{Control, ErrorRecord};
use futures::future::{BoxFuture, FutureExt as _, join_all};
use http::{StatusCode, header};
use serde::Serialize;

use crate::Json;

/// A check that takes longer has failed.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// Whether one thing that the service needs is there; the error says what is wrong, without secrets.
pub type ReadyCheck = Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// What the operations port serves.
#[derive(Clone)]
pub struct OpsState {
    /// The service's name.
    pub service: &'static str,
    /// Its version.
    pub version: &'static str,
    /// Which build it is.
    pub build: Build,
    /// Its log and its errors.
    pub telemetry: Control,
    /// What must be there before the service can work, by name.
    pub ready: Vec<(&'static str, ReadyCheck)>,
}

/// Which build of the service runs.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Build {
    /// The commit, or the profile for a development build.
    pub commit: &'static str,
    /// The compiler's version.
    pub rustc: &'static str,
    /// `debug` or `release`.
    pub profile: &'static str,
    /// What it was built for.
    pub target: &'static str,
}

/// A [`ReadyCheck`] from an async closure.
pub fn check<F, Fut>(check: F) -> ReadyCheck
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), String>> + Send + 'static,
{
    Arc::new(move || check().boxed())
}

/// The paths, and what each is for.
const INDEX: [(&str, &str); 6] = [
    ("/livez", "200 while the process can answer"),
    ("/readyz", "200 when it can do its work, else 503; ?verbose shows each check"),
    ("/metrics", "what it counts, as OpenMetrics text, which Prometheus reads"),
    ("/errors", "what went wrong, each kind once, the last seen first"),
    (
        "/log-level",
        "what is logged; PUT {\"filter\":\"info,chatapp_auth=debug\",\"for_seconds\":600} or the filter as text",
    ),
    ("/build-info", "which build this is"),
];

/// `/livez` (200 while the process can answer), `/readyz` (200 or 503; with `?verbose` each check's result), `/metrics`
/// (OpenMetrics text), `/errors`, `/log-level` (also `PUT`), `/build-info`, and a list of them at `/`.
pub fn router(state: OpsState) -> Router {
    Router::new()
        .route("/", get(show_index))
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(show_metrics))
        .route("/errors", get(list_errors))
        .route("/log-level", get(log_level::show_log_level).put(log_level::change_log_level))
        .route("/build-info", get(show_build_info))
        .with_state(Arc::new(state))
}

async fn show_index(State(state): State<Arc<OpsState>>) -> Response {
    let paths: std::collections::BTreeMap<_, _> = INDEX.into_iter().collect();
    Json(serde_json::json!({"service": state.service, "version": state.version, "paths": paths})).into_response()
}

async fn list_errors(State(state): State<Arc<OpsState>>) -> Json<Vec<ErrorRecord>> {
    Json(state.telemetry.errors.list())
}

#[derive(Serialize)]
struct BuildInfo {
    service: &'static str,
    version: &'static str,
    #[serde(flatten)]
    build: Build,
}

async fn show_build_info(State(state): State<Arc<OpsState>>) -> Response {
    Json(BuildInfo { service: state.service, version: state.version, build: state.build }).into_response()
}

#[derive(Serialize)]
struct Readiness {
    service: &'static str,
    version: &'static str,
    ready: bool,
    checks: Vec<CheckResult>,
}

#[derive(Serialize)]
struct CheckResult {
    name: &'static str,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

async fn readyz(State(state): State<Arc<OpsState>>, RawQuery(query): RawQuery) -> Response {
    let checks = run_all(&state).await;
    let ready = checks.iter().all(|check| check.ok);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let verbose = query.is_some_and(|q| q.split('&').any(|pair| pair.split('=').next() == Some("verbose")));
    if verbose {
        let body = Readiness { service: state.service, version: state.version, ready, checks };
        return (status, Json(body)).into_response();
    }
    (status, if ready { "ready\n" } else { "not ready\n" }).into_response()
}

async fn run_all(state: &OpsState) -> Vec<CheckResult> {
    join_all(state.ready.iter().map(|(name, check)| run(name, check))).await
}

async fn run(name: &'static str, check: &ReadyCheck) -> CheckResult {
    let error = match tokio::time::timeout(CHECK_TIMEOUT, check()).await {
        Ok(result) => result.err(),
        Err(_) => Some("took too long".to_owned()),
    };
    CheckResult { name, ok: error.is_none(), error }
}

async fn show_metrics(State(state): State<Arc<OpsState>>) -> Response {
    state.telemetry.count();
    for check in run_all(&state).await {
        READINESS.note(check.name, check.ok);
    }
    ([(header::CONTENT_TYPE, chatapp_metrics::CONTENT_TYPE)], chatapp_metrics::encode()).into_response()
}
