//! What becomes of a room when its owner's account is no more.

use chatapp_types::{Role, UserId};

/// A member who could follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heir {
    /// Who.
    pub user: UserId,
    /// With which role.
    pub role: Role,
    /// Since which entry of the log.
    pub joined_seq: u64,
}

/// The longest-standing admin, else the longest-standing member; `None` when nobody is left.
pub fn successor(members: impl IntoIterator<Item = Heir>) -> Option<UserId> {
    members
        .into_iter()
        .filter(|heir| heir.role < Role::Owner)
        .min_by_key(|heir| (std::cmp::Reverse(heir.role), heir.joined_seq))
        .map(|heir| heir.user)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heir(role: Role, joined_seq: u64) -> Heir {
        Heir { user: UserId::new(), role, joined_seq }
    }

    #[test]
    fn the_longest_standing_admin_goes_before_older_members() {
        let (member, late, early) = (heir(Role::Member, 2), heir(Role::Admin, 9), heir(Role::Admin, 5));
        assert_eq!(successor([member, late, early]), Some(early.user));
    }

    #[test]
    fn without_admins_the_longest_standing_member_follows() {
        let (late, early) = (heir(Role::Member, 9), heir(Role::Member, 5));
        assert_eq!(successor([late, early]), Some(early.user));
        assert_eq!(successor([]), None);
    }
}
