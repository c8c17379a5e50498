DROP TRIGGER boards_search_text ON boards;
DROP FUNCTION renew_board_search_text();
DELETE FROM schema_compatibility WHERE migration = '20261201000000';
