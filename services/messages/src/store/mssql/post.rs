//! Posting: the hot path. Whatever waits, up to 64 posts, is decided and written in two round trips.

mod decide;
mod facts;
pub(super) mod lanes;
mod write;

use std::collections::HashMap;

use chatapp_db::mssql::{Session, Sql};
use chatapp_timeline::{Head, mssql as log};
use chatapp_types::messages::PostedMessage;
use chatapp_types::{Clock, Entry, MessageId, RoomId};

use super::names::Names;
use crate::app::mentions::{self, Candidate};
use crate::app::post::BodyHash;
use crate::error::StoreError;
use crate::store::NewMessage;

/// A post, with what can be computed before the lock is held.
pub(super) struct Post {
    new: NewMessage,
    hash: BodyHash,
    mentions: Vec<Candidate>,
    message_id: MessageId,
}

impl Post {
    pub(super) fn prepare(new: NewMessage) -> Self {
        let hash = BodyHash::of(&new.body, new.reply_to);
        let mentions = mentions::candidates(new.body.as_str());
        Self { new, hash, mentions, message_id: MessageId::new() }
    }
}

/// The answer to a post and, unless it is a repeat, the entry to publish.
pub(super) struct Done {
    pub(super) posted: PostedMessage,
    pub(super) entry: Option<Entry>,
}

/// The rooms of a group, as it found them under their locks.
type Heads = HashMap<RoomId, Head>;

/// Decides and writes a group of posts of any rooms: each by itself, in their order, all in one transaction. Without one
/// around it ([`chatapp_db::Mssql::run`]).
///
/// First trip: the rooms are held, and all that the decisions need is read. Second trip: what was decided is written and
/// committed, and the rooms are given back.
async fn commit(
    session: &mut Session,
    posts: &[&Post],
    clock: &dyn Clock,
) -> Result<Vec<Result<Done, StoreError>>, StoreError> {
    let mut rooms: Vec<RoomId> = posts.iter().map(|post| post.new.room).collect();
    rooms.sort_unstable();
    rooms.dedup();
    let facts = facts::read(session, posts, &rooms).await?;
    let decided = decide::decide(posts, &facts, clock.now())?;
    let mut sql = Sql::default();
    let names_wanted = decided.push_names(&mut sql);
    let writes = write::push(&mut sql, posts, &facts.heads, &decided);
    log::release(&mut sql, &rooms);
    let sets = if writes { session.commit_batch(sql).await? } else { session.query_sets(sql).await? };
    let mut names = Names::default();
    if names_wanted {
        names.learn(sets.first().map_or(&[], Vec::as_slice))?;
    }
    Ok(decided.into_answers(posts, &names))
}
