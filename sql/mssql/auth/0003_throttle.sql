-- Failed tries, by what they were tried on (an account's name, an address), as a keyed hash: people type passwords
-- where names belong.
CREATE TABLE auth.throttle (
    subject VARBINARY(32) NOT NULL,
    failures BIGINT NOT NULL,
    counted_from BIGINT NOT NULL, -- since when failures are being forgiven, one by one
    blocked_until BIGINT NOT NULL,
    forgotten_at BIGINT NOT NULL, -- when nothing of it counts any more
    CONSTRAINT throttle_pk PRIMARY KEY (subject)
);
GO
CREATE INDEX throttle_by_end ON auth.throttle (forgotten_at);
GO
GRANT SELECT, INSERT, UPDATE, DELETE ON auth.throttle TO auth_service;
GO
