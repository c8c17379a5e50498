-- Order, roles, versions, history, the trash, comments. Columns are added and no table is built anew,
-- so that AUTOINCREMENT goes on where it was; a column that must not be null needs a default then.

-- The earliest member of each board made it, or comes closest to whoever did: they become ADMIN.
ALTER TABLE users_boards
    ADD COLUMN role TEXT NOT NULL DEFAULT 'MEMBER' CHECK (role IN ('ADMIN', 'MEMBER', 'VIEWER'));
UPDATE users_boards SET role = 'ADMIN' WHERE user_id = (
    SELECT first.user_id FROM users_boards AS first WHERE first.board_id = users_boards.board_id
    ORDER BY first.created_at, first.user_id LIMIT 1
);

-- The version is the sequence of the latest event; each board begins with the event of its making.
ALTER TABLE boards ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE boards ADD COLUMN deleted_at INTEGER;
CREATE INDEX boards_deleted ON boards (deleted_at) WHERE deleted_at IS NOT NULL;

CREATE TABLE board_events (
    board_id   INTEGER NOT NULL REFERENCES boards (id) ON DELETE CASCADE,
    sequence   INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    actor_id   INTEGER REFERENCES users (id) ON DELETE SET NULL,
    -- Which card, though it may be gone: no foreign key.
    card_id    INTEGER,
    kind       TEXT NOT NULL,
    -- JSON: what the kind of event tells besides.
    payload    TEXT NOT NULL,
    PRIMARY KEY (board_id, sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX board_events_card ON board_events (board_id, card_id, sequence) WHERE card_id IS NOT NULL;
CREATE INDEX board_events_actor ON board_events (actor_id);

INSERT INTO board_events (board_id, sequence, created_at, actor_id, kind, payload)
SELECT boards.id, 1, boards.created_at, users_boards.user_id, 'BOARD_CREATED', '{}'
FROM boards LEFT JOIN users_boards ON users_boards.board_id = boards.id
    AND users_boards.role = 'ADMIN' AND users_boards.created_at = boards.created_at;

-- Ranks keep the order there was, that of the keys; see domain::Rank for how they are written. Four
-- digits to the base of 62, so that the order of their texts is the order of the numbers.
ALTER TABLE cards ADD COLUMN rank TEXT NOT NULL DEFAULT '';
ALTER TABLE cards ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE cards ADD COLUMN deleted_at INTEGER;
UPDATE cards SET rank = 'd'
    || substr(digits, n / 238328 % 62 + 1, 1) || substr(digits, n / 3844 % 62 + 1, 1)
    || substr(digits, n / 62 % 62 + 1, 1) || substr(digits, n % 62 + 1, 1)
FROM (
    SELECT id, row_number() OVER (PARTITION BY board_id, column_position ORDER BY id) - 1 AS n,
        '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz' AS digits
    FROM cards
) AS numbered
WHERE numbered.id = cards.id;

-- The trash is left out of every list, but not of cards_created_at, by which a board that is erased
-- finds its cards.
DROP INDEX cards_rank;
DROP INDEX cards_updated_at;
DROP INDEX cards_title;
CREATE INDEX cards_rank ON cards (board_id, column_position, rank, id) WHERE deleted_at IS NULL;
CREATE INDEX cards_updated_at ON cards (board_id, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX cards_title ON cards (board_id, title_key, id) WHERE deleted_at IS NULL;
CREATE INDEX cards_deleted ON cards (board_id, deleted_at, id) WHERE deleted_at IS NOT NULL;

CREATE TABLE comments (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    card_id    INTEGER NOT NULL REFERENCES cards (id) ON DELETE CASCADE,
    author_id  INTEGER REFERENCES users (id) ON DELETE SET NULL,
    body       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX comments_card ON comments (card_id, created_at, id);
CREATE INDEX comments_author ON comments (author_id);
