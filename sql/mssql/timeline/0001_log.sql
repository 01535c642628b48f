-- One log a room. The head's row is the room's lock: whoever appends updates it.
CREATE TABLE timeline.heads (
    room_id UNIQUEIDENTIFIER NOT NULL,
    seq BIGINT NOT NULL, -- the last entry
    messages BIGINT NOT NULL, -- how many of them are messages
    published_seq BIGINT NOT NULL, -- a lazy watermark: entries up to here were put on the bus
    CONSTRAINT heads_pk PRIMARY KEY (room_id)
);
GO
CREATE TABLE timeline.entries (
    room_id UNIQUEIDENTIFIER NOT NULL,
    seq BIGINT NOT NULL,
    kind NVARCHAR(40) COLLATE Latin1_General_100_BIN2 NOT NULL,
    actor_id UNIQUEIDENTIFIER NOT NULL,
    subject_id UNIQUEIDENTIFIER,
    message_id UNIQUEIDENTIFIER,
    ordinal BIGINT NOT NULL, -- messages up to and including this entry
    at BIGINT NOT NULL, -- milliseconds since 1970, UTC
    details NVARCHAR(MAX), -- particulars as JSON; never a message's text
    CONSTRAINT entries_pk PRIMARY KEY CLUSTERED (room_id, seq)
);
GO
-- The log is only ever added to: nobody may change or delete an entry.
GRANT SELECT, INSERT, UPDATE ON timeline.heads TO rooms_service, messages_service;
GO
GRANT SELECT, INSERT ON timeline.entries TO rooms_service, messages_service;
GO
