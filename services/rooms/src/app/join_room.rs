//! Joining, with a code or without.

use chatapp_metrics::{Limit, THROTTLED};
use chatapp_types::rooms::Room;
use chatapp_types::{RoomId, Secret, UserRef};

use super::Refusal;
use super::codes::Typed;
use super::entering::Proof;
use super::set_code::Codes;
use crate::error::RoomsError;
use crate::store::{CodeTry, RoomStore};

/// Joins a room that is named. A try of a code is counted before the code is looked at; then a code of the made form
/// costs one HMAC and any other one argon2id, whether the room exists, is private, has such a code or not.
pub async fn join_room(
    store: &dyn RoomStore,
    codes: &Codes,
    actor: &UserRef,
    room: RoomId,
    code: Option<Secret>,
) -> Result<Room, RoomsError> {
    let Some(code) = code else { return store.join_room(actor, room, Proof::None, None).await };
    let typed = codes.key.read(&code)?;
    let begun = begin_try(store, actor, Some(room)).await?;
    let proof = match typed {
        Typed::Made(digest) => Proof::Generated(digest),
        Typed::Other(code) => {
            let (version, hash) = begun.chosen.unzip();
            let right = codes.hasher.verify(code, hash).await?;
            Proof::Chosen(version.filter(|_| right))
        }
    };
    store.join_room(actor, room, proof, begun.ticket).await
}

/// Joins the room that a made code names. A code that a person chose names no room.
pub async fn join_by_code(
    store: &dyn RoomStore,
    codes: &Codes,
    actor: &UserRef,
    code: &Secret,
) -> Result<Room, RoomsError> {
    let typed = codes.key.read(code)?;
    let begun = begin_try(store, actor, None).await?;
    store.join_by_code(actor, codes.key.digest_of(&typed), begun.ticket).await
}

/// Counts a try before the code is looked at.
async fn begin_try(store: &dyn RoomStore, actor: &UserRef, room: Option<RoomId>) -> Result<CodeTry, RoomsError> {
    let begun = store.begin_code_try(actor.id, room).await;
    if let Err(RoomsError::Refused(Refusal::Throttled { .. })) = &begun {
        THROTTLED.count(Limit::Code);
    }
    begun
}
