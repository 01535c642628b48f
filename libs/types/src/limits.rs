//! Limits: the defaults of settings, in one place, so that server, client and description say the same.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Characters (Unicode scalar values) of a message's body.
pub const BODY_MAX_CHARS: usize = 4_000;
/// Bytes of a message's body in UTF-8.
pub const BODY_MAX_BYTES: usize = 16 * 1024;
/// Bytes of one WebSocket frame from a client.
pub const FRAME_MAX_BYTES: usize = 64 * 1024;
/// Items of one page of any list.
pub const PAGE_MAX: u32 = 200;
/// Items of a page when the caller names no number.
pub const PAGE_DEFAULT: u32 = 50;
/// Entries replayed to one subscription; beyond it the client reads the log by REST.
pub const REPLAY_MAX: u32 = 1_000;
/// Characters of a user's name.
pub const USERNAME_CHARS: std::ops::RangeInclusive<usize> = 2..=32;
/// Characters of a room's name.
pub const ROOM_NAME_CHARS: std::ops::RangeInclusive<usize> = 1..=64;
/// Characters of a room's topic.
pub const TOPIC_MAX_CHARS: usize = 250;
/// Characters of a block's reason.
pub const REASON_MAX_CHARS: usize = 250;
/// Characters of a password.
pub const PASSWORD_CHARS: std::ops::RangeInclusive<usize> = 8..=256;
/// Characters of a secret code that a person chose.
pub const SECRET_CODE_CHARS: std::ops::RangeInclusive<usize> = 8..=128;
/// Times that a secret code opens its room, at most.
pub const CODE_MAX_USES: u32 = i32::MAX.unsigned_abs();
/// Bytes that may wait for one socket before it is closed as slow.
pub const SEND_QUEUE_BYTES: usize = 1024 * 1024;

/// What the server tells a client of its limits (in `ready`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Limits {
    /// Characters of a message's body.
    pub body_chars: usize,
    /// Bytes of a message's body.
    pub body_bytes: usize,
    /// Bytes of one frame.
    pub frame_bytes: usize,
    /// Inbound frames a minute.
    pub frames_per_minute: u32,
    /// Items of one page.
    pub page: u32,
    /// Entries replayed to one subscription.
    pub replay: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_chars: BODY_MAX_CHARS,
            body_bytes: BODY_MAX_BYTES,
            frame_bytes: FRAME_MAX_BYTES,
            frames_per_minute: 300,
            page: PAGE_MAX,
            replay: REPLAY_MAX,
        }
    }
}
