//! A tracker of errors that never answers. A process has one log, so this file is one test.
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use chatapp_telemetry::{TelemetryConfig, init};

#[test]
fn a_tracker_that_never_answers_delays_nobody() {
    // It takes connections, as far as the machine does so for it, and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let config = TelemetryConfig {
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
}
