//! A text frame as it goes over the wire.
//!
//! Frames of a server carry no mask, so one encoding serves every socket: an event is encoded once, and a delivery
//! is a reference to those bytes.

use std::fmt;

use bytes::Bytes;
use serde::Serialize;

/// Room for the longest header.
const HEADER_MAX: usize = 10;
/// A whole text message, and the last of its fragments.
const TEXT: u8 = 0x81;
/// Lengths up to this stand in the second byte; then two bytes follow, or eight.
const SHORT: usize = 125;
const IN_TWO_BYTES: u8 = 126;
const IN_EIGHT_BYTES: u8 = 127;

/// A finished frame: header and text. Clones share the bytes.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    bytes: Bytes,
    header: u8,
}

impl Frame {
    /// The frame of a text.
    pub(crate) fn text(text: &str) -> Self {
        let mut bytes = Vec::with_capacity(HEADER_MAX + text.len());
        bytes.resize(HEADER_MAX, 0);
        bytes.extend_from_slice(text.as_bytes());
        Self::around(bytes)
    }

    /// The frame of plain data, as JSON.
    pub(crate) fn json(data: &impl Serialize) -> Self {
        let mut bytes = vec![0; HEADER_MAX];
        // Plain data serialises.
        if serde_json::to_writer(&mut bytes, data).is_err() {
            bytes.truncate(HEADER_MAX);
        }
        Self::around(bytes)
    }

    /// The frame of bytes that are no text.
    #[cfg(test)]
    pub(crate) fn binary(data: &[u8]) -> Self {
        let mut bytes = vec![0; HEADER_MAX];
        bytes.extend_from_slice(data);
        let Self { bytes, header } = Self::around(bytes);
        let mut bytes = Vec::from(bytes);
        bytes[0] = 0x82;
        Self { bytes: bytes.into(), header }
    }

    /// Puts the header before the text, right-aligned in the room that was left for it.
    fn around(mut bytes: Vec<u8>) -> Self {
        let length = bytes.len() - HEADER_MAX;
        let mut header = [0; HEADER_MAX];
        let begin = match u16::try_from(length) {
            Ok(short) if length <= SHORT => {
                header[8..].copy_from_slice(&[TEXT, short.to_be_bytes()[1]]);
                8
            }
            Ok(two) => {
                header[6..8].copy_from_slice(&[TEXT, IN_TWO_BYTES]);
                header[8..].copy_from_slice(&two.to_be_bytes());
                6
            }
            Err(_) => {
                header[..2].copy_from_slice(&[TEXT, IN_EIGHT_BYTES]);
                header[2..].copy_from_slice(&(length as u64).to_be_bytes());
                0
            }
        };
        bytes[..HEADER_MAX].copy_from_slice(&header);
        let size = u8::try_from(HEADER_MAX - begin).unwrap_or_default();
        Self { bytes: Bytes::from(bytes).slice(begin..), header: size }
    }

    /// What goes over the wire.
    pub(crate) fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// What goes over the wire, for good.
    pub(crate) fn into_bytes(self) -> Bytes {
        self.bytes
    }

    /// The text in it.
    pub(crate) fn as_str(&self) -> &str {
        // Made of a text, so it is one.
        std::str::from_utf8(&self.bytes[usize::from(self.header)..]).unwrap_or_default()
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Frame").field(&self.as_str()).finish()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::Cursor;

    use tokio_tungstenite::tungstenite::Message;
    use tokio_tungstenite::tungstenite::protocol::{Role, WebSocket};

    use super::*;

    #[test]
    fn texts_of_any_length_are_read_back_by_another_implementation() {
        for length in [0, 1, 125, 126, 127, 4_000, 65_535, 65_536, 70_000] {
            let text = "x".repeat(length);
            let frame = Frame::text(&text);
            assert_eq!(frame.as_str(), text);
            let mut socket = WebSocket::from_raw_socket(Cursor::new(frame.bytes().to_vec()), Role::Client, None);
            assert_eq!(socket.read().unwrap(), Message::text(text), "{length}");
        }
    }

    #[test]
    fn data_is_framed_as_its_json() {
        assert_eq!(Frame::json(&serde_json::json!({"a": 1})).as_str(), r#"{"a":1}"#);
    }
}
