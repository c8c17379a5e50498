UPDATE board_events SET actor_id = NULL WHERE actor_id NOT IN (SELECT id FROM users);
UPDATE comments SET author_id = NULL WHERE author_id NOT IN (SELECT id FROM users);
ALTER TABLE board_events
    ADD CONSTRAINT board_events_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES users (id) ON DELETE SET NULL;
ALTER TABLE comments
    ADD CONSTRAINT comments_author_id_fkey FOREIGN KEY (author_id) REFERENCES users (id) ON DELETE SET NULL;
CREATE INDEX board_events_actor ON board_events (actor_id);
CREATE INDEX comments_author ON comments (author_id);
DELETE FROM schema_compatibility WHERE migration = '20261130000000';
