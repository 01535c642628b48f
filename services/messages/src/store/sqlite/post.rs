//! Posting: the hot path. Few statements, all of them cached.

use chatapp_db::{DbError, WriteTx};
use chatapp_timeline::{NewEntry, sqlite as log};
use chatapp_types::messages::PostedMessage;
use chatapp_types::{Entry, EntryBody, MessageId, RoomId, Timestamp, UserId, UserRef};
use rusqlite::{OptionalExtension, params};

use super::message::MessageRow;
use super::names::Names;
use super::{access, unread};
use crate::app::mentions::{self, Candidate};
use crate::app::post::{BodyHash, EarlierPost, PostDecision, PostFacts, ReplyTarget, decide_post};
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

    /// Decides and writes. Returns the answer and, unless it is a repeat, the entry to publish.
    pub(super) fn run(self, tx: &WriteTx<'_>, now: Timestamp) -> Result<(PostedMessage, Option<Entry>), StoreError> {
        let facts = PostFacts {
            standing: access::standing(tx, self.new.room, self.new.author.id, now)?,
            earlier: self.earlier(tx)?,
            reply: self.reply_target(tx)?,
        };
        match decide_post(&facts, self.hash)? {
            PostDecision::Append => {
                let (posted, entry) = self.append(tx, now)?;
                Ok((posted, Some(entry)))
            }
            PostDecision::Repeat(earlier) => Ok((self.repeat(tx, &earlier)?, None)),
        }
    }

    fn earlier(&self, tx: &WriteTx<'_>) -> Result<Option<EarlierPost>, DbError> {
        Ok(tx
            .prepare_cached(
                "SELECT seq, message_id, at, body_hash FROM messages_messages
                 WHERE room_id = ?1 AND author_id = ?2 AND key = ?3",
            )?
            .query_row(params![self.new.room.0, self.new.author.id.0, self.new.key.0], |row| {
                Ok(EarlierPost {
                    seq: row.get::<_, i64>(0)?.unsigned_abs(),
                    message_id: MessageId(row.get(1)?),
                    at: Timestamp::from_millis(row.get(2)?),
                    hash: BodyHash(row.get(3)?),
                })
            })
            .optional()?)
    }

    fn reply_target(&self, tx: &WriteTx<'_>) -> Result<ReplyTarget, DbError> {
        let Some(message) = self.new.reply_to else { return Ok(ReplyTarget::None) };
        let seq: Option<i64> = tx
            .prepare_cached("SELECT seq FROM messages_messages WHERE message_id = ?1 AND room_id = ?2")?
            .query_row(params![message.0, self.new.room.0], |row| row.get(0))
            .optional()?;
        Ok(seq.map_or(ReplyTarget::Unknown, |seq| ReplyTarget::At(seq.unsigned_abs())))
    }

    fn append(self, tx: &WriteTx<'_>, at: Timestamp) -> Result<(PostedMessage, Entry), DbError> {
        let mentions = mentioned(tx, self.new.room, &self.mentions)?;
        let (new, message_id) = (self.new, self.message_id);
        let mut said = EntryBody::MessagePosted {
            message_id,
            ordinal: 0,
            body: new.body.as_str().to_owned(),
            reply_to: new.reply_to,
            key: Some(new.key),
            mentions: mentions.clone(),
            deleted: false,
        };
        let appended = log::append(tx, new.room, &NewEntry::of(new.author.id, at, &said))?;
        if let EntryBody::MessagePosted { ordinal, .. } = &mut said {
            *ordinal = appended.ordinal;
        }
        insert(tx, &new, message_id, self.hash, appended.seq, at)?;
        insert_mentions(tx, new.room, appended.seq, &mentions)?;
        unread::advance_marker(tx, new.author.id, new.room, appended.seq)?;
        let entry = Entry { room_id: new.room, seq: appended.seq, at, actor: new.author.clone(), body: said };
        let message = new.first_form(message_id, appended.seq, at, mentions);
        Ok((PostedMessage { message, duplicate: false }, entry))
    }

    /// The original answer. The text is the request's own: its hash is that of the original.
    fn repeat(self, tx: &WriteTx<'_>, earlier: &EarlierPost) -> Result<PostedMessage, DbError> {
        let row = MessageRow::find(tx, self.new.room, earlier.message_id)?;
        let mentions = Names::new(tx).get_all(&row.map(|row| row.mentions).unwrap_or_default())?;
        let message = self.new.first_form(earlier.message_id, earlier.seq, earlier.at, mentions);
        Ok(PostedMessage { message, duplicate: true })
    }
}

fn insert(
    tx: &WriteTx<'_>,
    new: &NewMessage,
    message_id: MessageId,
    hash: BodyHash,
    seq: u64,
    at: Timestamp,
) -> Result<(), DbError> {
    tx.prepare_cached(
        "INSERT INTO messages_messages (room_id, seq, message_id, author_id, key, body_hash, body, reply_to, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        new.room.0,
        seq.cast_signed(),
        message_id.0,
        new.author.id.0,
        new.key.0,
        hash.0,
        new.body.as_str(),
        new.reply_to.map(|id| id.0),
        at.millis(),
    ])?;
    Ok(())
}

/// The members among the names in the text, by one statement for all of them.
fn mentioned(tx: &WriteTx<'_>, room: RoomId, candidates: &[Candidate]) -> Result<Vec<UserRef>, DbError> {
    if candidates.is_empty() {
        return Ok(Vec::new());
    }
    let names: Vec<&str> = mentions::names(candidates).collect();
    let names = serde_json::to_string(&names).map_err(|e| DbError::Internal(e.to_string()))?;
    let mut statement = tx.prepare_cached(
        "SELECT u.id, u.username FROM json_each(?2) AS wanted
         CROSS JOIN auth_v_users u ON u.username = wanted.value AND u.deleted = 0
         CROSS JOIN rooms_v_members m ON m.room_id = ?1 AND m.user_id = u.id",
    )?;
    let members: Vec<UserRef> = statement
        .query_map(params![room.0, names], |row| Ok(UserRef { id: UserId(row.get(0)?), username: row.get(1)? }))?
        .collect::<Result<_, _>>()?;
    Ok(mentions::resolve(candidates, &members))
}

fn insert_mentions(tx: &WriteTx<'_>, room: RoomId, seq: u64, mentions: &[UserRef]) -> Result<(), DbError> {
    for user in mentions {
        tx.prepare_cached("INSERT INTO messages_mentions (user_id, room_id, seq) VALUES (?1, ?2, ?3)")?
            .execute(params![user.id.0, room.0, seq.cast_signed()])?;
    }
    Ok(())
}
