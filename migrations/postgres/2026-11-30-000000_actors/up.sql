-- Actors of events and authors of comments are no foreign keys any more (ADR 91): the deletion of an account changed one row
-- for each event that the user had caused, in one statement.
ALTER TABLE board_events DROP CONSTRAINT board_events_actor_id_fkey;
ALTER TABLE comments DROP CONSTRAINT comments_author_id_fkey;
DROP INDEX board_events_actor;
DROP INDEX comments_author;

INSERT INTO schema_compatibility VALUES ('20261130000000', '0.1.0');
