-- An instance from before the search text of boards changes a title without it. Its search text has no mark, so the
-- backfill folds it (see src/store/backfill.rs).
CREATE FUNCTION renew_board_search_text() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.search_text := lower(NEW.title) || chr(31) || lower(NEW.description);
    RETURN NEW;
END $$;
CREATE TRIGGER boards_search_text BEFORE UPDATE OF title, description ON boards FOR EACH ROW
WHEN (NEW.search_text = OLD.search_text AND (NEW.title <> OLD.title OR NEW.description <> OLD.description))
EXECUTE FUNCTION renew_board_search_text();

INSERT INTO schema_compatibility VALUES ('20261201000000', '0.1.0');
