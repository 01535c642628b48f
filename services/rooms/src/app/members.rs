//! Adding, removing, roles, leaving, transferring.
//!
//! A moderator acts upon those below alone, appoints nobody to more than the own role, and only the owner appoints.
//! The one owner stays the owner until the room is transferred.

use chatapp_types::Role;

use super::Refusal;
use super::access::Standing;

const OWNER_STAYS: Refusal = Refusal::OwnerMustTransfer("you are the owner: transfer the room, or delete it");
const NOT_DEMOTED: Refusal = Refusal::OwnerMustTransfer("the owner cannot be demoted");
const NOT_REMOVED: Refusal = Refusal::OwnerMustTransfer("the owner cannot be removed");
const NOT_BLOCKED: Refusal = Refusal::OwnerMustTransfer("the owner cannot be blocked");
const APPOINTS: Refusal = Refusal::Forbidden("only the room's owner makes and unmakes admins");
const BELOW: Refusal = Refusal::Forbidden("admins are removed and blocked by the room's owner alone");

/// What a call to put a member leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutMember {
    /// One is a member with that role already.
    Unchanged,
    /// One becomes a member with this role.
    Add(Role),
    /// One has this role from now on.
    Change(Role),
}

/// May an `actor` who is an admin or the owner add the subject, or give it the role `wanted`?
pub fn put_member(actor: Role, subject: Standing, wanted: Option<Role>) -> Result<PutMember, Refusal> {
    if let Standing::Member(role) = subject {
        return change_role(actor, role, wanted.unwrap_or(role));
    }
    let role = wanted.unwrap_or(Role::Member);
    require_appointable(actor, role)?;
    match subject {
        Standing::Blocked => Err(Refusal::UserBlocked),
        _ => Ok(PutMember::Add(role)),
    }
}

fn change_role(actor: Role, role: Role, wanted: Role) -> Result<PutMember, Refusal> {
    if role == wanted {
        return Ok(PutMember::Unchanged);
    }
    if actor != Role::Owner {
        return Err(APPOINTS);
    }
    if role == Role::Owner {
        return Err(NOT_DEMOTED);
    }
    require_appointable(actor, wanted)?;
    Ok(PutMember::Change(wanted))
}

fn require_appointable(actor: Role, role: Role) -> Result<(), Refusal> {
    match role {
        Role::Member => Ok(()),
        _ if actor != Role::Owner => Err(APPOINTS),
        Role::Admin => Ok(()),
        Role::Owner => Err(Refusal::invalid("role", "not_allowed", "a room is given to another owner by a transfer")),
    }
}

/// May an `actor` who is an admin or the owner remove a member with the role `subject`?
pub fn may_remove(actor: Role, subject: Role) -> Result<(), Refusal> {
    match subject {
        Role::Owner => Err(NOT_REMOVED),
        subject if subject < actor => Ok(()),
        _ => Err(BELOW),
    }
}

/// May an `actor` who is an admin or the owner block a user who has the role `subject`, or is no member?
pub fn may_block(actor: Role, subject: Option<Role>) -> Result<(), Refusal> {
    match subject {
        None => Ok(()),
        Some(Role::Owner) => Err(NOT_BLOCKED),
        Some(subject) => may_remove(actor, subject),
    }
}

/// May a member with this role leave a room of so many members?
pub const fn may_leave(role: Role, members: u64) -> Result<(), Refusal> {
    match role {
        Role::Member | Role::Admin => Ok(()),
        Role::Owner if members > 1 => Err(OWNER_STAYS),
        Role::Owner => Err(Refusal::OwnerMustTransfer("you are its only member: delete the room instead")),
    }
}

