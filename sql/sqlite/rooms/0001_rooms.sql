-- Rooms, and who is in them. A deleted room keeps its row (and its number) and loses everything else but the audit.
CREATE TABLE rooms_rooms (
    number       INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, -- the integer id of version 0, never given twice
    id           BLOB    NOT NULL UNIQUE,
    name         TEXT    NOT NULL,
    name_norm    TEXT    NOT NULL,                           -- what names are compared by
    sort_key     TEXT    NOT NULL,                           -- the beginning of name_norm, short enough for a cursor
    topic        TEXT    NOT NULL,
    visibility   TEXT    NOT NULL CHECK (visibility IN ('public', 'private')),
    history      TEXT    NOT NULL CHECK (history IN ('full', 'since_join')),
    member_count INTEGER NOT NULL,
    audit_count  INTEGER NOT NULL,                           -- the number of the last act of moderation
    created_at   INTEGER NOT NULL,
    deleted_at   INTEGER
) STRICT;

-- A private room's name is unique to nobody, so that no refusal reveals it.
CREATE UNIQUE INDEX rooms_rooms_public_name ON rooms_rooms (name_norm)
    WHERE visibility = 'public' AND deleted_at IS NULL;
CREATE INDEX rooms_rooms_name ON rooms_rooms (name_norm) WHERE deleted_at IS NULL;
CREATE INDEX rooms_rooms_public_order ON rooms_rooms (sort_key, number)
    WHERE visibility = 'public' AND deleted_at IS NULL;

-- Members of existing rooms.
CREATE TABLE rooms_members (
    room_id       BLOB    NOT NULL,
    user_id       BLOB    NOT NULL,
    role          TEXT    NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
    joined_at     INTEGER NOT NULL,
    joined_seq    INTEGER NOT NULL,
    visible_after INTEGER NOT NULL, -- fixed at the join: entries with a greater seq are read
    PRIMARY KEY (room_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX rooms_members_of_user ON rooms_members (user_id, room_id);
CREATE INDEX rooms_members_order ON rooms_members (room_id, joined_seq);
CREATE UNIQUE INDEX rooms_members_one_owner ON rooms_members (room_id) WHERE role = 'owner';
CREATE INDEX rooms_members_owned ON rooms_members (user_id) WHERE role = 'owner';

-- Users kept out. A block whose end has passed stays until its user comes back or is blocked anew.
CREATE TABLE rooms_blocks (
    room_id BLOB    NOT NULL,
    user_id BLOB    NOT NULL,
    by_id   BLOB    NOT NULL,
    reason  TEXT,
    at      INTEGER NOT NULL,
    seq     INTEGER NOT NULL, -- the entry that made it
    until   INTEGER,
    PRIMARY KEY (room_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX rooms_blocks_order ON rooms_blocks (room_id, seq);

-- Users whose membership a moderator ended and who have not come back since.
CREATE TABLE rooms_removals (
    room_id BLOB    NOT NULL,
    user_id BLOB    NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (room_id, user_id)
) STRICT, WITHOUT ROWID;

-- One secret code a private room. A code that the server made is known by its HMAC, one that a person chose by argon2id.
CREATE TABLE rooms_codes (
    room_id    BLOB    NOT NULL PRIMARY KEY,
    version    BLOB    NOT NULL, -- another one at each rotation
    digest     BLOB,
    hash       TEXT,
    set_at     INTEGER NOT NULL,
    expires_at INTEGER,
    uses_left  INTEGER CHECK (uses_left >= 0),
    CHECK ((digest IS NULL) <> (hash IS NULL))
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX rooms_codes_digest ON rooms_codes (digest) WHERE digest IS NOT NULL;

-- Tries of codes that have not succeeded, of the last hour. Sixteen zero bytes stand for "no room named".
CREATE TABLE rooms_code_tries (
    id      INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    user_id BLOB    NOT NULL,
    room_id BLOB    NOT NULL,
    at      INTEGER NOT NULL
) STRICT;

CREATE INDEX rooms_code_tries_of_user ON rooms_code_tries (user_id, at);
CREATE INDEX rooms_code_tries_age ON rooms_code_tries (at);

-- Acts of moderation, numbered within the room.
CREATE TABLE rooms_audit (
    room_id    BLOB    NOT NULL,
    number     INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    actor_id   BLOB    NOT NULL,
    action     TEXT    NOT NULL,
    subject_id BLOB,
    detail     TEXT,
    PRIMARY KEY (room_id, number)
) STRICT, WITHOUT ROWID;

-- Published to the other services.
CREATE VIEW rooms_v_rooms (id, number, name, name_norm, visibility, history) AS
    SELECT id, number, name, name_norm, visibility, history FROM rooms_rooms WHERE deleted_at IS NULL;

CREATE VIEW rooms_v_members (room_id, user_id, role, visible_after, joined_seq) AS
    SELECT room_id, user_id, role, visible_after, joined_seq FROM rooms_members;

-- `blocked` holds while `until` is NULL or in the future.
CREATE VIEW rooms_v_barred (room_id, user_id, blocked, until) AS
    SELECT room_id, user_id, 1, until FROM rooms_blocks
    UNION ALL
    SELECT r.room_id, r.user_id, 0, NULL FROM rooms_removals r
    WHERE NOT EXISTS (SELECT 1 FROM rooms_blocks b WHERE b.room_id = r.room_id AND b.user_id = r.user_id);
