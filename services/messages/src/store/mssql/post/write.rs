//! The rows of a group of posts: one transaction in one batch.

use std::collections::BTreeMap;

use chatapp_db::mssql::Sql;
use chatapp_timeline::mssql as log;
use chatapp_types::{RoomId, UserId};

use super::super::names::id_list;
use super::super::unread;
use super::decide::Decided;
use super::{Heads, Post};

/// The names of the parameters that several statements have in common.
struct Written {
    room: String,
    author: String,
    seq: String,
}

/// Adds the transaction; nothing when no post was accepted. Returns whether there is anything to write.
///
/// A group of 64 takes about 1,500 of the 2,100 parameters that a batch may have: some 24 a post, were each in a room of
/// its own.
pub(super) fn push(sql: &mut Sql, posts: &[&Post], from: &Heads, decided: &Decided) -> bool {
    if decided.accepted().next().is_none() {
        return false;
    }
    sql.push("BEGIN TRANSACTION; ");
    let mut moved: Vec<_> = decided.heads.iter().filter(|(room, to)| from.get(room) != Some(to)).collect();
    // In the order in which everybody locks them.
    moved.sort_unstable_by_key(|(room, _)| **room);
    for (room, to) in moved {
        if let Some(from) = from.get(room) {
            log::advance(sql, *room, *from, *to);
        }
    }
    let entries = decided.accepted().map(|(n, accepted)| (posts[n].new.room, accepted.appended, &accepted.entry));
    log::insert_entries(sql, entries);
    let written = push_messages(sql, posts, decided);
    push_mentions(sql, decided, &written);
    push_markers(sql, posts, decided, &written);
    sql.push("COMMIT; ");
    true
}

/// With each message, its id is noted for the index of words.
fn push_messages(sql: &mut Sql, posts: &[&Post], decided: &Decided) -> Vec<Written> {
    let mut rows = Vec::new();
    let mut written = Vec::new();
    for (n, accepted) in decided.accepted() {
        let post = posts[n];
        let (room, author) = (sql.hold(post.new.room), sql.hold(post.new.author.id));
        let seq = sql.hold(accepted.appended.seq);
        let (message, key) = (sql.hold(post.message_id), sql.hold(post.new.key));
        let (hash, body) = (sql.hold(post.hash.0), sql.hold(post.new.body.as_str()));
        let (reply_to, at) = (sql.hold(post.new.reply_to), sql.hold(accepted.entry.at));
        rows.push(format!("({room}, {seq}, {message}, {author}, {key}, {hash}, {body}, {reply_to}, {at})"));
        written.push(Written { room, author, seq });
    }
    sql.push(&format!(
        "INSERT INTO messages.messages (room_id, seq, message_id, author_id, [key], body_hash, body, reply_to, at)
         OUTPUT inserted.id INTO messages.unindexed (id) VALUES {}; ",
        rows.join(", ")
    ));
    written
}

/// Those who are named in a message go as one text, which the server cuts.
fn push_mentions(sql: &mut Sql, decided: &Decided, written: &[Written]) {
    let mut rows = Vec::new();
    for ((_, accepted), Written { room, seq, .. }) in decided.accepted().zip(written) {
        let users: Vec<UserId> = accepted.mentions.iter().map(|user| user.id).collect();
        if !users.is_empty() {
            rows.push(format!("({room}, {seq}, {})", sql.hold(id_list(&users))));
        }
    }
    if rows.is_empty() {
        return;
    }
    sql.push(&format!(
        "INSERT INTO messages.mentions (user_id, room_id, seq)
         SELECT CAST(s.value AS UNIQUEIDENTIFIER), p.room_id, p.seq
         FROM (VALUES {}) AS p (room_id, seq, users) CROSS APPLY STRING_SPLIT(p.users, N' ') AS s; ",
        rows.join(", ")
    ));
}

/// One's own messages are read: the marker moves to the last of them.
fn push_markers(sql: &mut Sql, posts: &[&Post], decided: &Decided, written: &[Written]) {
    let mut last: BTreeMap<(RoomId, UserId), &Written> = BTreeMap::new();
    for ((n, _), row) in decided.accepted().zip(written) {
        last.insert((posts[n].new.room, posts[n].new.author.id), row);
    }
    let rows: Vec<String> =
        last.values().map(|Written { room, author, seq }| format!("({room}, {author}, {seq})")).collect();
    unread::push_markers(sql, &rows.join(", "));
}
