//! May this message be deleted?

use chatapp_types::{Role, UserId};

use super::access::Standing;
use super::edit::Target;
use crate::error::Refusal;

/// Who wants to delete.
#[derive(Clone, Copy, Debug)]
pub struct Deleter {
    /// The user.
    pub user: UserId,
    /// Whether the token in use may moderate.
    pub may_moderate: bool,
}

/// What to do with a deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeleteDecision {
    /// Append it, and erase every text of the message.
    Append,
    /// It was deleted before; nothing happens, so that a deletion may be repeated.
    Gone,
}

/// Decides a deletion: of one's own message, or of any as an admin or the owner.
pub fn decide_delete(
    standing: Standing,
    target: Option<Target<'_>>,
    deleter: Deleter,
) -> Result<DeleteDecision, Refusal> {
    let membership = standing.member()?;
    let target = target.filter(|t| membership.sees(t.seq)).ok_or(Refusal::MessageNotFound)?;
    if target.author != deleter.user {
        if membership.role < Role::Admin {
            return Err(Refusal::NotYours);
        }
        if !deleter.may_moderate {
            return Err(Refusal::ModerateScopeNeeded);
        }
    }
    Ok(if target.body.is_some() { DeleteDecision::Append } else { DeleteDecision::Gone })
}

#[cfg(test)]
mod tests {
    use chatapp_types::Visibility;
    use rstest::rstest;

    use super::super::access::{Bar, Membership};
    use super::*;

    fn decide(role: Role, own: bool, may_moderate: bool, body: Option<&str>) -> Result<DeleteDecision, Refusal> {
        let user = UserId::new();
        let author = if own { user } else { UserId::new() };
        let standing = Standing::Member(Membership { role, visible_after: 0 });
        decide_delete(standing, Some(Target { seq: 1, author, body }), Deleter { user, may_moderate })
    }

    #[rstest]
    #[case(Role::Member, true, false, Ok(DeleteDecision::Append))]
    #[case(Role::Member, false, true, Err(Refusal::NotYours))]
    #[case(Role::Admin, false, true, Ok(DeleteDecision::Append))]
    #[case(Role::Owner, false, true, Ok(DeleteDecision::Append))]
    #[case(Role::Owner, false, false, Err(Refusal::ModerateScopeNeeded))]
    fn authors_and_moderators_delete(
        #[case] role: Role,
        #[case] own: bool,
        #[case] may_moderate: bool,
        #[case] expected: Result<DeleteDecision, Refusal>,
    ) {
        assert_eq!(decide(role, own, may_moderate, Some("x")), expected);
    }

    #[test]
    fn a_deletion_may_be_repeated() {
        assert_eq!(decide(Role::Member, true, false, None), Ok(DeleteDecision::Gone));
    }

    #[test]
    fn an_author_who_was_put_out_deletes_nothing() {
        let user = UserId::new();
        let standing = Standing::Outsider { visibility: Visibility::Private, bar: Bar::Removed };
        let target = Target { seq: 1, author: user, body: Some("x") };
        let decision = decide_delete(standing, Some(target), Deleter { user, may_moderate: true });
        assert_eq!(decision, Err(Refusal::RoomNotFound));
    }
}