/// May the owner give the room to the subject?
pub fn may_transfer(subject: Option<Role>) -> Result<(), Refusal> {
    match subject {
        None => Err(Refusal::MemberNotFound),
        Some(Role::Owner) => Err(Refusal::invalid("username", "not_allowed", "this is the room's owner already")),
        Some(Role::Member | Role::Admin) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLES: [Role; 3] = [Role::Member, Role::Admin, Role::Owner];

    #[test]
    fn nobody_raises_a_role_above_their_own() {
        for actor in [Role::Admin, Role::Owner] {
            for subject in ROLES.map(Standing::Member).into_iter().chain([Standing::Stranger]) {
                for wanted in ROLES {
                    let Ok(PutMember::Add(role) | PutMember::Change(role)) = put_member(actor, subject, Some(wanted))
                    else {
                        continue;
                    };
                    assert!(role < Role::Owner && (role == Role::Member || actor == Role::Owner), "{actor} {role}");
                }
            }
        }
    }

    #[test]
    fn only_the_owner_makes_and_unmakes_admins() {
        let member = Standing::Member(Role::Member);
        let admin = Standing::Member(Role::Admin);
        assert_eq!(put_member(Role::Owner, member, Some(Role::Admin)), Ok(PutMember::Change(Role::Admin)));
        assert_eq!(put_member(Role::Owner, admin, Some(Role::Member)), Ok(PutMember::Change(Role::Member)));
        assert_eq!(put_member(Role::Owner, Standing::Stranger, Some(Role::Admin)), Ok(PutMember::Add(Role::Admin)));
        assert_eq!(put_member(Role::Admin, member, Some(Role::Admin)), Err(APPOINTS));
        assert_eq!(put_member(Role::Admin, admin, Some(Role::Member)), Err(APPOINTS));
        assert_eq!(put_member(Role::Admin, Standing::Stranger, Some(Role::Admin)), Err(APPOINTS));
    }

    #[test]
    fn the_owner_cannot_be_demoted_and_not_even_step_down() {
        let owner = Standing::Member(Role::Owner);
        assert_eq!(put_member(Role::Owner, owner, Some(Role::Admin)), Err(NOT_DEMOTED));
        assert_eq!(put_member(Role::Admin, owner, Some(Role::Member)), Err(APPOINTS));
    }

    #[test]
    fn adding_a_member_again_changes_nothing() {
        for role in ROLES {
            assert_eq!(put_member(Role::Admin, Standing::Member(role), None), Ok(PutMember::Unchanged));
            assert_eq!(put_member(Role::Admin, Standing::Member(role), Some(role)), Ok(PutMember::Unchanged));
        }
    }

    #[test]
    fn a_blocked_user_is_not_added() {
        assert_eq!(put_member(Role::Owner, Standing::Blocked, None), Err(Refusal::UserBlocked));
        assert_eq!(put_member(Role::Admin, Standing::Blocked, Some(Role::Admin)), Err(APPOINTS));
    }

    #[test]
    fn one_removes_and_blocks_those_below_alone() {
        assert_eq!(may_remove(Role::Admin, Role::Member), Ok(()));
        assert_eq!(may_remove(Role::Admin, Role::Admin), Err(BELOW));
        assert_eq!(may_remove(Role::Owner, Role::Admin), Ok(()));
        assert_eq!(may_remove(Role::Owner, Role::Owner), Err(NOT_REMOVED));
        assert_eq!(may_remove(Role::Admin, Role::Owner), Err(NOT_REMOVED));
        assert_eq!(may_block(Role::Admin, Some(Role::Owner)), Err(NOT_BLOCKED));
        assert_eq!(may_block(Role::Admin, None), Ok(()));
        assert_eq!(may_block(Role::Admin, Some(Role::Admin)), Err(BELOW));
    }

    #[test]
    fn the_owner_leaves_by_transfer_or_deletion_alone() {
        assert_eq!(may_leave(Role::Admin, 3), Ok(()));
        assert_eq!(may_leave(Role::Owner, 2), Err(OWNER_STAYS));
        assert!(matches!(may_leave(Role::Owner, 1), Err(Refusal::OwnerMustTransfer(text)) if text.contains("delete")));
    }

    #[test]
    fn a_room_is_given_to_a_member_alone() {
        assert_eq!(may_transfer(None), Err(Refusal::MemberNotFound));
        assert_eq!(may_transfer(Some(Role::Member)), Ok(()));
        assert!(matches!(may_transfer(Some(Role::Owner)), Err(Refusal::Invalid(_))));
    }
}
