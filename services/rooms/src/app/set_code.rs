//! Setting and rotating a room's code.

use chatapp_types::rooms::{SecretCodeResponse, SetSecretCodeRequest};
use chatapp_types::{RoomId, Secret, Timestamp, UserRef};

use super::Refusal;
use super::codes::{CodeBounds, CodeKey, NewCode, StoredCode, parse_chosen};
use super::hashing::CodeHasher;
use crate::error::RoomsError;
use crate::store::RoomStore;

/// What is needed to make, keep and check codes.
pub struct Codes {
    /// The key that made codes are kept under.
    pub key: CodeKey,
    /// What chosen codes are kept by.
    pub hasher: CodeHasher,
}

impl Codes {
    /// The code to show, and what is kept of it: the one that was chosen, or a new one.
    pub async fn prepare(&self, chosen: Option<Secret>) -> Result<(Secret, StoredCode), Refusal> {
        let Some(chosen) = chosen else { return self.key.make() };
        let code = parse_chosen(&chosen)?;
        let hash = self.hasher.hash(code.clone()).await?;
        Ok((code, StoredCode::Hash(hash)))
    }
}

/// Sets the code of a private room, or rotates it: the one before opens nothing from the commit on. Who may not do so
/// is refused before any work is done for it.
pub async fn set_code(
    store: &dyn RoomStore,
    codes: &Codes,
    actor: &UserRef,
    room: RoomId,
    request: SetSecretCodeRequest,
    now: Timestamp,
) -> Result<SecretCodeResponse, RoomsError> {
    let SetSecretCodeRequest { secret_code, expires_at, max_uses } = request;
    CodeBounds { expires_at, max_uses }.check(now)?;
    store.check_may_set_code(actor.id, room).await?;
    let (shown, stored) = codes.prepare(secret_code).await?;
    store.set_code(actor, room, NewCode { stored, expires_at, max_uses }).await?;
    Ok(SecretCodeResponse { secret_code: shown, expires_at, max_uses })
}
