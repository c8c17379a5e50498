-- For each migration from this one on: the oldest version of the program that works with the schema after it. An
-- older program refuses to start.
CREATE TABLE schema_compatibility (
    migration text PRIMARY KEY,
    oldest_program text NOT NULL
);
INSERT INTO schema_compatibility VALUES ('20261126120000', '0.1.0');
