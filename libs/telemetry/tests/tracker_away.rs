//! A tracker of errors that is not there. A process has one log, so this file is one test.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::time::{Duration, Instant};

use chatapp_telemetry::{TelemetryConfig, init};

#[test]
fn a_tracker_that_is_away_is_told_of_once_and_delays_nobody() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = gone.local_addr().unwrap();
    drop(gone);
    let dir = tempfile::tempdir().unwrap();
    let config = TelemetryConfig {
        dir: Some(dir.path().to_owned()),
        sentry_dsn: Some(format!("http://k@{address}/1").parse().unwrap()),
        ..TelemetryConfig::default()
    };
    let guard = init(&config, "chatapp-test").unwrap();
    tracing::error!("one");
    let begun = Instant::now();
    while told(dir.path()) == 0 {
        assert!(begun.elapsed() < Duration::from_secs(30), "nobody says that it is away");
        std::thread::yield_now();
    }
    let begun = Instant::now();
    for kind in ["two", "three", "four"] {
        tracing::error!("{kind}");
    }
    drop(guard);
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    assert_eq!(told(dir.path()), 1);
}

fn told(dir: &Path) -> usize {
    let files = std::fs::read_dir(dir).unwrap().map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    files.map(|log| log.matches("errors cannot be reported").count()).sum()
}
