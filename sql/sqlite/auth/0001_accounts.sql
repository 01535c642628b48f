-- Accounts. A row outlives its account's deletion, so that messages keep an author; its name, password and likeness
-- do not: they become NULL, and the name is free for another.
CREATE TABLE auth_users (
    id            BLOB    NOT NULL PRIMARY KEY,
    username      TEXT    UNIQUE,               -- normalised, or as it was imported
    skeleton      TEXT    UNIQUE,               -- what names are alike by; NULL where two imported ones collide
    password_hash TEXT,                         -- in its own words: algorithm, parameters, salt, hash
    passwords     INTEGER NOT NULL DEFAULT 0,   -- how many passwords it had before; a mere rehash does not count
    created_at    INTEGER NOT NULL,
    disabled_at   INTEGER,
    deleted_at    INTEGER,
    CHECK (deleted_at IS NOT NULL OR (username IS NOT NULL AND password_hash IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- One log-in on one device. Its refresh tokens form a chain, of which two hashes are enough: that of the last one,
-- and that of the one before, which is good for a moment longer.
CREATE TABLE auth_sessions (
    id            BLOB    NOT NULL PRIMARY KEY,
    user_id       BLOB    NOT NULL REFERENCES auth_users (id),
    audience      TEXT    NOT NULL,             -- `chatapp`, or `v0` for the original client
    client        TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    last_used_at  INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    generation    INTEGER NOT NULL,             -- how many refresh tokens came before the last one
    refresh_hash  BLOB,                         -- NULL for a session that cannot be refreshed
    previous_hash BLOB,
    rotated_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX auth_sessions_of_user ON auth_sessions (user_id, last_used_at);
CREATE INDEX auth_sessions_by_end ON auth_sessions (expires_at);

-- Long-lived tokens of scripts.
CREATE TABLE auth_api_tokens (
    id           BLOB    NOT NULL PRIMARY KEY,  -- also the session of what is issued for it
    user_id      BLOB    NOT NULL REFERENCES auth_users (id),
    name         TEXT    NOT NULL,
    hash         BLOB    NOT NULL UNIQUE,
    scopes       TEXT    NOT NULL,              -- words separated by blanks
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    last_used_at INTEGER,                       -- to the minute
    UNIQUE (user_id, name)
) STRICT, WITHOUT ROWID;

-- Sessions that were ended before they ran out, kept for longer than any access token lives.
CREATE TABLE auth_revoked (
    session_id BLOB    NOT NULL PRIMARY KEY,
    at         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX auth_revoked_at ON auth_revoked (at);

-- What the other services may know. A deleted user's name is NULL.
CREATE VIEW auth_v_users (id, username, deleted) AS
SELECT id, username, deleted_at IS NOT NULL FROM auth_users;

CREATE VIEW auth_v_revoked (session_id, at) AS
SELECT session_id, at FROM auth_revoked;
