//! What is said of a frame that is not taken: which one it was, as far as it can be made out, and why.

use chatapp_types::frame::{ClientFrame, FrameId};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::socket::Concern;

/// A client's name for a frame is echoed, so it is short.
const FRAME_ID_MAX_BYTES: usize = 64;
/// The reason quotes what the client sent, so it is cut.
const REASON_MAX_BYTES: usize = 200;

/// Reads a frame; an error says, for people, why it is none.
pub(super) fn read(text: &str) -> Result<ClientFrame, String> {
    let frame: ClientFrame = serde_json::from_str(text).map_err(|err| cut(err.to_string()))?;
    if frame.id.as_ref().is_some_and(|id| !is_short(id)) {
        return Err(format!("`id` is at most {FRAME_ID_MAX_BYTES} bytes long"));
    }
    Ok(frame)
}

/// What an error about that text concerns: whatever of it is valid by itself.
pub(super) fn concern(text: &str) -> Concern {
    let Ok(Value::Object(mut fields)) = serde_json::from_str(text) else { return Concern::default() };
    Concern {
        id: valid(fields.remove("id")).filter(is_short),
        room_id: valid(fields.remove("room_id")),
        key: valid(fields.remove("key")),
    }
}

fn valid<T: DeserializeOwned>(field: Option<Value>) -> Option<T> {
    serde_json::from_value(field?).ok()
}

fn is_short(id: &FrameId) -> bool {
    !matches!(id, FrameId::Text(text) if text.len() > FRAME_ID_MAX_BYTES)
}

fn cut(mut reason: String) -> String {
    if reason.len() > REASON_MAX_BYTES {
        reason.truncate(reason.floor_char_boundary(REASON_MAX_BYTES));
        reason.push('…');
    }
    reason
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use chatapp_types::RoomId;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_valid_by_itself_is_echoed_and_the_rest_is_not() {
        let room = RoomId::new();
        let frame = json!({"op": "fly", "id": 7, "room_id": room, "key": "no uuid"}).to_string();
        assert!(read(&frame).unwrap_err().contains("unknown variant `fly`"));
        let concern = concern(&frame);
        assert_eq!((concern.id, concern.room_id, concern.key), (Some(FrameId::Number(7)), Some(room), None));
    }

    #[test]
    fn a_name_that_is_none_is_not_echoed() {
        for id in [json!({}), json!(null), json!(1.5), json!("x".repeat(65))] {
            assert_eq!(concern(&json!({"op": "ping", "id": id}).to_string()).id, None, "{id}");
        }
    }

    #[test]
    fn the_reason_is_short_whatever_was_sent() {
        let reason = read(&json!({"op": "\u{1F600}".repeat(10_000)}).to_string()).unwrap_err();
        assert!(reason.len() <= REASON_MAX_BYTES + 3, "{reason}");
    }

    proptest! {
        #[test]
        fn any_text_is_a_frame_or_has_a_reason(text in any::<String>()) {
            concern(&text);
            if let Err(reason) = read(&text) {
                prop_assert!(!reason.is_empty());
            }
        }
    }
}
