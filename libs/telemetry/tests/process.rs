//! The log of a whole process, which can be set up once; so this file is one test.

use std::fs;

use chatapp_telemetry::{TelemetryConfig, TelemetryError, init};

#[test]
fn a_process_has_one_log_and_its_panics_are_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let config = TelemetryConfig { dir: Some(dir.path().to_owned()), ..TelemetryConfig::default() };
    let guard = init(&config, "chatapp-test").unwrap();
    assert!(matches!(init(&config, "chatapp-test"), Err(TelemetryError::AlreadySet)));

    tracing::info!("still logged");
    let worker = std::thread::Builder::new().name("worker".to_owned());
    worker.spawn(|| panic!("two\nlines")).unwrap().join().unwrap_err();
    drop(guard);

    let file = fs::read_dir(dir.path()).unwrap().next().unwrap().unwrap().path();
    let text = fs::read_to_string(file).unwrap();
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["message"], "still logged");
    assert_eq!(lines[1]["message"], "panic: two\nlines");
    assert_eq!(lines[1]["panic.thread"], "worker");
    assert!(lines[1]["panic.location"].as_str().unwrap().contains("process.rs"), "{text}");
}
