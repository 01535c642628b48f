//! May this message be edited so?

use chatapp_types::UserId;

use super::access::Standing;
use super::body::MessageBody;
use crate::error::Refusal;

/// A message, as the decisions about it need it.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The entry of its post.
    pub seq: u64,
    /// Who wrote it.
    pub author: UserId,
    /// Its text now; `None` once it was erased.
    pub body: Option<&'a str>,
}

/// What to do with an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EditDecision {
    /// Append it.
    Append,
    /// The message reads so already; nothing happens, so that an edit may be repeated.
    Unchanged,
}

/// Decides an edit by `editor`: of one's own message alone, whatever one's role.
pub fn decide_edit(
    standing: Standing,
    target: Option<Target<'_>>,
    editor: UserId,
    new: &MessageBody,
) -> Result<EditDecision, Refusal> {
    let membership = standing.member()?;
    let target = target.filter(|t| membership.sees(t.seq)).ok_or(Refusal::MessageNotFound)?;
    if target.author != editor {
        return Err(Refusal::NotYours);
    }
    match target.body {
        None => Err(Refusal::MessageDeleted),
        Some(body) if body == new.as_str() => Ok(EditDecision::Unchanged),
        Some(_) => Ok(EditDecision::Append),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use chatapp_types::Role;

    use super::super::access::Membership;
    use super::super::body::BodyLimits;
    use super::*;

    fn decide(role: Role, own: bool, seq: u64, body: Option<&str>) -> Result<EditDecision, Refusal> {
        let editor = UserId::new();
        let author = if own { editor } else { UserId::new() };
        let standing = Standing::Member(Membership { role, visible_after: 3 });
        let new = MessageBody::parse("body", "new".to_owned(), BodyLimits::default()).unwrap();
        decide_edit(standing, Some(Target { seq, author, body }), editor, &new)
    }

    #[test]
    fn the_author_edits_and_nobody_else_does() {
        assert_eq!(decide(Role::Member, true, 4, Some("old")), Ok(EditDecision::Append));
        for role in [Role::Member, Role::Admin, Role::Owner] {
            assert_eq!(decide(role, false, 4, Some("old")), Err(Refusal::NotYours));
        }
    }

    #[test]
    fn an_edit_to_the_same_text_changes_nothing() {
        assert_eq!(decide(Role::Member, true, 4, Some("new")), Ok(EditDecision::Unchanged));
    }

    #[test]
    fn a_deleted_message_stays_deleted() {
        assert_eq!(decide(Role::Owner, true, 4, None), Err(Refusal::MessageDeleted));
    }

    #[test]
    fn what_one_cannot_see_is_not_there() {
        assert_eq!(decide(Role::Member, true, 3, Some("old")), Err(Refusal::MessageNotFound));
    }
}
