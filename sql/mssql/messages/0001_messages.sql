-- Messages as they are now. A deletion empties the text and keeps the row: its key and hash still answer a repeat.
CREATE TABLE messages.messages (
    id BIGINT IDENTITY(1, 1) NOT NULL, -- the index of words refers to it; within a room it grows with each post
    room_id UNIQUEIDENTIFIER NOT NULL,
    seq BIGINT NOT NULL, -- the entry of its post
    message_id UNIQUEIDENTIFIER NOT NULL,
    author_id UNIQUEIDENTIFIER NOT NULL,
    [key] UNIQUEIDENTIFIER NOT NULL, -- the idempotency key its author's client made
    body_hash VARBINARY(32) NOT NULL, -- SHA-256 of what the key was used for
    body NVARCHAR(MAX), -- NULL once it was erased
    reply_to UNIQUEIDENTIFIER,
    at BIGINT NOT NULL,
    edited_seq BIGINT, -- the entry of its last edit
    edited_at BIGINT,
    deleted_at BIGINT,
    CONSTRAINT messages_pk PRIMARY KEY CLUSTERED (room_id, seq)
);
GO
CREATE UNIQUE INDEX messages_by_id ON messages.messages (id);
GO
CREATE UNIQUE INDEX messages_by_message_id ON messages.messages (message_id);
GO
CREATE UNIQUE INDEX messages_by_key ON messages.messages (room_id, author_id, [key]);
GO
-- Texts as of the entries of a message that was edited: of its post and of each edit. A message that was never
-- edited has none; its text is the one above.
CREATE TABLE messages.revisions (
    room_id UNIQUEIDENTIFIER NOT NULL,
    seq BIGINT NOT NULL, -- the entry
    target_seq BIGINT NOT NULL, -- the entry of the message's post
    body NVARCHAR(MAX) NOT NULL,
    CONSTRAINT revisions_pk PRIMARY KEY CLUSTERED (room_id, seq)
);
GO
CREATE INDEX revisions_by_target ON messages.revisions (room_id, target_seq);
GO
-- Who is named in which message, for unread counts.
CREATE TABLE messages.mentions (
    user_id UNIQUEIDENTIFIER NOT NULL,
    room_id UNIQUEIDENTIFIER NOT NULL,
    seq BIGINT NOT NULL,
    CONSTRAINT mentions_pk PRIMARY KEY CLUSTERED (user_id, room_id, seq)
);
GO
CREATE INDEX mentions_by_message ON messages.mentions (room_id, seq);
GO
-- How far each user has read each room.
CREATE TABLE messages.read_markers (
    room_id UNIQUEIDENTIFIER NOT NULL,
    user_id UNIQUEIDENTIFIER NOT NULL,
    seq BIGINT NOT NULL,
    CONSTRAINT read_markers_pk PRIMARY KEY CLUSTERED (room_id, user_id)
);
GO
-- The index of words: each word of a text once, folded (case, accents) and cut by the service. It is always there,
-- whereas full-text search is an option of the server. A deletion removes a text's words from it at once.
CREATE TABLE messages.words (
    word NVARCHAR(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
    id BIGINT NOT NULL,
    CONSTRAINT words_pk PRIMARY KEY CLUSTERED (word, id)
);
GO
CREATE INDEX words_by_message ON messages.words (id, word);
GO
-- Messages whose words are to be put into the index. No watermark: an id is given at the insert, so that a smaller one
-- may be committed after a greater one was indexed. Whoever changes a message's words holds its row here.
CREATE TABLE messages.unindexed (
    id BIGINT NOT NULL,
    CONSTRAINT unindexed_pk PRIMARY KEY CLUSTERED (id)
);
GO
-- Rooms that are no more and whose texts have been erased.
CREATE TABLE messages.erased_rooms (
    room_id UNIQUEIDENTIFIER NOT NULL,
    at BIGINT NOT NULL,
    CONSTRAINT erased_rooms_pk PRIMARY KEY CLUSTERED (room_id)
);
GO
-- A message's row is never deleted: its key and hash answer repeats at any age.
GRANT SELECT, INSERT, UPDATE ON messages.messages TO messages_service;
GO
GRANT SELECT, INSERT, DELETE ON messages.revisions TO messages_service;
GO
GRANT SELECT, INSERT, DELETE ON messages.mentions TO messages_service;
GO
GRANT SELECT, INSERT, UPDATE, DELETE ON messages.read_markers TO messages_service;
GO
GRANT SELECT, INSERT, DELETE ON messages.words TO messages_service;
GO
GRANT SELECT, INSERT, UPDATE, DELETE ON messages.unindexed TO messages_service;
GO
GRANT SELECT, INSERT ON messages.erased_rooms TO messages_service;
GO
