DROP TRIGGER boards_search_text;
DELETE FROM schema_compatibility WHERE migration = '20261201000000';
