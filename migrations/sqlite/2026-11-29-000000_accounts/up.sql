-- Adds what accounts need to be verified, recovered and disabled, an outbox of mails, and the families of refresh tokens.
-- New columns have defaults, so that an instance of the previous version can go on writing during an upgrade.

ALTER TABLE users ADD COLUMN email_verified_at INTEGER;
ALTER TABLE users ADD COLUMN disabled_at INTEGER;

-- The hash of the part that all refresh tokens of a session have in common; NULL until its first token by this version.
ALTER TABLE sessions ADD COLUMN family_hash TEXT;
-- The greatest generation of which a token has been used.
ALTER TABLE sessions ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
-- Where the session was begun, e.g. 192.0.2.0/24.
ALTER TABLE sessions ADD COLUMN network TEXT;
CREATE UNIQUE INDEX sessions_family ON sessions (family_hash);

-- NULL for a token that the previous version has issued.
ALTER TABLE refresh_tokens ADD COLUMN generation INTEGER;
-- Spent tokens are recognised by their family now.
DELETE FROM refresh_tokens WHERE spent_at < (unixepoch() - 60) * 1000000;

-- The networks from which users have logged in.
CREATE TABLE known_networks (
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    network TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, network)
) STRICT, WITHOUT ROWID;

-- Tokens that were sent by mail. Only their hashes are stored.
CREATE TABLE mail_tokens (
    hash       TEXT PRIMARY KEY,
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    purpose    TEXT NOT NULL,
    -- The address to which it was sent, in folded case.
    email_key  TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX mail_tokens_user ON mail_tokens (user_id, purpose);
CREATE INDEX mail_tokens_expired ON mail_tokens (expires_at);

-- Mails that have to be sent.
CREATE TABLE outbox (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    -- The address as it was entered, whether it has an account or not.
    email      TEXT NOT NULL,
    -- What the mail is about, as JSON.
    content    TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    -- When it is sent, or sent again.
    due_at     INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX outbox_due ON outbox (due_at);

INSERT INTO schema_compatibility VALUES ('20261129000000', '0.1.0');
