//! Making a room.

use chatapp_types::rooms::{CreateRoomRequest, CreatedRoom};
use chatapp_types::{RoomId, UserRef, Visibility};

use super::codes::{CodeBounds, NewCode, require_private};
use super::set_code::Codes;
use crate::error::RoomsError;
use crate::store::{NewRoom, RoomStore};

/// Makes a room. A private one has a code from the beginning: the one that was chosen, or one that is made here; it is
/// in this answer and nowhere else.
pub async fn create_room(
    store: &dyn RoomStore,
    codes: &Codes,
    actor: &UserRef,
    request: CreateRoomRequest,
) -> Result<CreatedRoom, RoomsError> {
    let CreateRoomRequest { name, topic, visibility, history, secret_code } = request;
    let (shown, code) = match (visibility, secret_code) {
        (Visibility::Public, None) => (None, None),
        (visibility, chosen) => {
            require_private(visibility)?;
            let (shown, stored) = codes.prepare(chosen).await?;
            let CodeBounds { expires_at, max_uses } = CodeBounds::default();
            (Some(shown), Some(NewCode { stored, expires_at, max_uses }))
        }
    };
    let room = NewRoom {
        id: RoomId::new(),
        name,
        topic: topic.unwrap_or_default(),
        visibility,
        history: history.unwrap_or_default(),
        code,
    };
    let room = store.create_room(actor, room).await?;
    Ok(CreatedRoom { room, secret_code: shown })
}
