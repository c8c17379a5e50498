-- Adds card order, roles, versions, event history, the trash and comments.

-- The earliest member of each board becomes its ADMIN. This is its creator or, if the creator has
-- left, the next earliest member.
ALTER TABLE users_boards
    ADD COLUMN role text COLLATE "C" NOT NULL DEFAULT 'MEMBER' CHECK (role IN ('ADMIN', 'MEMBER', 'VIEWER'));
UPDATE users_boards SET role = 'ADMIN' WHERE (board_id, user_id) IN (
    SELECT DISTINCT ON (board_id) board_id, user_id FROM users_boards ORDER BY board_id, created_at, user_id
);
ALTER TABLE users_boards ALTER COLUMN role DROP DEFAULT;

-- The version is the sequence number of the latest event. Each board starts with BOARD_CREATED.
ALTER TABLE boards
    ADD COLUMN version bigint NOT NULL DEFAULT 1,
    ADD COLUMN deleted_at timestamptz;
ALTER TABLE boards ALTER COLUMN version DROP DEFAULT;
CREATE INDEX boards_deleted ON boards (deleted_at) WHERE deleted_at IS NOT NULL;

CREATE TABLE board_events (
    board_id   bigint NOT NULL REFERENCES boards (id) ON DELETE CASCADE,
    sequence   bigint NOT NULL,
    created_at timestamptz NOT NULL,
    actor_id   bigint REFERENCES users (id) ON DELETE SET NULL,
    -- No foreign key, because the card may have been erased.
    card_id    bigint,
    kind       text COLLATE "C" NOT NULL,
    -- The other fields of the event, as JSON.
    payload    text COLLATE "C" NOT NULL,
    PRIMARY KEY (board_id, sequence)
);
CREATE INDEX board_events_card ON board_events (board_id, card_id, sequence) WHERE card_id IS NOT NULL;
CREATE INDEX board_events_actor ON board_events (actor_id);

INSERT INTO board_events (board_id, sequence, created_at, actor_id, kind, payload)
SELECT boards.id, 1, boards.created_at, users_boards.user_id, 'BOARD_CREATED', '{}'
FROM boards LEFT JOIN users_boards ON users_boards.board_id = boards.id
    AND users_boards.role = 'ADMIN' AND users_boards.created_at = boards.created_at;

-- Assigns ranks in the previous order of cards, which is that of their keys. See domain::Rank for the
-- format. All ranks have four base-62 digits, so that they sort as text like the numbers.
ALTER TABLE cards
    ADD COLUMN rank text COLLATE "C",
    ADD COLUMN version bigint NOT NULL DEFAULT 1,
    ADD COLUMN deleted_at timestamptz;
UPDATE cards SET rank = 'd'
    || substr(digits, (n / 238328 % 62)::int + 1, 1) || substr(digits, (n / 3844 % 62)::int + 1, 1)
    || substr(digits, (n / 62 % 62)::int + 1, 1) || substr(digits, (n % 62)::int + 1, 1)
FROM (
    SELECT id, row_number() OVER (PARTITION BY board_id, column_position ORDER BY id) - 1 AS n,
        '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz' AS digits
    FROM cards
) AS numbered
WHERE numbered.id = cards.id;
ALTER TABLE cards ALTER COLUMN rank SET NOT NULL, ALTER COLUMN version DROP DEFAULT;

-- The indexes for lists leave out cards in the trash. Only cards_created_at includes them, because the
-- erasure of a board finds its cards by this index.
DROP INDEX cards_rank;
DROP INDEX cards_updated_at;
DROP INDEX cards_title;
CREATE INDEX cards_rank ON cards (board_id, column_position, rank, id) WHERE deleted_at IS NULL;
CREATE INDEX cards_updated_at ON cards (board_id, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX cards_title ON cards (board_id, title_key, id) WHERE deleted_at IS NULL;
CREATE INDEX cards_deleted ON cards (board_id, deleted_at, id) WHERE deleted_at IS NOT NULL;

CREATE TABLE comments (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    card_id    bigint NOT NULL REFERENCES cards (id) ON DELETE CASCADE,
    author_id  bigint REFERENCES users (id) ON DELETE SET NULL,
    body       text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX comments_card ON comments (card_id, created_at, id);
CREATE INDEX comments_author ON comments (author_id);
