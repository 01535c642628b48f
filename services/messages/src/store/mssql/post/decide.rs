//! Each post of a group is decided by the rules, in the order in which they came: what was accepted before in the same
//! group counts.

use std::collections::HashMap;

use chatapp_db::DbError;
use chatapp_db::mssql::Sql;
use chatapp_timeline::{Appended, NewEntry};
use chatapp_types::messages::PostedMessage;
use chatapp_types::{Entry, EntryBody, RoomId, SendKey, Timestamp, UserId, UserRef};

use super::super::access;
use super::super::names::{self, Names};
use super::facts::{Facts, PostRow};
use super::{Done, Heads, Post};
use crate::app::mentions;
use crate::app::post::{EarlierPost, PostDecision, PostFacts, ReplyTarget, decide_post};
use crate::error::StoreError;

/// What is to be done about a group.
pub(super) struct Decided {
    /// By the post's place in the group.
    posts: Vec<Result<Decision, StoreError>>,
    /// Where the heads will be.
    pub(super) heads: Heads,
}

enum Decision {
    Append(Box<Accepted>),
    /// The original answer, and who was named in it.
    Repeat(EarlierPost, Named),
}

enum Named {
    Known(Vec<UserRef>),
    /// To be looked up.
    Ids(Vec<UserId>),
}

/// A post that is to be written.
pub(super) struct Accepted {
    pub(super) appended: Appended,
    pub(super) entry: NewEntry,
    pub(super) mentions: Vec<UserRef>,
    said: EntryBody,
}

/// Decides all of them.
pub(super) fn decide(posts: &[&Post], facts: &Facts, now: Timestamp) -> Result<Decided, DbError> {
    let mut decided = Decided { posts: Vec::with_capacity(posts.len()), heads: facts.heads.clone() };
    let mut in_group: HashMap<(RoomId, UserId, SendKey), usize> = HashMap::new();
    for (n, post) in posts.iter().enumerate() {
        let used = (post.new.room, post.new.author.id, post.new.key);
        let earlier = match in_group.get(&used) {
            Some(first) => decided.accepted_at(*first, posts),
            None => facts.posts[n].earlier.as_ref().map(|(post, ids)| (*post, Named::Ids(ids.clone()))),
        };
        let post_facts = PostFacts {
            standing: access::standing(&facts.posts[n].row, PostRow::STANDING, now)?,
            earlier: earlier.as_ref().map(|(post, _)| *post),
            reply: match post.new.reply_to {
                None => ReplyTarget::None,
                Some(_) => facts.replies.get(&n).copied().unwrap_or(ReplyTarget::Unknown),
            },
        };
        let decision = match (decide_post(&post_facts, post.hash), earlier) {
            (Err(refusal), _) => Err(refusal.into()),
            (Ok(PostDecision::Repeat(_)), Some((earlier, named))) => Ok(Decision::Repeat(earlier, named)),
            (Ok(_), _) => {
                let accepted = accept(post, facts, &mut decided.heads, now);
                if accepted.is_ok() {
                    in_group.insert(used, n);
                }
                accepted.map(|accepted| Decision::Append(Box::new(accepted)))
            }
        };
        decided.posts.push(decision);
    }
    Ok(decided)
}

fn accept(post: &Post, facts: &Facts, heads: &mut Heads, at: Timestamp) -> Result<Accepted, StoreError> {
    let no_log = || DbError::Internal("a room without a log".to_owned());
    let head = heads.get_mut(&post.new.room).ok_or_else(no_log)?;
    head.seq += 1;
    head.messages += 1;
    let appended = Appended { seq: head.seq, ordinal: head.messages };
    let members = facts.members.get(&post.new.room).map_or(&[][..], Vec::as_slice);
    let mentions = mentions::resolve(&post.mentions, members);
    let said = EntryBody::MessagePosted {
        message_id: post.message_id,
        ordinal: appended.ordinal,
        body: post.new.body.as_str().to_owned(),
        reply_to: post.new.reply_to,
        key: Some(post.new.key),
        mentions: mentions.clone(),
        deleted: false,
    };
    Ok(Accepted { appended, entry: NewEntry::of(post.new.author.id, at, &said), mentions, said })
}

impl Decided {
    /// Those to be written, in the order of their rooms' logs, with their places in the group.
    pub(super) fn accepted(&self) -> impl Iterator<Item = (usize, &Accepted)> {
        self.posts.iter().enumerate().filter_map(|(n, decision)| match decision {
            Ok(Decision::Append(accepted)) => Some((n, &**accepted)),
            _ => None,
        })
    }

    fn accepted_at(&self, n: usize, posts: &[&Post]) -> Option<(EarlierPost, Named)> {
        let Some(Ok(Decision::Append(accepted))) = self.posts.get(n) else { return None };
        let post = posts[n];
        let (seq, at) = (accepted.appended.seq, accepted.entry.at);
        let earlier = EarlierPost { seq, message_id: post.message_id, at, hash: post.hash };
        Some((earlier, Named::Known(accepted.mentions.clone())))
    }

    /// Adds a statement that looks up who is named in the originals of repeats. Returns whether there is anybody.
    pub(super) fn push_names(&self, sql: &mut Sql) -> bool {
        let ids: Vec<UserId> = self
            .posts
            .iter()
            .filter_map(|decision| match decision {
                Ok(Decision::Repeat(_, Named::Ids(ids))) => Some(ids.iter().copied()),
                _ => None,
            })
            .flatten()
            .collect();
        if !ids.is_empty() {
            names::push_select(sql, &ids);
        }
        !ids.is_empty()
    }

    /// The answers, once all is committed.
    pub(super) fn into_answers(self, posts: &[&Post], names: &Names) -> Vec<Result<Done, StoreError>> {
        let answer = |(decision, post): (Result<Decision, StoreError>, &&Post)| Ok(decision?.into_done(post, names));
        self.posts.into_iter().zip(posts).map(answer).collect()
    }
}

impl Decision {
    /// The text is the request's own: the hash of a repeat is that of its original.
    fn into_done(self, post: &Post, names: &Names) -> Done {
        let new = post.new.clone();
        match self {
            Self::Append(accepted) => {
                let Accepted { appended, entry, mentions, said } = *accepted;
                let (room_id, actor) = (new.room, new.author.clone());
                let message = new.first_form(post.message_id, appended.seq, entry.at, mentions);
                let entry = Entry { room_id, seq: appended.seq, at: entry.at, actor, body: said };
                Done { posted: PostedMessage { message, duplicate: false }, entry: Some(entry) }
            }
            Self::Repeat(earlier, mentioned) => {
                let mentions = match mentioned {
                    Named::Known(users) => users,
                    Named::Ids(ids) => names.all(&ids),
                };
                let message = new.first_form(earlier.message_id, earlier.seq, earlier.at, mentions);
                Done { posted: PostedMessage { message, duplicate: true }, entry: None }
            }
        }
    }
}
