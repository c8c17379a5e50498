-- Times are microseconds since the Unix epoch. AUTOINCREMENT prevents SQLite from reusing the key of a
-- deleted row: an old token or ID would then refer to another row.

CREATE TABLE users (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    public_id     TEXT NOT NULL UNIQUE,
    email         TEXT NOT NULL,
    email_key     TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL
) STRICT;

CREATE TABLE boards (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    title       TEXT NOT NULL,
    title_key   TEXT NOT NULL,
    description TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE users_boards (
    board_id   INTEGER NOT NULL REFERENCES boards (id) ON DELETE CASCADE,
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (board_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX users_boards_user ON users_boards (user_id, board_id);
CREATE INDEX users_boards_since ON users_boards (board_id, created_at, user_id);

CREATE TABLE labels (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    board_id   INTEGER NOT NULL REFERENCES boards (id) ON DELETE CASCADE,
    color      TEXT NOT NULL CHECK (color IN ('RED', 'ORANGE', 'YELLOW', 'GREEN', 'BLUE', 'PURPLE', 'GRAY')),
    name       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (board_id, color)
) STRICT;

CREATE TABLE cards (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    board_id        INTEGER NOT NULL REFERENCES boards (id) ON DELETE CASCADE,
    title           TEXT NOT NULL,
    title_key       TEXT NOT NULL,
    description     TEXT NOT NULL,
    search_text     TEXT NOT NULL,
    "column"        TEXT NOT NULL CHECK ("column" IN ('BACKLOG', 'TODO', 'DOING', 'DONE')),
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    -- The order of the columns on the board, which is not the order of their names.
    column_position INTEGER NOT NULL GENERATED ALWAYS AS
        (CASE "column" WHEN 'BACKLOG' THEN 0 WHEN 'TODO' THEN 1 WHEN 'DOING' THEN 2 ELSE 3 END) STORED
) STRICT;
CREATE INDEX cards_rank ON cards (board_id, column_position, id);
CREATE INDEX cards_created_at ON cards (board_id, created_at, id);
CREATE INDEX cards_updated_at ON cards (board_id, updated_at, id);
CREATE INDEX cards_title ON cards (board_id, title_key, id);

CREATE TABLE cards_labels (
    card_id    INTEGER NOT NULL REFERENCES cards (id) ON DELETE CASCADE,
    label_id   INTEGER NOT NULL REFERENCES labels (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (card_id, label_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX cards_labels_label ON cards_labels (label_id);
