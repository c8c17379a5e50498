-- Finds what has to be folded anew: search texts of earlier versions, which do not begin with U+001F, and
-- accounts whose address may not be in NFC.

CREATE INDEX cards_to_fold ON cards (id) WHERE substr(search_text, 1, 1) <> chr(31);
CREATE INDEX users_not_ascii ON users (id) WHERE octet_length(email_key) > length(email_key);

INSERT INTO schema_compatibility VALUES ('20261127000000', '0.1.0');
