-- An instance from before the search text of boards changes a title or a description without the search text. The trigger
-- writes a text without U+001F at its beginning, so the backfill (src/store/backfill.rs) folds it.
CREATE FUNCTION renew_board_search_text() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.search_text := NEW.title_key || chr(31) || lower(NEW.description);
    RETURN NEW;
END $$;
CREATE TRIGGER boards_search_text BEFORE UPDATE OF title, description ON boards FOR EACH ROW
WHEN (NEW.search_text = OLD.search_text AND (NEW.title <> OLD.title OR NEW.description <> OLD.description))
EXECUTE FUNCTION renew_board_search_text();

-- Texts that are stale already.
UPDATE boards SET search_text = title_key || chr(31) || lower(description);

INSERT INTO schema_compatibility VALUES ('20261201000000', '0.1.0');
