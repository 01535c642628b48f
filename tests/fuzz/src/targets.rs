//! What is fuzzed: each function takes any bytes and panics when a promise is broken.
//!
//! Guided by coverage, with `cargo install cargo-fuzz`, on any toolchain (the variable lets a stable one instrument code;
//! nothing here is unsafe, so no sanitizer is needed); what it finds of interest is kept in the first folder:
//!
//! ```text
//! mkdir -p target/fuzz/corpus/frame    # or sanitiser, token, cursor
//! RUSTC_BOOTSTRAP=1 cargo fuzz run frame --fuzz-dir tests/fuzz --sanitizer none --target-dir target/fuzz \
//!     target/fuzz/corpus/frame tests/fuzz/corpus/frame -- -max_total_time=300 -max_len=4096
//! ```
//!
//! `-merge=1` in place of both options, with the folders the other way round, adds to the corpus what covers more than it does.
//! Without a fuzzer: `cargo nextest run -p chatapp-tests --test fuzz` makes inputs of the corpus by a seed.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use chatapp_client::sanitize;
use chatapp_http::{Audience, CallError, KeySource, Revocations, TokenVerifier};
use chatapp_timeline::RoomEvent;
use chatapp_types::clock::SystemClock;
use chatapp_types::frame::{ClientFrame, ServerFrame};
use chatapp_types::page::Cursor;
use jsonwebtoken::jwk::JwkSet;

/// Frames and events are read or refused, and what was read is written as it was read.
pub fn frame(data: &[u8]) {
    if let Ok(frame) = serde_json::from_slice::<ClientFrame>(data) {
        let text = serde_json::to_string(&frame).expect("a frame that was read is written");
        let again: ClientFrame = serde_json::from_str(&text).expect("a frame that was written is read");
        assert_eq!(text, serde_json::to_string(&again).expect("and written again"));
    }
    if let Ok(frame) = serde_json::from_slice::<ServerFrame>(data) {
        let text = serde_json::to_string(&frame).expect("a frame that was read is written");
        let again: ServerFrame = serde_json::from_str(&text).expect("a frame that was written is read");
        assert_eq!(text, serde_json::to_string(&again).expect("and written again"));
    }
    if let Ok(event) = RoomEvent::decode(&Bytes::copy_from_slice(data)) {
        let again = RoomEvent::decode(&event.encode()).expect("an event that was written is read");
        assert_eq!(again.frame, event.frame);
    }
}

/// Nothing that a terminal would obey comes through, and nothing is lost of JSON.
pub fn sanitiser(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let line = sanitize::line(&text);
    assert!(!line.chars().any(char::is_control), "{line:?}");
    assert_eq!(sanitize::line(&line), line, "what is safe stays as it is");
    let lines = sanitize::multiline(&text);
    assert!(!lines.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "{lines:?}");
    let json = serde_json::to_string(&text).expect("a text is JSON");
    let safe = sanitize::json(&json);
    assert!(!safe.chars().any(char::is_control), "{safe:?}");
    assert_eq!(serde_json::from_str::<String>(&safe).expect("it is still JSON"), text);
}

/// Auth publishes no key.
struct NoKeys;

#[async_trait]
impl KeySource for NoKeys {
    async fn fetch(&self) -> Result<JwkSet, CallError> {
        Ok(JwkSet { keys: Vec::new() })
    }
}

/// No token is good that no key has signed, whatever it says of itself.
pub fn token(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let verifier = TokenVerifier::new(Arc::new(NoKeys), Revocations::fixed(), Arc::new(SystemClock));
    for audience in [Audience::App, Audience::V0] {
        assert!(runtime.block_on(verifier.verify(&text, audience)).is_err(), "{text:?} is good");
    }
}

/// A cursor is read or refused, and what was read is written as a cursor that says the same.
pub fn cursor(data: &[u8]) {
    let text = String::from_utf8_lossy(data).into_owned();
    let Ok(cursor) = serde_json::from_value::<Cursor>(serde_json::Value::String(text)) else { return };
    let _ = cursor.decode::<i64>();
    if let Ok(key) = cursor.decode::<(String, i64)>() {
        assert_eq!(Cursor::encode(&key).decode::<(String, i64)>(), Ok(key));
    }
}
