-- One log a room. The head's row is the room's lock: whoever appends updates it first.
CREATE TABLE timeline_heads (
    room_id       BLOB    NOT NULL PRIMARY KEY,
    seq           INTEGER NOT NULL,             -- the last entry
    messages      INTEGER NOT NULL,             -- how many of them are messages
    published_seq INTEGER NOT NULL              -- a lazy watermark: entries up to here were put on the bus
) STRICT, WITHOUT ROWID;

CREATE TABLE timeline_entries (
    room_id    BLOB    NOT NULL,
    seq        INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    actor_id   BLOB    NOT NULL,
    subject_id BLOB,
    message_id BLOB,
    ordinal    INTEGER NOT NULL,                -- messages up to and including this entry
    at         INTEGER NOT NULL,
    details    TEXT,                            -- particulars as JSON; never a message's text
    PRIMARY KEY (room_id, seq)
) STRICT, WITHOUT ROWID;
