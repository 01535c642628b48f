//! May this be posted now?

use aws_lc_rs::digest::{Context, SHA256};
use chatapp_types::{MessageId, Timestamp};

use super::access::Standing;
use super::body::MessageBody;
use crate::error::Refusal;

/// SHA-256 of what an idempotency key was used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyHash(pub [u8; 32]);

impl BodyHash {
    /// Of a text and the message it answers.
    pub fn of(body: &MessageBody, reply_to: Option<MessageId>) -> Self {
        let mut context = Context::new(&SHA256);
        match reply_to {
            Some(message) => {
                context.update(&[1]);
                context.update(message.as_bytes());
            }
            None => context.update(&[0]),
        }
        context.update(body.as_str().as_bytes());
        let mut hash = [0; 32];
        hash.copy_from_slice(context.finish().as_ref());
        Self(hash)
    }
}

/// The post for which the key was used before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EarlierPost {
    /// The entry.
    pub seq: u64,
    /// The message.
    pub message_id: MessageId,
    /// When.
    pub at: Timestamp,
    /// What the key was used for.
    pub hash: BodyHash,
}

/// The message that a post wants to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyTarget {
    /// It answers none.
    None,
    /// No message of this room has the id.
    Unknown,
    /// The message whose post is the entry `seq`.
    At(u64),
}

/// What is known under the lock of the room's head.
#[derive(Clone, Copy, Debug)]
pub struct PostFacts {
    /// The author's standing.
    pub standing: Standing,
    /// The author's earlier post in this room under the same key.
    pub earlier: Option<EarlierPost>,
    /// The message to answer.
    pub reply: ReplyTarget,
}

/// What to do with a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostDecision {
    /// Append it.
    Append,
    /// It is there: give the original answer.
    Repeat(EarlierPost),
}

/// Decides a post.
///
/// Membership comes first, also for a repeat: whoever has been put out of a room gets one answer to whatever is sent
/// there, and cannot ask for what the room holds. A repeat is answered even when the message has been edited or
/// deleted since, for the key's hash outlives the text.
pub fn decide_post(facts: &PostFacts, hash: BodyHash) -> Result<PostDecision, Refusal> {
    let membership = facts.standing.member()?;
    match facts.earlier {
        Some(earlier) if earlier.hash == hash => return Ok(PostDecision::Repeat(earlier)),
        Some(_) => return Err(Refusal::KeyReused),
        None => {}
    }
    match facts.reply {
        ReplyTarget::None => Ok(PostDecision::Append),
        ReplyTarget::At(seq) if membership.sees(seq) => Ok(PostDecision::Append),
        ReplyTarget::At(_) | ReplyTarget::Unknown => Err(Refusal::ReplyNotFound),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use chatapp_types::{Role, Visibility};

    use super::super::access::{Bar, Membership};
    use super::super::body::BodyLimits;
    use super::*;

    const MEMBER: Standing = Standing::Member(Membership { role: Role::Member, visible_after: 10 });
    const BLOCKED: Standing = Standing::Outsider { visibility: Visibility::Public, bar: Bar::Blocked };

    fn hash(text: &str, reply_to: Option<MessageId>) -> BodyHash {
        BodyHash::of(&MessageBody::parse("body", text.to_owned(), BodyLimits::default()).unwrap(), reply_to)
    }

    fn earlier(hash: BodyHash) -> EarlierPost {
        EarlierPost { seq: 4, message_id: MessageId::new(), at: Timestamp::from_millis(1), hash }
    }

    fn facts(standing: Standing, earlier: Option<EarlierPost>, reply: ReplyTarget) -> PostFacts {
        PostFacts { standing, earlier, reply }
    }

    #[test]
    fn the_same_key_and_text_get_the_original_answer() {
        let known = earlier(hash("hi", None));
        let decision = decide_post(&facts(MEMBER, Some(known), ReplyTarget::None), hash("hi", None));
        assert_eq!(decision, Ok(PostDecision::Repeat(known)));
    }

    #[test]
    fn the_same_key_with_another_text_or_reply_is_refused() {
        let known = Some(earlier(hash("hi", None)));
        for other in [hash("ho", None), hash("hi", Some(MessageId::new()))] {
            assert_eq!(decide_post(&facts(MEMBER, known, ReplyTarget::None), other), Err(Refusal::KeyReused));
        }
    }

    #[test]
    fn one_who_was_put_out_gets_the_same_refusal_for_a_repeat() {
        let known = earlier(hash("hi", None));
        for earlier in [Some(known), None] {
            let decision = decide_post(&facts(BLOCKED, earlier, ReplyTarget::None), hash("hi", None));
            assert_eq!(decision, Err(Refusal::Blocked));
        }
    }

    #[test]
    fn one_answers_only_messages_that_one_can_see() {
        for (reply, expected) in [
            (ReplyTarget::At(11), Ok(PostDecision::Append)),
            (ReplyTarget::At(10), Err(Refusal::ReplyNotFound)),
            (ReplyTarget::Unknown, Err(Refusal::ReplyNotFound)),
        ] {
            assert_eq!(decide_post(&facts(MEMBER, None, reply), hash("hi", None)), expected);
        }
    }
}
