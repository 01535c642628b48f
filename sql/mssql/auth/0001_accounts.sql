-- Accounts. A row outlives its account's deletion, so that messages keep an author; its name, password and likeness
-- do not: they become NULL, and the name is free for another.
--
-- Tables that grow are clustered by time: ids are random to SQL Server, which would scatter new rows over all pages.
CREATE TABLE auth.users (
    id UNIQUEIDENTIFIER NOT NULL,
    username NVARCHAR(256) COLLATE Latin1_General_100_BIN2, -- normalised, or as it was imported
    skeleton NVARCHAR(800) COLLATE Latin1_General_100_BIN2, -- what names are alike by; NULL where two imported ones collide
    password_hash NVARCHAR(500), -- in its own words: algorithm, parameters, salt, hash
    passwords BIGINT NOT NULL, -- how many passwords it had before; a mere rehash does not count
    created_at BIGINT NOT NULL, -- milliseconds since 1970, UTC, as all times
    disabled_at BIGINT,
    deleted_at BIGINT,
    CONSTRAINT users_pk PRIMARY KEY NONCLUSTERED (id),
    CONSTRAINT users_alive_or_deleted
        CHECK (deleted_at IS NOT NULL OR (username IS NOT NULL AND password_hash IS NOT NULL))
);
GO
CREATE CLUSTERED INDEX users_order ON auth.users (created_at);
GO
CREATE UNIQUE INDEX users_username ON auth.users (username) WHERE username IS NOT NULL;
GO
CREATE UNIQUE INDEX users_skeleton ON auth.users (skeleton) WHERE skeleton IS NOT NULL;
GO
-- One log-in on one device. Its refresh tokens form a chain, of which two hashes are enough: that of the last one,
-- and that of the one before, which is good for a moment longer.
--
-- No foreign keys lead to the accounts: nobody has the right to delete one, and whoever opens a session or makes a token
-- holds the account's lock. Their check costs a lock more, and a service's user does not always pass it on Babelfish.
CREATE TABLE auth.sessions (
    id UNIQUEIDENTIFIER NOT NULL,
    user_id UNIQUEIDENTIFIER NOT NULL,
    audience NVARCHAR(20) COLLATE Latin1_General_100_BIN2 NOT NULL, -- `chatapp`, or `v0` for the original client
    client NVARCHAR(400) NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    generation BIGINT NOT NULL, -- how many refresh tokens came before the last one
    refresh_hash VARBINARY(32), -- NULL for a session that cannot be refreshed
    previous_hash VARBINARY(32),
    rotated_at BIGINT NOT NULL,
    CONSTRAINT sessions_pk PRIMARY KEY NONCLUSTERED (id)
);
GO
CREATE CLUSTERED INDEX sessions_order ON auth.sessions (created_at);
GO
CREATE INDEX sessions_of_user ON auth.sessions (user_id, last_used_at);
GO
CREATE INDEX sessions_by_end ON auth.sessions (expires_at);
GO
-- Long-lived tokens of scripts.
CREATE TABLE auth.api_tokens (
    id UNIQUEIDENTIFIER NOT NULL, -- also the session of what is issued for it
    user_id UNIQUEIDENTIFIER NOT NULL,
    name NVARCHAR(128) COLLATE Latin1_General_100_BIN2 NOT NULL,
    hash VARBINARY(32) NOT NULL,
    scopes NVARCHAR(200) NOT NULL, -- words separated by blanks
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    last_used_at BIGINT, -- to the minute
    CONSTRAINT api_tokens_pk PRIMARY KEY NONCLUSTERED (id),
    CONSTRAINT api_tokens_hash UNIQUE (hash),
    CONSTRAINT api_tokens_name UNIQUE (user_id, name)
);
GO
CREATE CLUSTERED INDEX api_tokens_order ON auth.api_tokens (created_at);
GO
-- Sessions that were ended before they ran out, kept for longer than any access token lives.
CREATE TABLE auth.revoked (
    session_id UNIQUEIDENTIFIER NOT NULL,
    at BIGINT NOT NULL,
    CONSTRAINT revoked_pk PRIMARY KEY NONCLUSTERED (session_id)
);
GO
CREATE CLUSTERED INDEX revoked_at ON auth.revoked (at);
GO
-- What the other services may know. A deleted user's name is NULL.
CREATE VIEW auth.v_users (id, username, deleted) AS
SELECT id, username, CAST(CASE WHEN deleted_at IS NULL THEN 0 ELSE 1 END AS BIT) FROM auth.users;
GO
CREATE VIEW auth.v_revoked (session_id, at) AS
SELECT session_id, at FROM auth.revoked;
GO
GRANT SELECT ON auth.v_users TO rooms_service, messages_service;
GO
GRANT SELECT ON auth.v_revoked TO rooms_service, messages_service;
GO
-- An account's row is never deleted.
GRANT SELECT, INSERT, UPDATE ON auth.users TO auth_service;
GO
GRANT SELECT, INSERT, UPDATE, DELETE ON auth.sessions TO auth_service;
GO
GRANT SELECT, INSERT, UPDATE, DELETE ON auth.api_tokens TO auth_service;
GO
GRANT SELECT, INSERT, DELETE ON auth.revoked TO auth_service;
GO
