DROP INDEX cards_to_fold;
DROP INDEX users_not_ascii;
