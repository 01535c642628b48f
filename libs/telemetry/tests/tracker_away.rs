//! A tracker of errors that is not there. A process has one log, so this file is one test.
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use chatapp_telemetry::{TelemetryConfig, init};

#[test]
fn a_tracker_that_is_away_delays_nobody_and_is_told_of_once() {
    // It takes connections, as far as the machine does so for it, and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let dir = tempfile::tempdir().unwrap();
    let config = TelemetryConfig {
        dir: Some(dir.path().to_owned()),
        sentry_dsn: Some(format!("http://k@{}/1", silent.local_addr().unwrap()).parse().unwrap()),
        ..TelemetryConfig::default()
    };
    let guard = init(&config, "chatapp-test").unwrap();
    let begun = Instant::now();
    for n in 0..1_000_u32 {
        tracing::error!("{}", ["one", "two", "three", "four"][n as usize % 4]);
    }
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(guard.control().errors.total(), 1_000);
    let begun = Instant::now();
    drop(guard);
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    let file = std::fs::read_dir(dir.path()).unwrap().next().unwrap().unwrap().path();
    let told = std::fs::read_to_string(file).unwrap().matches("errors cannot be reported").count();
    assert!(told <= 1, "{told}");
}
