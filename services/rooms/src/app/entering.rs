//! Coming in.

use chatapp_types::{Timestamp, Visibility};

use super::Refusal;
use super::access::{Position, Standing};
use super::codes::{CodeDigest, CodeVersion};

/// What is known of a room's code, without the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeFacts {
    /// Which one it is: another at each rotation.
    pub version: CodeVersion,
    /// The HMAC of a code that the server made; `None` for one that a person chose.
    pub digest: Option<CodeDigest>,
    /// When it stops opening the room.
    pub expires_at: Option<Timestamp>,
    /// How many more times it opens the room.
    pub uses_left: Option<u32>,
}

impl CodeFacts {
    /// Whether it opens the room now.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end) && self.uses_left != Some(0)
    }

    /// Whether the proof is one of this very code.
    pub fn is_proved_by(&self, proof: &Proof) -> bool {
        match proof {
            Proof::None => false,
            Proof::Generated(digest) => self.digest.as_ref() == Some(digest),
            Proof::Chosen(version) => self.digest.is_none() && *version == Some(self.version),
        }
    }
}

/// What a caller shows at the door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// No code.
    None,
    /// The HMAC of a code that has the form of those the server makes.
    Generated(CodeDigest),
    /// The chosen code that was found to be right, by its version; `None` when it was found wrong. The version is
    /// compared under the lock: a rotation meanwhile makes it worthless.
    Chosen(Option<CodeVersion>),
}

/// What a call to join leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entering {
    /// One is a member already.
    AlreadyIn,
    /// One comes in.
    Join,
    /// One comes in, and a use of the code is spent.
    JoinByCode,
}

/// May the caller come in? A private room that does not let one in is not there, whatever the reason.
pub fn join(position: Position, code: Option<&CodeFacts>, proof: &Proof, now: Timestamp) -> Result<Entering, Refusal> {
    let opened = code.is_some_and(|code| code.is_proved_by(proof) & code.is_live(now));
    match (position.standing, position.visibility) {
        (Standing::Member(_), _) => Ok(Entering::AlreadyIn),
        (Standing::Stranger, Visibility::Public) => Ok(Entering::Join),
        (Standing::Blocked, Visibility::Public) => Err(Refusal::Blocked),
        (Standing::Stranger, Visibility::Private) if opened => Ok(Entering::JoinByCode),
        (Standing::Stranger | Standing::Blocked, Visibility::Private) => Err(Refusal::RoomNotFound),
    }
}

/// May the caller come in by the original interface, which names a room and knows no codes? Who was removed comes
/// back by version 1 alone, since a client of version 0 would re-join without being asked.
pub fn join_by_v0(position: Position, removed: bool) -> Result<Entering, Refusal> {
    match (position.standing, position.visibility) {
        (Standing::Member(_), _) => Ok(Entering::AlreadyIn),
        (Standing::Stranger, Visibility::Public) if !removed => Ok(Entering::Join),
        _ => Err(Refusal::RoomNotFound),
    }
}

#[cfg(test)]
mod tests {
    use chatapp_types::Role;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(10_000);
    const STRANGER: Position = Position { visibility: Visibility::Private, standing: Standing::Stranger };

    fn code() -> CodeFacts {
        CodeFacts {
            version: CodeVersion::new(),
            digest: Some(CodeDigest::from([7; 32])),
            expires_at: None,
            uses_left: None,
        }
    }

    fn right() -> Proof {
        Proof::Generated(CodeDigest::from([7; 32]))
    }

    #[test]
    fn a_private_room_opens_to_its_code_alone() {
        assert_eq!(join(STRANGER, Some(&code()), &right(), NOW), Ok(Entering::JoinByCode));
        let wrong = Proof::Generated(CodeDigest::from([8; 32]));
        for (code, proof) in [(Some(code()), wrong), (Some(code()), Proof::None), (None, right())] {
            assert_eq!(join(STRANGER, code.as_ref(), &proof, NOW), Err(Refusal::RoomNotFound));
        }
    }

    #[test]
    fn a_code_ends_at_its_time_and_with_its_last_use() {
        let expired = CodeFacts { expires_at: Some(NOW), ..code() };
        let used_up = CodeFacts { uses_left: Some(0), ..code() };
        for code in [expired, used_up] {
            assert_eq!(join(STRANGER, Some(&code), &right(), NOW), Err(Refusal::RoomNotFound));
        }
        let last = CodeFacts { uses_left: Some(1), expires_at: Some(Timestamp::from_millis(10_001)), ..code() };
        assert_eq!(join(STRANGER, Some(&last), &right(), NOW), Ok(Entering::JoinByCode));
    }

    #[test]
    fn a_blocked_user_does_not_come_in_with_a_valid_code() {
        let blocked = Position { standing: Standing::Blocked, ..STRANGER };
        assert_eq!(join(blocked, Some(&code()), &right(), NOW), Err(Refusal::RoomNotFound));
        let public = Position { visibility: Visibility::Public, ..blocked };
        assert_eq!(join(public, None, &Proof::None, NOW), Err(Refusal::Blocked));
    }

    #[test]
    fn a_chosen_code_that_was_rotated_meanwhile_is_worthless() {
        let chosen = CodeFacts { digest: None, ..code() };
        let proof = Proof::Chosen(Some(chosen.version));
        assert_eq!(join(STRANGER, Some(&chosen), &proof, NOW), Ok(Entering::JoinByCode));
        let rotated = CodeFacts { version: CodeVersion::new(), ..chosen };
        assert_eq!(join(STRANGER, Some(&rotated), &proof, NOW), Err(Refusal::RoomNotFound));
        assert_eq!(join(STRANGER, Some(&rotated), &Proof::Chosen(None), NOW), Err(Refusal::RoomNotFound));
    }

    #[test]
    fn joining_twice_spends_nothing() {
        let member = Position { standing: Standing::Member(Role::Member), ..STRANGER };
        assert_eq!(join(member, Some(&code()), &right(), NOW), Ok(Entering::AlreadyIn));
    }

    #[test]
    fn version_0_brings_nobody_back_who_was_removed() {
        let public = Position { visibility: Visibility::Public, ..STRANGER };
        assert_eq!(join_by_v0(public, false), Ok(Entering::Join));
        assert_eq!(join_by_v0(public, true), Err(Refusal::RoomNotFound));
        assert_eq!(join_by_v0(STRANGER, false), Err(Refusal::RoomNotFound));
        assert_eq!(join_by_v0(Position { standing: Standing::Blocked, ..public }, false), Err(Refusal::RoomNotFound));
    }
}
