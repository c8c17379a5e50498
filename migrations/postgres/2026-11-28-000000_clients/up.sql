-- Adds names of accounts, authors of boards and cards, a search text of boards, and receipts of mutations. The columns
-- have defaults, so that an instance of the previous version can go on writing during an upgrade.

ALTER TABLE users ADD COLUMN name text COLLATE "C" NOT NULL DEFAULT '';
UPDATE users SET name = left(regexp_replace(email, '@[^@]*$', ''), 100);

-- No foreign keys: authors are read like the actors of events, and the row of a deleted account is not found.
ALTER TABLE boards
    ADD COLUMN created_by bigint,
    ADD COLUMN search_text text COLLATE "C" NOT NULL DEFAULT '';
-- The program folds the texts anew after its start.
UPDATE boards SET search_text = title_key || chr(31) || lower(description);
UPDATE boards SET created_by = actor_id FROM board_events
WHERE board_events.board_id = boards.id AND board_events.sequence = 1 AND board_events.kind = 'BOARD_CREATED';
CREATE INDEX boards_to_fold ON boards (id) WHERE substr(search_text, 1, 1) <> chr(31);

ALTER TABLE cards ADD COLUMN created_by bigint;
UPDATE cards SET created_by = actor_id FROM board_events
WHERE board_events.board_id = cards.board_id AND board_events.card_id = cards.id
    AND board_events.kind = 'CARD_CREATED';

-- The ID that the client has sent with the mutation.
ALTER TABLE board_events ADD COLUMN client_mutation_id text COLLATE "C";

CREATE TABLE mutation_receipts (
    user_id            bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_mutation_id text COLLATE "C" NOT NULL,
    -- Of the mutation's name and input.
    input_hash         text COLLATE "C" NOT NULL,
    -- No foreign key: the receipt of a deleted board remains.
    board_id           bigint NOT NULL,
    -- The object that the payload shows besides the board, as JSON.
    subject            text COLLATE "C" NOT NULL,
    -- The events of the mutation; NULL if it changed nothing.
    first_sequence     bigint,
    last_sequence      bigint,
    created_at         timestamptz NOT NULL,
    PRIMARY KEY (user_id, client_mutation_id)
);
CREATE INDEX mutation_receipts_created_at ON mutation_receipts (created_at);

INSERT INTO schema_compatibility VALUES ('20261128000000', '0.1.0');
