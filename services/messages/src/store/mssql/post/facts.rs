//! What the decisions about a group of posts need: read in one round trip, after the rooms are held.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chatapp_db::DbError;
use chatapp_db::mssql::{Row, Session, Sql};
use chatapp_timeline::{Details, mssql as log};
use chatapp_types::{MessageId, RoomId, UserId, UserRef};

use super::super::access::{JOINS, STANDING};
use super::super::message::missing_answer;
use super::{Heads, Post};
use crate::app::mentions;
use crate::app::post::{BodyHash, EarlierPost, ReplyTarget};

/// What was read.
pub(super) struct Facts {
    pub(super) heads: Heads,
    /// By the post's place in the group.
    pub(super) posts: Vec<PostRow>,
    /// By the post's place in the group; of those that answer a message.
    pub(super) replies: HashMap<usize, ReplyTarget>,
    /// The members of a room among the names in its posts.
    pub(super) members: HashMap<RoomId, Vec<UserRef>>,
}

/// What is known of one post.
pub(super) struct PostRow {
    /// The row of the author's standing, from the column [`PostRow::STANDING`] on: it depends on the time.
    pub(super) row: Row,
    /// The post under the same key, and who is named in it.
    pub(super) earlier: Option<(EarlierPost, Vec<UserId>)>,
}

impl PostRow {
    /// Where the columns of the author's standing begin.
    pub(super) const STANDING: usize = 6;

    fn read(row: Row) -> Result<Self, DbError> {
        let earlier = match row.opt_uint(1)? {
            None => None,
            Some(seq) => {
                let hash = BodyHash(row.hash(4)?);
                let earlier = EarlierPost { seq, message_id: MessageId(row.id(2)?), at: row.time(3)?, hash };
                Some((earlier, Details::from_column(row.opt_text(5)?.as_deref()).mentions))
            }
        };
        Ok(Self { row, earlier })
    }
}

/// Takes the locks of the rooms, which are in order, and reads. The heads come first: what is read after them is at least
/// as new, and what is newer shows when they are moved.
pub(super) async fn read(session: &mut Session, posts: &[&Post], rooms: &[RoomId]) -> Result<Facts, DbError> {
    let mut sql = Sql::default();
    log::hold(&mut sql, rooms);
    let names: BTreeMap<RoomId, String> = rooms.iter().map(|room| (*room, sql.hold(*room))).collect();
    push_heads(&mut sql, &names);
    push_posts(&mut sql, posts, &names);
    let replies = push_replies(&mut sql, posts, &names);
    let members = push_members(&mut sql, posts, &names);
    let mut sets = session.query_sets(sql).await?.into_iter();
    let mut next = |wanted: bool| if wanted { sets.next().ok_or_else(missing_answer) } else { Ok(Vec::new()) };
    let heads = next(true)?;
    let heads = heads.iter().map(|row| Ok((RoomId(row.id(0)?), log::read_head(row, 1)?)));
    Ok(Facts {
        heads: heads.collect::<Result<_, DbError>>()?,
        posts: read_posts(next(true)?, posts.len())?,
        replies: read_replies(&next(replies)?)?,
        members: read_members(&next(members)?)?,
    })
}

fn push_heads(sql: &mut Sql, rooms: &BTreeMap<RoomId, String>) {
    let rooms: Vec<&str> = rooms.values().map(String::as_str).collect();
    sql.push(&format!("SELECT room_id, seq, messages FROM timeline.heads WHERE room_id IN ({}); ", rooms.join(", ")));
}

