DROP TABLE mutation_receipts;
DROP INDEX boards_to_fold;
ALTER TABLE board_events DROP COLUMN client_mutation_id;
ALTER TABLE cards DROP COLUMN created_by;
ALTER TABLE boards DROP COLUMN created_by;
ALTER TABLE boards DROP COLUMN search_text;
ALTER TABLE users DROP COLUMN name;
DELETE FROM schema_compatibility WHERE migration = '20261128000000';
