-- Who there is besides the tables, made before any of them and again harmless. A schema belongs to a role of its own, so
-- that a view of one schema opens nothing of another. What a service may do is granted to its role, by name, by the
-- migrations; its log-in is added to the role by whoever sets the database up.
IF DATABASE_PRINCIPAL_ID(N'timeline_owner') IS NULL CREATE ROLE timeline_owner;
IF DATABASE_PRINCIPAL_ID(N'auth_owner') IS NULL CREATE ROLE auth_owner;
IF DATABASE_PRINCIPAL_ID(N'rooms_owner') IS NULL CREATE ROLE rooms_owner;
IF DATABASE_PRINCIPAL_ID(N'messages_owner') IS NULL CREATE ROLE messages_owner;
IF DATABASE_PRINCIPAL_ID(N'auth_service') IS NULL CREATE ROLE auth_service;
IF DATABASE_PRINCIPAL_ID(N'rooms_service') IS NULL CREATE ROLE rooms_service;
IF DATABASE_PRINCIPAL_ID(N'messages_service') IS NULL CREATE ROLE messages_service;
GO
IF SCHEMA_ID(N'timeline') IS NULL EXEC (N'CREATE SCHEMA timeline AUTHORIZATION timeline_owner');
IF SCHEMA_ID(N'auth') IS NULL EXEC (N'CREATE SCHEMA auth AUTHORIZATION auth_owner');
IF SCHEMA_ID(N'rooms') IS NULL EXEC (N'CREATE SCHEMA rooms AUTHORIZATION rooms_owner');
IF SCHEMA_ID(N'messages') IS NULL EXEC (N'CREATE SCHEMA messages AUTHORIZATION messages_owner');
GO
-- Which migrations were applied.
IF OBJECT_ID(N'dbo.chatapp_migrations') IS NULL
    CREATE TABLE dbo.chatapp_migrations (
        schema_name NVARCHAR(64) NOT NULL,
        number BIGINT NOT NULL,
        name NVARCHAR(200) NOT NULL,
        checksum VARBINARY(32) NOT NULL,
        applied_at DATETIME2(3) NOT NULL DEFAULT SYSUTCDATETIME(),
        CONSTRAINT chatapp_migrations_pk PRIMARY KEY (schema_name, number)
    );
GO
GRANT SELECT ON dbo.chatapp_migrations TO auth_service, rooms_service, messages_service;
GO
