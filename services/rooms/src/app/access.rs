//! Who sees a room, and who may act in it.

use chatapp_types::{Role, Visibility};

use super::Refusal;

/// What one is to a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A member.
    Member(Role),
    /// Kept out by a block that holds now.
    Blocked,
    /// Neither: one who never came, who left, or who was removed.
    Stranger,
}

impl Standing {
    /// The standing behind what the store holds of a user.
    pub const fn new(role: Option<Role>, blocked: bool) -> Self {
        match (role, blocked) {
            (Some(role), _) => Self::Member(role),
            (None, true) => Self::Blocked,
            (None, false) => Self::Stranger,
        }
    }
}

/// Where the caller is with regard to one room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Who can see the room.
    pub visibility: Visibility,
    /// What the caller is to it.
    pub standing: Standing,
}

impl Position {
    /// May the caller see the room's card? Members may, and of a public room everyone who is not blocked.
    pub const fn require_sight(self) -> Result<(), Refusal> {
        match (self.standing, self.visibility) {
            (Standing::Member(_), _) | (Standing::Stranger, Visibility::Public) => Ok(()),
            (Standing::Blocked, Visibility::Public) => Err(Refusal::Blocked),
            (Standing::Blocked | Standing::Stranger, Visibility::Private) => Err(Refusal::RoomNotFound),
        }
    }

    /// The caller's role. To others a private room is not there, whoever they are.
    pub const fn require_member(self) -> Result<Role, Refusal> {
        match (self.standing, self.visibility) {
            (Standing::Member(role), _) => Ok(role),
            (_, Visibility::Private) => Err(Refusal::RoomNotFound),
            (Standing::Blocked, Visibility::Public) => Err(Refusal::Blocked),
            (Standing::Stranger, Visibility::Public) => Err(Refusal::NotAMember),
        }
    }

    /// The role of a caller who is an admin or the owner.
    pub fn require_admin(self) -> Result<Role, Refusal> {
        let role = self.require_member()?;
        if role >= Role::Admin { Ok(role) } else { Err(Refusal::Forbidden("this is for the room's owner and admins")) }
    }

    /// The caller is the owner.
    pub fn require_owner(self) -> Result<(), Refusal> {
        match self.require_member()? {
            Role::Owner => Ok(()),
            _ => Err(Refusal::Forbidden("this is for the room's owner")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(visibility: Visibility, standing: Standing) -> Position {
        Position { visibility, standing }
    }

    #[test]
    fn a_private_room_is_not_there_for_anyone_outside_it() {
        for standing in [Standing::Blocked, Standing::Stranger] {
            let position = at(Visibility::Private, standing);
            assert_eq!(position.require_sight(), Err(Refusal::RoomNotFound));
            assert_eq!(position.require_member(), Err(Refusal::RoomNotFound));
            assert_eq!(position.require_admin(), Err(Refusal::RoomNotFound));
            assert_eq!(position.require_owner(), Err(Refusal::RoomNotFound));
        }
    }

    #[test]
    fn a_public_room_says_why_one_may_not() {
        let stranger = at(Visibility::Public, Standing::Stranger);
        assert_eq!(stranger.require_sight(), Ok(()));
        assert_eq!(stranger.require_member(), Err(Refusal::NotAMember));
        let blocked = at(Visibility::Public, Standing::Blocked);
        assert_eq!(blocked.require_sight(), Err(Refusal::Blocked));
        assert_eq!(blocked.require_admin(), Err(Refusal::Blocked));
    }

    #[test]
    fn each_role_may_what_it_may() {
        for visibility in [Visibility::Public, Visibility::Private] {
            let of = |role| at(visibility, Standing::Member(role));
            assert!(matches!(of(Role::Member).require_admin(), Err(Refusal::Forbidden(_))));
            assert!(matches!(of(Role::Admin).require_owner(), Err(Refusal::Forbidden(_))));
            assert_eq!(of(Role::Admin).require_admin(), Ok(Role::Admin));
            assert_eq!(of(Role::Owner).require_admin(), Ok(Role::Owner));
            assert_eq!(of(Role::Owner).require_owner(), Ok(()));
        }
    }

    #[test]
    fn who_is_a_member_is_not_blocked() {
        assert_eq!(Standing::new(Some(Role::Member), true), Standing::Member(Role::Member));
        assert_eq!(Standing::new(None, true), Standing::Blocked);
        assert_eq!(Standing::new(None, false), Standing::Stranger);
    }
}
