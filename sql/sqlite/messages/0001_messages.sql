-- Messages as they are now. A deletion empties the text and keeps the row: its key and hash still answer a repeat.
CREATE TABLE messages_messages (
    id         INTEGER PRIMARY KEY,             -- the full-text index refers to it; grows with each post
    room_id    BLOB    NOT NULL,
    seq        INTEGER NOT NULL,                -- the entry of its post
    message_id BLOB    NOT NULL,
    author_id  BLOB    NOT NULL,
    key        BLOB    NOT NULL,                -- the idempotency key its author's client made
    body_hash  BLOB    NOT NULL,                -- SHA-256 of what the key was used for
    body       TEXT,                            -- NULL once it was erased
    reply_to   BLOB,
    at         INTEGER NOT NULL,
    edited_seq INTEGER,                         -- the entry of its last edit
    edited_at  INTEGER,
    deleted_at INTEGER
) STRICT;

CREATE UNIQUE INDEX messages_messages_by_seq ON messages_messages (room_id, seq);
CREATE UNIQUE INDEX messages_messages_by_message_id ON messages_messages (message_id);
CREATE UNIQUE INDEX messages_messages_by_key ON messages_messages (room_id, author_id, key);

-- Texts as of the entries of a message that was edited: of its post and of each edit. A message that was never
-- edited has none; its text is the one above.
CREATE TABLE messages_revisions (
    room_id    BLOB    NOT NULL,
    seq        INTEGER NOT NULL,                -- the entry
    target_seq INTEGER NOT NULL,                -- the entry of the message's post
    body       TEXT    NOT NULL,
    PRIMARY KEY (room_id, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX messages_revisions_by_target ON messages_revisions (room_id, target_seq);

-- Who is named in which message, for unread counts.
CREATE TABLE messages_mentions (
    user_id BLOB    NOT NULL,
    room_id BLOB    NOT NULL,
    seq     INTEGER NOT NULL,
    PRIMARY KEY (user_id, room_id, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX messages_mentions_by_message ON messages_mentions (room_id, seq);

-- How far each user has read each room.
CREATE TABLE messages_read_markers (
    room_id BLOB    NOT NULL,
    user_id BLOB    NOT NULL,
    seq     INTEGER NOT NULL,
    PRIMARY KEY (room_id, user_id)
) STRICT, WITHOUT ROWID;

-- The full-text index. It stores no text, and a deletion removes a text's words from it at once. `room` is the room's
-- id in hexadecimal, a word like others, so that a search looks only at rooms that its caller may read. Beginnings of two and three
-- characters are kept too, so that what one types first is looked up and not gathered from all words.
CREATE VIRTUAL TABLE messages_words USING fts5 (
    room, body, content = '', columnsize = 0, prefix = '2 3', tokenize = 'unicode61 remove_diacritics 2'
);
INSERT INTO messages_words (messages_words, rank) VALUES ('secure-delete', 1);

-- Messages up to this id are in the index. Later ones are added in batches: the index flushes at each savepoint, and
-- a post is one, so that adding each message with its post would double the cost of posting.
CREATE TABLE messages_indexed (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    id  INTEGER NOT NULL
) STRICT;
INSERT INTO messages_indexed (one, id) VALUES (1, 0);

-- Rooms that are no more and whose texts have been erased.
CREATE TABLE messages_erased_rooms (
    room_id BLOB    NOT NULL PRIMARY KEY,
    at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
