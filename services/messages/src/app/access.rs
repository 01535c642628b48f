//! Who may read and write a room's messages.

use chatapp_types::{Role, Visibility};

use crate::error::Refusal;

/// What a member may do and see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The role.
    pub role: Role,
    /// One reads entries with a greater seq.
    pub visible_after: u64,
}

impl Membership {
    /// Whether one may read the entry `seq`.
    pub const fn sees(&self, seq: u64) -> bool {
        seq > self.visible_after
    }
}

/// What keeps an outsider out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bar {
    /// Nothing: one may join.
    None,
    /// One was removed and has not come back.
    Removed,
    /// One is blocked now.
    Blocked,
}

/// How a user stands to a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A member.
    Member(Membership),
    /// Not a member.
    Outsider {
        /// Who can see the room.
        visibility: Visibility,
        /// What keeps the user out.
        bar: Bar,
    },
    /// The room does not exist, or no longer.
    NoRoom,
}

impl Standing {
    /// The membership, or the refusal that tells an outsider no more than may be known: a private room and one that
    /// does not exist are the same.
    pub const fn member(self) -> Result<Membership, Refusal> {
        match self {
            Self::Member(membership) => Ok(membership),
            Self::Outsider { visibility: Visibility::Public, bar: Bar::Blocked } => Err(Refusal::Blocked),
            Self::Outsider { visibility: Visibility::Public, .. } => Err(Refusal::NotAMember),
            Self::Outsider { visibility: Visibility::Private, .. } | Self::NoRoom => Err(Refusal::RoomNotFound),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(Visibility::Public, Bar::None, Refusal::NotAMember)]
    #[case(Visibility::Public, Bar::Removed, Refusal::NotAMember)]
    #[case(Visibility::Public, Bar::Blocked, Refusal::Blocked)]
    #[case(Visibility::Private, Bar::None, Refusal::RoomNotFound)]
    #[case(Visibility::Private, Bar::Removed, Refusal::RoomNotFound)]
    #[case(Visibility::Private, Bar::Blocked, Refusal::RoomNotFound)]
    fn an_outsider_learns_no_more_than_may_be_known(
        #[case] visibility: Visibility,
        #[case] bar: Bar,
        #[case] refusal: Refusal,
    ) {
        assert_eq!(Standing::Outsider { visibility, bar }.member(), Err(refusal));
    }

    #[test]
    fn a_hidden_room_and_no_room_are_refused_alike() {
        let hidden = Standing::Outsider { visibility: Visibility::Private, bar: Bar::Blocked };
        assert_eq!(hidden.member(), Standing::NoRoom.member());
    }
}
