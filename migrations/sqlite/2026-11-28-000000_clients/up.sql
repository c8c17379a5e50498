-- Adds names of accounts, authors of boards and cards, a search text of boards, and receipts of mutations. The columns
-- have defaults, so that a program of the previous version can go on writing.

ALTER TABLE users ADD COLUMN name TEXT NOT NULL DEFAULT '';
-- The inner rtrim removes everything behind the last @.
UPDATE users SET name = substr(email, 1, min(100, length(rtrim(email, replace(email, '@', ''))) - 1));

-- No foreign keys: authors are read like the actors of events, and the row of a deleted account is not found.
ALTER TABLE boards ADD COLUMN created_by INTEGER;
ALTER TABLE boards ADD COLUMN search_text TEXT NOT NULL DEFAULT '';
-- The program folds the texts anew after its start.
UPDATE boards SET search_text = title_key || char(31) || lower(description);
UPDATE boards SET created_by = (
    SELECT actor_id FROM board_events
    WHERE board_id = boards.id AND sequence = 1 AND kind = 'BOARD_CREATED'
);
CREATE INDEX boards_to_fold ON boards (id) WHERE substr(search_text, 1, 1) <> char(31);

ALTER TABLE cards ADD COLUMN created_by INTEGER;
UPDATE cards SET created_by = (
    SELECT actor_id FROM board_events
    WHERE board_id = cards.board_id AND card_id = cards.id AND kind = 'CARD_CREATED'
);

-- The ID that the client has sent with the mutation.
ALTER TABLE board_events ADD COLUMN client_mutation_id TEXT;

CREATE TABLE mutation_receipts (
    user_id            INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_mutation_id TEXT NOT NULL,
    -- Of the mutation's name and input.
    input_hash         TEXT NOT NULL,
    -- No foreign key: the receipt of a deleted board remains.
    board_id           INTEGER NOT NULL,
    -- The object that the payload shows besides the board, as JSON.
    subject            TEXT NOT NULL,
    -- The events of the mutation; NULL if it changed nothing.
    first_sequence     INTEGER,
    last_sequence      INTEGER,
    created_at         INTEGER NOT NULL,
    PRIMARY KEY (user_id, client_mutation_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX mutation_receipts_created_at ON mutation_receipts (created_at);

INSERT INTO schema_compatibility VALUES ('20261128000000', '0.1.0');
