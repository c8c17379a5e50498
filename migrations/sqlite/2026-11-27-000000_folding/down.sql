DROP INDEX cards_to_fold;
DROP INDEX users_not_ascii;
DELETE FROM schema_compatibility WHERE migration = '20261127000000';
