-- Text is compared byte by byte (COLLATE "C"), as in SQLite. Case-insensitive comparisons use a
-- separate column, which the program writes in lower case.

CREATE TABLE users (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    public_id     text COLLATE "C" NOT NULL UNIQUE,
    email         text COLLATE "C" NOT NULL,
    email_key     text COLLATE "C" NOT NULL UNIQUE,
    password_hash text COLLATE "C" NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL
);

CREATE TABLE boards (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title       text COLLATE "C" NOT NULL,
    title_key   text COLLATE "C" NOT NULL,
    description text COLLATE "C" NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL
);

CREATE TABLE users_boards (
    board_id   bigint NOT NULL REFERENCES boards (id) ON DELETE CASCADE,
    user_id    bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (board_id, user_id)
);
CREATE INDEX users_boards_user ON users_boards (user_id, board_id);
CREATE INDEX users_boards_since ON users_boards (board_id, created_at, user_id);

CREATE TABLE labels (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    board_id   bigint NOT NULL REFERENCES boards (id) ON DELETE CASCADE,
    color      text COLLATE "C" NOT NULL CHECK (color IN ('RED', 'ORANGE', 'YELLOW', 'GREEN', 'BLUE', 'PURPLE', 'GRAY')),
    name       text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (board_id, color)
);

CREATE TABLE cards (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    board_id        bigint NOT NULL REFERENCES boards (id) ON DELETE CASCADE,
    title           text COLLATE "C" NOT NULL,
    title_key       text COLLATE "C" NOT NULL,
    description     text COLLATE "C" NOT NULL,
    search_text     text COLLATE "C" NOT NULL,
    "column"        text COLLATE "C" NOT NULL CHECK ("column" IN ('BACKLOG', 'TODO', 'DOING', 'DONE')),
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    -- The order of the columns on the board, which is not the order of their names.
    column_position bigint NOT NULL GENERATED ALWAYS AS
        (CASE "column" WHEN 'BACKLOG' THEN 0 WHEN 'TODO' THEN 1 WHEN 'DOING' THEN 2 ELSE 3 END) STORED
);
CREATE INDEX cards_rank ON cards (board_id, column_position, id);
CREATE INDEX cards_created_at ON cards (board_id, created_at, id);
CREATE INDEX cards_updated_at ON cards (board_id, updated_at, id);
CREATE INDEX cards_title ON cards (board_id, title_key, id);

CREATE TABLE cards_labels (
    card_id    bigint NOT NULL REFERENCES cards (id) ON DELETE CASCADE,
    label_id   bigint NOT NULL REFERENCES labels (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (card_id, label_id)
);
CREATE INDEX cards_labels_label ON cards_labels (label_id);
