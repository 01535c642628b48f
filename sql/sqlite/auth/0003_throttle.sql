-- Failed tries, by what they were tried on (an account's name, an address), as a keyed hash: people type passwords
-- where names belong.
CREATE TABLE auth_throttle (
    subject       BLOB    NOT NULL PRIMARY KEY,
    failures      INTEGER NOT NULL,
    counted_from  INTEGER NOT NULL,             -- since when failures are being forgiven, one by one
    blocked_until INTEGER NOT NULL,
    forgotten_at  INTEGER NOT NULL              -- when nothing of it counts any more
) STRICT, WITHOUT ROWID;
CREATE INDEX auth_throttle_by_end ON auth_throttle (forgotten_at);
