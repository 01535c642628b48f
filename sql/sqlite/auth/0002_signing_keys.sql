-- Ed25519 keys. The one that signs is, of those whose time has come, the one whose time came last; the others are
-- published until the last token that they signed has ended.
CREATE TABLE auth_signing_keys (
    kid        TEXT    NOT NULL PRIMARY KEY,    -- RFC 7638 thumbprint of the public key
    public_key BLOB    NOT NULL,
    sealed     BLOB    NOT NULL,                -- nonce, PKCS#8 under AES-256-GCM with the kid, tag
    created_at INTEGER NOT NULL,
    signs_from INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
