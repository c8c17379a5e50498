-- An instance from before the search text of boards changes a title or a description without the search text. The trigger
-- writes a text without U+001F at its beginning, so the backfill (src/store/backfill.rs) folds it.
CREATE TRIGGER boards_search_text AFTER UPDATE OF title, description ON boards FOR EACH ROW
WHEN NEW.search_text = OLD.search_text AND (NEW.title <> OLD.title OR NEW.description <> OLD.description)
BEGIN
    UPDATE boards SET search_text = NEW.title_key || char(31) || lower(NEW.description) WHERE id = NEW.id;
END;

-- Texts that are stale already.
UPDATE boards SET search_text = title_key || char(31) || lower(description);

INSERT INTO schema_compatibility VALUES ('20261201000000', '0.1.0');
