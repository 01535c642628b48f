-- Rooms, and who is in them. A deleted room keeps its row (and its number) and loses everything else but the audit.
CREATE TABLE rooms.rooms (
    number BIGINT IDENTITY(1, 1) NOT NULL, -- the integer id of version 0, never given twice
    id UNIQUEIDENTIFIER NOT NULL,
    name NVARCHAR(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
    name_norm NVARCHAR(800) COLLATE Latin1_General_100_BIN2 NOT NULL, -- what names are compared by; one too long for an index ends with its digest
    sort_key NVARCHAR(200) COLLATE Latin1_General_100_BIN2 NOT NULL, -- the beginning of name_norm, short enough for a cursor
    topic NVARCHAR(600) NOT NULL,
    visibility NVARCHAR(16) COLLATE Latin1_General_100_BIN2 NOT NULL,
    history NVARCHAR(16) COLLATE Latin1_General_100_BIN2 NOT NULL,
    member_count BIGINT NOT NULL,
    audit_count BIGINT NOT NULL, -- the number of the last act of moderation
    created_at BIGINT NOT NULL, -- milliseconds since 1970, UTC, as all times here
    deleted_at BIGINT,
    CONSTRAINT rooms_pk PRIMARY KEY CLUSTERED (number),
    CONSTRAINT rooms_id UNIQUE (id),
    CONSTRAINT rooms_visibility CHECK (visibility IN (N'public', N'private')),
    CONSTRAINT rooms_history CHECK (history IN (N'full', N'since_join'))
);
GO
-- A private room's name is unique to nobody, so that no refusal reveals it.
CREATE UNIQUE INDEX rooms_public_name ON rooms.rooms (name_norm)
WHERE visibility = N'public' AND deleted_at IS NULL;
GO
CREATE INDEX rooms_name ON rooms.rooms (name_norm) WHERE deleted_at IS NULL;
GO
CREATE INDEX rooms_public_order ON rooms.rooms (sort_key, number)
WHERE visibility = N'public' AND deleted_at IS NULL;
GO
-- Members of existing rooms.
CREATE TABLE rooms.members (
    room_id UNIQUEIDENTIFIER NOT NULL,
    user_id UNIQUEIDENTIFIER NOT NULL,
    role NVARCHAR(16) COLLATE Latin1_General_100_BIN2 NOT NULL,
    joined_at BIGINT NOT NULL,
    joined_seq BIGINT NOT NULL,
    visible_after BIGINT NOT NULL, -- fixed at the join: entries with a greater seq are read
    CONSTRAINT members_pk PRIMARY KEY NONCLUSTERED (room_id, user_id),
    CONSTRAINT members_role CHECK (role IN (N'owner', N'admin', N'member'))
);
GO
-- Rows lie in the order of their coming: each came by an entry of its own.
CREATE UNIQUE CLUSTERED INDEX members_order ON rooms.members (room_id, joined_seq);
GO
CREATE INDEX members_of_user ON rooms.members (user_id, room_id);
GO
CREATE UNIQUE INDEX members_one_owner ON rooms.members (room_id) WHERE role = N'owner';
GO
CREATE INDEX members_owned ON rooms.members (user_id) WHERE role = N'owner';
GO
-- Users kept out. A block whose end has passed stays until its user comes back or is blocked anew.
CREATE TABLE rooms.blocks (
    room_id UNIQUEIDENTIFIER NOT NULL,
    user_id UNIQUEIDENTIFIER NOT NULL,
    by_id UNIQUEIDENTIFIER NOT NULL,
    reason NVARCHAR(600),
    at BIGINT NOT NULL,
    seq BIGINT NOT NULL, -- the entry that made it
    until BIGINT,
    CONSTRAINT blocks_pk PRIMARY KEY NONCLUSTERED (room_id, user_id)
);
GO
CREATE UNIQUE CLUSTERED INDEX blocks_order ON rooms.blocks (room_id, seq);
GO
-- Users whose membership a moderator ended and who have not come back since.
CREATE TABLE rooms.removals (
    room_id UNIQUEIDENTIFIER NOT NULL,
    user_id UNIQUEIDENTIFIER NOT NULL,
    at BIGINT NOT NULL,
    CONSTRAINT removals_pk PRIMARY KEY (room_id, user_id)
);
GO
-- One secret code a private room. A code that the server made is known by its HMAC, one that a person chose by argon2id.
CREATE TABLE rooms.codes (
    room_id UNIQUEIDENTIFIER NOT NULL,
    version UNIQUEIDENTIFIER NOT NULL, -- another one at each rotation
    digest VARBINARY(32),
    hash NVARCHAR(300) COLLATE Latin1_General_100_BIN2,
    set_at BIGINT NOT NULL,
    expires_at BIGINT,
    uses_left BIGINT,
    CONSTRAINT codes_pk PRIMARY KEY (room_id),
    CONSTRAINT codes_uses CHECK (uses_left >= 0),
    CONSTRAINT codes_one_kind CHECK (digest IS NULL AND hash IS NOT NULL OR digest IS NOT NULL AND hash IS NULL)
);
GO
CREATE UNIQUE INDEX codes_digest ON rooms.codes (digest) WHERE digest IS NOT NULL;
GO
-- Tries of codes that have not succeeded, of the last hour. An id of zeros stands for "no room named".
CREATE TABLE rooms.code_tries (
    id BIGINT IDENTITY(1, 1) NOT NULL,
    user_id UNIQUEIDENTIFIER NOT NULL,
    room_id UNIQUEIDENTIFIER NOT NULL,
    at BIGINT NOT NULL,
    CONSTRAINT code_tries_pk PRIMARY KEY CLUSTERED (id)
);
GO
CREATE INDEX code_tries_of_user ON rooms.code_tries (user_id, at);
GO
CREATE INDEX code_tries_age ON rooms.code_tries (at);
GO
-- Acts of moderation, numbered within the room.
CREATE TABLE rooms.audit (
    room_id UNIQUEIDENTIFIER NOT NULL,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    actor_id UNIQUEIDENTIFIER NOT NULL,
    action NVARCHAR(40) COLLATE Latin1_General_100_BIN2 NOT NULL,
    subject_id UNIQUEIDENTIFIER,
    detail NVARCHAR(1000),
    CONSTRAINT audit_pk PRIMARY KEY CLUSTERED (room_id, number)
);
GO
-- Published to the other services.
CREATE VIEW rooms.v_rooms AS
SELECT id, number, name, name_norm, visibility, history FROM rooms.rooms WHERE deleted_at IS NULL;
GO
CREATE VIEW rooms.v_members AS
SELECT room_id, user_id, role, visible_after, joined_seq FROM rooms.members;
GO
-- `blocked` holds while `until` is NULL or in the future.
CREATE VIEW rooms.v_barred AS
SELECT room_id, user_id, CAST(1 AS BIT) AS blocked, until FROM rooms.blocks
UNION ALL
SELECT r.room_id, r.user_id, CAST(0 AS BIT) AS blocked, CAST(NULL AS BIGINT) AS until FROM rooms.removals AS r
WHERE NOT EXISTS (SELECT 1 FROM rooms.blocks AS b WHERE b.room_id = r.room_id AND b.user_id = r.user_id);
GO
-- A room is never deleted from its table, nor is the audit ever changed.
GRANT SELECT, INSERT, UPDATE ON rooms.rooms TO rooms_service;
GO
GRANT SELECT, INSERT, UPDATE, DELETE ON rooms.members TO rooms_service;
GO
GRANT SELECT, INSERT, UPDATE, DELETE ON rooms.blocks TO rooms_service;
GO
GRANT SELECT, INSERT, UPDATE, DELETE ON rooms.removals TO rooms_service;
GO
GRANT SELECT, INSERT, UPDATE, DELETE ON rooms.codes TO rooms_service;
GO
GRANT SELECT, INSERT, DELETE ON rooms.code_tries TO rooms_service;
GO
GRANT SELECT, INSERT ON rooms.audit TO rooms_service;
GO
GRANT SELECT ON rooms.v_rooms TO messages_service;
GO
GRANT SELECT ON rooms.v_members TO auth_service, messages_service;
GO
GRANT SELECT ON rooms.v_barred TO messages_service;
GO
