-- An instance from before the search text of boards changes a title without it. Its search text has no mark, so the
-- backfill folds it (see src/store/backfill.rs).
CREATE TRIGGER boards_search_text AFTER UPDATE OF title, description ON boards FOR EACH ROW
WHEN NEW.search_text = OLD.search_text AND (NEW.title <> OLD.title OR NEW.description <> OLD.description)
BEGIN
    UPDATE boards SET search_text = lower(NEW.title) || char(31) || lower(NEW.description) WHERE id = NEW.id;
END;

INSERT INTO schema_compatibility VALUES ('20261201000000', '0.1.0');
