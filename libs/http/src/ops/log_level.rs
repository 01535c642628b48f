//! The log's filter, seen and changed while the program runs.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::{ConnectInfo, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use chatapp_telemetry::{FilterChange, FilterControl, LogFilter};
use chatapp_types::{ErrorCode, Problem};
use serde::{Deserialize, Serialize};

use super::OpsState;
use crate::{ApiError, Json};

/// A change for longer than this is one of the settings.
const SECONDS_MAX: u64 = 86_400;

#[derive(Serialize)]
struct Shown {
    /// What is logged at this moment.
    filter: LogFilter,
    /// What is logged by the settings.
    configured: LogFilter,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    filter: String,
    #[serde(default)]
    for_seconds: Option<u64>,
}

pub(super) async fn show_log_level(State(state): State<Arc<OpsState>>) -> Response {
    shown(&state.telemetry.filter)
}

fn shown(control: &FilterControl) -> Response {
    Json(Shown { filter: control.get(), configured: control.configured() }).into_response()
}

/// The body is `{"filter":"info,chatapp_auth=debug","for_seconds":600}`, or the filter alone as text. With a time the
/// configured filter comes back after it, unless somebody has changed it again.
pub(super) async fn change_log_level(
    State(state): State<Arc<OpsState>>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    body: Bytes,
) -> Response {
    match change(&state.telemetry.filter, peer.map(|Extension(ConnectInfo(peer))| peer), &body) {
        Ok(()) => shown(&state.telemetry.filter),
        Err(problem) => ApiError::from(problem).into_response(),
    }
}

fn change(control: &FilterControl, peer: Option<SocketAddr>, body: &[u8]) -> Result<(), Problem> {
    let (filter, time) = read(body)?;
    let peer = peer.map(tracing::field::display);
    let for_seconds = time.map(|time| time.as_secs());
    // Before it takes effect: it may be that nothing is logged afterwards.
    tracing::warn!(client.address = peer, filter.now = %filter, filter.before = %control.get(), for_seconds, "log level is changed");
    let change = control.set(filter).map_err(|error| gone(&error))?;
    if let Some(time) = time {
        tokio::spawn(end_after(control.clone(), change, time));
    }
    Ok(())
}

async fn end_after(control: FilterControl, change: FilterChange, time: Duration) {
    tokio::time::sleep(time).await;
    if matches!(control.end(change), Ok(true)) {
        tracing::warn!(filter.now = %control.get(), "log level is the configured one again");
    }
}

fn read(body: &[u8]) -> Result<(LogFilter, Option<Duration>), Problem> {
    let wrong = |text: String| Problem::new(ErrorCode::Invalid).with_detail(text);
    let text = std::str::from_utf8(body).map_err(|_| wrong("not UTF-8".to_owned()))?.trim();
    let Change { filter, for_seconds } = if text.starts_with('{') {
        serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?
    } else {
        Change { filter: text.to_owned(), for_seconds: None }
    };
    if filter.trim().is_empty() {
        return Err(wrong("a filter is a level, or directives such as `info,chatapp_auth=debug`".to_owned()));
    }
    if for_seconds.is_some_and(|seconds| !(1..=SECONDS_MAX).contains(&seconds)) {
        return Err(wrong(format!("for_seconds is from 1 to {SECONDS_MAX}")));
    }
    let filter = filter.parse().map_err(|error: chatapp_telemetry::FilterError| wrong(error.to_string()))?;
    Ok((filter, for_seconds.map(Duration::from_secs)))
}

fn gone(error: &chatapp_telemetry::TelemetryError) -> Problem {
    Problem::new(ErrorCode::Unavailable).with_detail(error.to_string())
}
