-- Restores everything from the trash: the previous version has no trash, and no data may be lost.
DROP TABLE comments;
DROP TABLE board_events;

DROP INDEX cards_rank;
DROP INDEX cards_updated_at;
DROP INDEX cards_title;
DROP INDEX cards_deleted;
ALTER TABLE cards DROP COLUMN rank, DROP COLUMN version, DROP COLUMN deleted_at;
CREATE INDEX cards_rank ON cards (board_id, column_position, id);
CREATE INDEX cards_updated_at ON cards (board_id, updated_at, id);
CREATE INDEX cards_title ON cards (board_id, title_key, id);

DROP INDEX boards_deleted;
ALTER TABLE boards DROP COLUMN version, DROP COLUMN deleted_at;
ALTER TABLE users_boards DROP COLUMN role;
