-- Codes in pictures are searched like text: whatever brings a code to a message
-- has the message indexed again.

-- +goose Up
SET LOCAL lock_timeout = '2s';

-- index_messages writes items 'index' for messages, 500 an item, each message
-- once, and wakes the runners.
-- +goose StatementBegin
CREATE FUNCTION index_messages(ids uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO outbox (kind, args)
	SELECT 'index', jsonb_build_object('message_ids', jsonb_agg(id))
	FROM (SELECT id, (row_number() OVER (ORDER BY id) - 1) / 500 AS part FROM (SELECT DISTINCT unnest(ids) AS id) d) p
	GROUP BY part;
	IF FOUND THEN
		PERFORM pg_notify('huicun_outbox', '');
	END IF;
END $$;
-- +goose StatementEnd

-- Somebody looked into a picture.
-- +goose StatementBegin
CREATE FUNCTION index_codes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM index_messages(ARRAY(SELECT p.message_id FROM media f JOIN message_media p ON p.media_id = f.id WHERE f.sha256 = NEW.sha256));
	RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER media_objects_codes AFTER UPDATE OF codes ON media_objects FOR EACH ROW
	WHEN (OLD.codes <> NEW.codes) EXECUTE FUNCTION index_codes();

-- A file arrived whose content was looked into before. The object is locked, so
-- that whoever looks into it right now is done or sees this file.
-- +goose StatementBegin
CREATE FUNCTION index_codes_of_file() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	found_codes text[];
BEGIN
	SELECT codes INTO found_codes FROM media_objects WHERE sha256 = NEW.sha256 FOR SHARE;
	IF found_codes <> '{}' THEN
		PERFORM index_messages(ARRAY(SELECT message_id FROM message_media WHERE media_id = NEW.id));
	END IF;
	RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER media_codes AFTER UPDATE OF sha256 ON media FOR EACH ROW
	WHEN (NEW.sha256 IS NOT NULL AND NEW.sha256 IS DISTINCT FROM OLD.sha256) EXECUTE FUNCTION index_codes_of_file();

-- A message names a file that is here. Locked for the same reason; the row of
-- the file was locked before, when it was saved.
-- +goose StatementBegin
CREATE FUNCTION index_codes_of_messages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM FROM added p JOIN media f ON f.id = p.media_id JOIN media_objects o ON o.sha256 = f.sha256 ORDER BY o.sha256 FOR SHARE OF o;
	IF FOUND THEN
		PERFORM index_messages(ARRAY(
			SELECT p.message_id FROM added p JOIN media f ON f.id = p.media_id JOIN media_objects o ON o.sha256 = f.sha256 WHERE o.codes <> '{}'));
	END IF;
	RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER message_media_codes AFTER INSERT ON message_media REFERENCING NEW TABLE AS added
	FOR EACH STATEMENT EXECUTE FUNCTION index_codes_of_messages();

-- +goose Down
SET LOCAL lock_timeout = '2s';
DROP TRIGGER message_media_codes ON message_media;
DROP TRIGGER media_codes ON media;
DROP TRIGGER media_objects_codes ON media_objects;
DROP FUNCTION index_codes_of_messages();
DROP FUNCTION index_codes_of_file();
DROP FUNCTION index_codes();
DROP FUNCTION index_messages(uuid[]);
