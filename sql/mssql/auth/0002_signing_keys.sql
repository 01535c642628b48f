-- Ed25519 keys. The one that signs is, of those whose time has come, the one whose time came last; the others are
-- published until the last token that they signed has ended.
CREATE TABLE auth.signing_keys (
    kid NVARCHAR(64) COLLATE Latin1_General_100_BIN2 NOT NULL, -- RFC 7638 thumbprint of the public key
    public_key VARBINARY(32) NOT NULL,
    sealed VARBINARY(512) NOT NULL, -- nonce, PKCS#8 under AES-256-GCM with the kid, tag
    created_at BIGINT NOT NULL,
    signs_from BIGINT NOT NULL,
    CONSTRAINT signing_keys_pk PRIMARY KEY (kid)
);
GO
GRANT SELECT, INSERT, DELETE ON auth.signing_keys TO auth_service;
GO
