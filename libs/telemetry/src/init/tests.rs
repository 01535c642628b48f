use std::sync::{Arc, Mutex};

use serde_json::Value;
use tempfile::TempDir;

use super::*;
use crate::{LogFilter, LogFormat};

#[derive(Clone, Default)]
struct Screen(Arc<Mutex<Vec<u8>>>);

impl Screen {
    fn console(&self, terminal: bool) -> Console<Self> {
        Console { writer: self.clone(), terminal, colors: false }
    }

    fn lines(&self) -> Vec<String> {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap().lines().map(str::to_owned).collect()
    }
}

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Everything that `act` logs in `format`, after the guard has been dropped.
fn logged(format: LogFormat, act: impl FnOnce(&Guard)) -> Vec<String> {
    let screen = Screen::default();
    let config = TelemetryConfig { format, ..TelemetryConfig::default() };
    let (subscriber, guard) = assemble(&config, "chatapp-test", screen.console(true)).unwrap();
    tracing::subscriber::with_default(subscriber, || act(&guard));
    drop(guard);
    screen.lines()
}

const FORGERY: &str = "eve\r\n2026-11-22T00:00:00.000000Z ERROR chatapp: forged\x1b[2K\u{202e}";

#[test]
fn a_value_cannot_forge_a_line() {
    let lines = logged(LogFormat::Text, |_| {
        let span = tracing::info_span!("request", path = FORGERY);
        let _entered = span.enter();
        tracing::info!(user.name = FORGERY, shown = %FORGERY, seen = ?FORGERY, "hello {FORGERY}");
    });
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(!lines[0].contains(crate::escape::is_unsafe), "{lines:?}");
    assert!(
        lines[0].contains(r#" user.name="eve\r\n2026-11-22T00:00:00.000000Z ERROR chatapp: forged\u{1b}[2K\u{202e}""#)
    );
    assert!(lines[0].contains(r"hello eve\r\n2026") && lines[0].contains(r#"request{path="eve\r\n"#), "{lines:?}");
}

#[test]
fn a_json_line_is_one_object_with_the_exact_value() {
    let lines = logged(LogFormat::Json, |_| {
        let span = tracing::info_span!("request", path = FORGERY, status = tracing::field::Empty);
        let _entered = span.enter();
        span.record("status", 200);
        span.record("status", 404);
        tracing::warn!(user.name = FORGERY, level = "mine", duration_ms = 3_u64, "refused");
    });
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(!lines[0].contains(crate::escape::is_unsafe), "{lines:?}");
    let line: Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!(line["user.name"], FORGERY);
    assert_eq!((&line["level"], &line["field.level"]), (&"WARN".into(), &"mine".into()));
    assert_eq!((&line["service"], &line["message"]), (&"chatapp-test".into(), &"refused".into()));
    assert_eq!(line["duration_ms"], 3);
    assert_eq!(line["spans"][0]["name"], "request");
    assert_eq!(line["spans"][0]["status"], 404);
    assert!(lines[0].matches("\"status\"").count() == 1, "{lines:?}");
}

#[test]
fn a_text_line_reads_from_left_to_right() {
    let lines = logged(LogFormat::Text, |_| {
        let _entered = tracing::info_span!("request", trace.id = "4bf9").entered();
        tracing::info!(room.id = 7, public = true, "room created");
    });
    let (time, rest) = lines[0].split_once(' ').unwrap();
    assert!(time.ends_with('Z') && time.len() == 27, "{time}");
    assert_eq!(rest, " INFO chatapp_telemetry::init::tests: room created room.id=7 public=true request{trace.id=4bf9}");
}

#[test]
fn an_errors_whole_chain_is_on_the_line() {
    #[derive(Debug, Error)]
    #[error("writing the room")]
    struct Outer(#[source] io::Error);

    let error = Outer(io::Error::other("disk full\nno space"));
    let lines = logged(LogFormat::Text, |_| {
        tracing::error!(error = &error as &(dyn std::error::Error + 'static), "failed");
    });
    assert!(lines[0].ends_with(r#"failed error="writing the room: disk full\nno space""#), "{lines:?}");
}

#[test]
fn a_field_named_as_a_secret_is_never_written() {
    for format in [LogFormat::Text, LogFormat::Json] {
        let lines = logged(format, |_| {
            let _entered = tracing::info_span!("login", user.password = "hunter2hunter2").entered();
            tracing::info!(authorization = "Bearer abc", refresh_token = %"def", "logged in");
        });
        assert!(lines[0].contains("[secret]"), "{lines:?}");
        assert!(!["hunter2", "abc", "def"].iter().any(|secret| lines[0].contains(secret)), "{lines:?}");
    }
}

#[test]
fn auto_is_text_on_a_terminal_and_json_elsewhere() {
    assert!(logged(LogFormat::Auto, |_| tracing::info!("hello"))[0].contains(" INFO "));

    let screen = Screen::default();
    let (subscriber, guard) = assemble(&TelemetryConfig::default(), "chatapp-test", screen.console(false)).unwrap();
    tracing::subscriber::with_default(subscriber, || tracing::info!("hello"));
    drop(guard);
    assert_eq!(serde_json::from_str::<Value>(&screen.lines()[0]).unwrap()["message"], "hello");
}

#[test]
fn the_ids_of_a_request_stand_on_each_of_its_lines() {
    let lines = logged(LogFormat::Json, |guard| {
        guard.set_filter("warn").unwrap();
        let span = tracing::error_span!("request", request.id = "req-1", trace.id = tracing::field::Empty);
        let _entered = span.enter();
        span.record("trace.id", "4bf92f3577b34da6a3ce929d0e0e4736");
        tracing::warn!("slow");
    });
    let line: Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!(line["request.id"], "req-1");
    assert_eq!(line["trace.id"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(line["spans"][0], serde_json::json!({"name": "request"}));
}

#[test]
fn errors_are_kept_whatever_the_filter_says_with_the_request_they_happened_in() {
    let screen = Screen::default();
    let config = TelemetryConfig { filter: "off".parse().unwrap(), ..TelemetryConfig::default() };
    let (subscriber, guard) = assemble(&config, "chatapp-test", screen.console(true)).unwrap();
    let errors = guard.control().errors;
    tracing::subscriber::with_default(subscriber, || {
        for room in 0..3 {
            let _entered = tracing::error_span!("request", request.id = format!("req-{room}")).entered();
            let cause = io::Error::other(format!("cannot reach mssql://sa:hunter2@db/{room}"));
            tracing::error!(error = %cause, password = "hunter2", "room {room} is lost");
            tracing::info!(error = "none", "no error");
            tracing::warn!("a warning without an error");
            tracing::error!(target: "hyper::proto", "another's");
        }
        tracing::warn!(error = "away", "the database is not available");
    });
    drop(guard);
    let list = errors.list();
    assert_eq!(list.len(), 2, "{list:?}");
    assert_eq!((list[0].level, list[0].count, list[0].message.as_str()), ("WARN", 1, "the database is not available"));
    assert_eq!((list[1].level, list[1].count, list[1].message.as_str()), ("ERROR", 3, "room 2 is lost"));
    assert_eq!(list[1].chain.as_deref(), Some("cannot reach mssql://[secret]@db/2"));
    assert_eq!(list[1].request_id.as_deref(), Some("req-2"));
    assert_eq!(errors.total(), 3);
    assert_eq!(screen.lines(), [] as [&str; 0]);
}

#[test]
fn the_end_of_a_filters_time_does_not_undo_a_later_change() {
    logged(LogFormat::Text, |guard| {
        let control = guard.filter_control();
        let first = control.set("debug".parse().unwrap()).unwrap();
        let second = control.set("trace".parse().unwrap()).unwrap();
        assert!(!control.end(first).unwrap());
        assert_eq!(control.get().as_str(), "trace");
        assert!(control.end(second).unwrap());
        assert_eq!((control.get(), control.get()), (control.configured(), LogFilter::default()));
    });
}

#[test]
fn the_filter_changes_while_the_log_runs() {
    let lines = logged(LogFormat::Text, |guard| {
        tracing::debug!("one");
        guard.set_filter("debug").unwrap();
        tracing::debug!("two");
        let error = guard.set_filter("deafening").unwrap_err().to_string();
        assert!(error.contains("'deafening' is not a level"), "{error}");
        assert_eq!(guard.filter().as_str(), "debug");
        guard.filter_control().set("off".parse().unwrap()).unwrap();
        tracing::error!("three");
    });
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].ends_with(": two"), "{lines:?}");
}

#[test]
fn everything_logged_before_the_guard_is_dropped_is_in_the_file() {
    let dir = TempDir::new().unwrap();
    let logs = dir.path().join("deep").join("logs");
    let config = TelemetryConfig { dir: Some(logs.clone()), ..TelemetryConfig::default() };
    let (subscriber, guard) = assemble(&config, "chatapp-test", Screen::default().console(true)).unwrap();
    tracing::subscriber::with_default(subscriber, || {
        for number in 0..5_000 {
            tracing::info!(number, "line");
        }
    });
    assert_eq!(guard.dropped_lines(), 0);
    drop(guard);

    let names: Vec<String> =
        fs::read_dir(&logs).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(names.len(), 1, "{names:?}");
    assert!(names[0].ends_with(".chatapp-test.log"), "{names:?}");
    let text = fs::read_to_string(logs.join(&names[0])).unwrap();
    let numbers: Vec<u64> =
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (0..5_000).collect::<Vec<_>>());
}

#[test]
fn old_files_of_this_service_alone_are_removed() {
    let dir = TempDir::new().unwrap();
    for day in 1..=5 {
        fs::write(dir.path().join(format!("2020-01-0{day}.chatapp.log")), "old").unwrap();
        fs::write(dir.path().join(format!("2020-01-0{day}.chatapp-rooms.log")), "another's").unwrap();
    }
    let config = TelemetryConfig { dir: Some(dir.path().to_owned()), keep: 3, ..TelemetryConfig::default() };
    let (subscriber, guard) = assemble(&config, "chatapp", Screen::default().console(true)).unwrap();
    tracing::subscriber::with_default(subscriber, || tracing::info!("hello"));
    drop(guard);

    let names: Vec<String> =
        fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(names.iter().filter(|name| name.ends_with(".chatapp.log")).count(), 3, "{names:?}");
    assert_eq!(names.iter().filter(|name| name.ends_with(".chatapp-rooms.log")).count(), 5, "{names:?}");
}

#[test]
fn a_directory_that_cannot_be_made_is_named_in_the_error() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("taken");
    fs::write(&file, "a file").unwrap();
    let config = TelemetryConfig { dir: Some(file.join("logs")), ..TelemetryConfig::default() };
    let error = assemble(&config, "chatapp-test", Screen::default().console(true)).err().unwrap().to_string();
    assert!(error.starts_with("cannot write log files in ") && error.contains("taken/logs"), "{error}");
}
