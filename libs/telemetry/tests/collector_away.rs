//! A collector of traces that is not there. A process has one log, so this file is one test.
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use chatapp_telemetry::{TelemetryConfig, init, trace};

#[test]
fn a_collector_that_is_away_delays_nobody_and_is_told_of_once() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", gone.local_addr().unwrap());
    drop(gone);
    let dir = tempfile::tempdir().unwrap();
    let config = TelemetryConfig {
        dir: Some(dir.path().to_owned()),
        otlp_endpoint: Some(endpoint.parse().unwrap()),
        ..TelemetryConfig::default()
    };
    assert!(!trace::is_on() && trace::current().is_none());
    let guard = init(&config, "chatapp-test").unwrap();
    let begun = Instant::now();
    for _ in 0..20_000 {
        let span = tracing::info_span!(target: trace::TARGET, "work", otel.kind = "internal");
        let inside = span.in_scope(|| trace::current_recorded().unwrap());
        assert_eq!(Some(inside), trace::of(&span));
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let begun = Instant::now();
    drop(guard);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let file = std::fs::read_dir(dir.path()).unwrap().next().unwrap().unwrap().path();
    let log = std::fs::read_to_string(file).unwrap();
    assert_eq!(log.matches("traces cannot be sent").count(), 1, "{log}");
    assert_eq!(log.lines().count(), 1, "no span and no library is in the log: {log}");
}
