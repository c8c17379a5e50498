CREATE TABLE new_board_events (
    board_id   INTEGER NOT NULL REFERENCES boards (id) ON DELETE CASCADE,
    sequence   INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    actor_id   INTEGER REFERENCES users (id) ON DELETE SET NULL,
    -- No foreign key, because the card may have been erased.
    card_id    INTEGER,
    kind       TEXT NOT NULL,
    -- The other fields of the event, as JSON.
    payload    TEXT NOT NULL,
    -- The ID that the client has sent with the mutation.
    client_mutation_id TEXT,
    PRIMARY KEY (board_id, sequence)
) STRICT, WITHOUT ROWID;
INSERT INTO new_board_events (board_id, sequence, created_at, actor_id, card_id, kind, payload, client_mutation_id)
SELECT board_id, sequence, created_at, (SELECT id FROM users WHERE id = actor_id), card_id, kind, payload, client_mutation_id FROM board_events;
DROP TABLE board_events;
ALTER TABLE new_board_events RENAME TO board_events;
CREATE INDEX board_events_card ON board_events (board_id, card_id, sequence) WHERE card_id IS NOT NULL;
CREATE INDEX board_events_actor ON board_events (actor_id);

CREATE TABLE new_comments (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    card_id    INTEGER NOT NULL REFERENCES cards (id) ON DELETE CASCADE,
    author_id  INTEGER REFERENCES users (id) ON DELETE SET NULL,
    body       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
-- IDs of deleted comments are not used again.
INSERT INTO sqlite_sequence (name, seq) SELECT 'new_comments', seq FROM sqlite_sequence WHERE name = 'comments';
INSERT INTO new_comments (id, card_id, author_id, body, created_at, updated_at)
SELECT id, card_id, (SELECT id FROM users WHERE id = author_id), body, created_at, updated_at FROM comments;
DROP TABLE comments;
ALTER TABLE new_comments RENAME TO comments;
CREATE INDEX comments_card ON comments (card_id, created_at, id);
CREATE INDEX comments_author ON comments (author_id);

DELETE FROM schema_compatibility WHERE migration = '20261130000000';