fn push_posts(sql: &mut Sql, posts: &[&Post], rooms: &BTreeMap<RoomId, String>) {
    let mut rows = Vec::with_capacity(posts.len());
    for (n, post) in posts.iter().enumerate() {
        let (author, key) = (sql.hold(post.new.author.id), sql.hold(post.new.key));
        rows.push(format!("({n}, {}, {author}, {key})", rooms[&post.new.room]));
    }
    sql.push(&format!(
        "SELECT p.n, m.seq, m.message_id, m.at, m.body_hash, e.details, {STANDING}
         FROM (VALUES {rows}) AS p (n, room_id, user_id, used_key)
         LEFT JOIN messages.messages m
             ON m.room_id = p.room_id AND m.author_id = p.user_id AND m.[key] = p.used_key
         LEFT JOIN timeline.entries e ON e.room_id = m.room_id AND e.seq = m.seq {JOINS}; ",
        rows = rows.join(", "),
    ));
}

fn read_posts(rows: Vec<Row>, posts: usize) -> Result<Vec<PostRow>, DbError> {
    let mut read: Vec<Option<PostRow>> = (0..posts).map(|_| None).collect();
    for row in rows {
        let place = usize::try_from(row.uint(0)?).ok().and_then(|n| read.get_mut(n)).ok_or_else(missing_answer)?;
        *place = Some(PostRow::read(row)?);
    }
    read.into_iter().collect::<Option<_>>().ok_or_else(missing_answer)
}

/// Returns whether there is anything to ask.
fn push_replies(sql: &mut Sql, posts: &[&Post], rooms: &BTreeMap<RoomId, String>) -> bool {
    let mut rows = Vec::new();
    for (n, post) in posts.iter().enumerate() {
        if let Some(message) = post.new.reply_to {
            rows.push(format!("({n}, {}, {})", rooms[&post.new.room], sql.hold(message)));
        }
    }
    if rows.is_empty() {
        return false;
    }
    sql.push(&format!(
        "SELECT p.n, m.seq FROM (VALUES {}) AS p (n, room_id, message_id)
         JOIN messages.messages m ON m.message_id = p.message_id AND m.room_id = p.room_id; ",
        rows.join(", ")
    ));
    true
}

fn read_replies(rows: &[Row]) -> Result<HashMap<usize, ReplyTarget>, DbError> {
    let read = |row: &Row| Ok((usize::try_from(row.uint(0)?).unwrap_or(usize::MAX), ReplyTarget::At(row.uint(1)?)));
    rows.iter().map(read).collect()
}

/// The names in the posts of a room go as one text, which the server cuts: they hold no spaces. Returns whether there is
/// anything to ask.
fn push_members(sql: &mut Sql, posts: &[&Post], rooms: &BTreeMap<RoomId, String>) -> bool {
    let mut names: BTreeMap<RoomId, BTreeSet<&str>> = BTreeMap::new();
    for post in posts.iter().filter(|post| !post.mentions.is_empty()) {
        names.entry(post.new.room).or_default().extend(mentions::names(&post.mentions));
    }
    if names.is_empty() {
        return false;
    }
    let mut rows = Vec::with_capacity(names.len());
    for (room, names) in names {
        let names: Vec<&str> = names.into_iter().collect();
        rows.push(format!("({}, {})", rooms[&room], sql.hold(names.join(" "))));
    }
    sql.push(&format!(
        "SELECT p.room_id, u.id, u.username FROM (VALUES {}) AS p (room_id, names)
         CROSS APPLY STRING_SPLIT(p.names, N' ') AS s
         JOIN auth.v_users u ON u.username = s.value COLLATE Latin1_General_100_BIN2 AND u.deleted = 0
         JOIN rooms.v_members m ON m.room_id = p.room_id AND m.user_id = u.id; ",
        rows.join(", ")
    ));
    true
}

fn read_members(rows: &[Row]) -> Result<HashMap<RoomId, Vec<UserRef>>, DbError> {
    let mut members: HashMap<RoomId, Vec<UserRef>> = HashMap::new();
    for row in rows {
        let user = UserRef { id: UserId(row.id(1)?), username: row.text(2)? };
        members.entry(RoomId(row.id(0)?)).or_default().push(user);
    }
    Ok(members)
}
