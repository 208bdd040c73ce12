-- A message that gets to be part of a violation, or no longer is, is indexed
-- again, whichever version of huicun writes the violation. And rules of one
-- viewer send so many alerts a day.

-- +goose Up
SET LOCAL lock_timeout = '2s';

-- index_violation has the message indexed again. Those of one transaction share
-- an item, 100 at most: its id is kept in a setting that ends with the
-- transaction.
-- +goose StatementBegin
CREATE FUNCTION index_violation() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	item bigint := NULLIF(current_setting('huicun.index_item', true), '');
BEGIN
	UPDATE outbox SET args = CASE WHEN args -> 'message_ids' ? CAST(NEW.message_id AS text) THEN args
		ELSE jsonb_build_object('message_ids', (args -> 'message_ids') || to_jsonb(NEW.message_id)) END
	WHERE id = item AND jsonb_array_length(args -> 'message_ids') < 100;
	IF NOT FOUND THEN
		INSERT INTO outbox (kind, args) VALUES ('index', jsonb_build_object('message_ids', jsonb_build_array(NEW.message_id)))
		RETURNING id INTO item;
		PERFORM set_config('huicun.index_item', CAST(item AS text), true);
		PERFORM pg_notify('huicun_outbox', '');
	END IF;
	RETURN NULL;
END $$;
-- +goose StatementEnd
-- What one viewer alone is told of makes no message sensitive.
CREATE TRIGGER violations_found AFTER INSERT ON violations FOR EACH ROW
	WHEN (NEW.message_id IS NOT NULL AND NEW.viewer_id IS NULL AND NEW.state <> 'false_alarm') EXECUTE FUNCTION index_violation();
CREATE TRIGGER violations_judged AFTER UPDATE OF state ON violations FOR EACH ROW
	WHEN (NEW.message_id IS NOT NULL AND NEW.viewer_id IS NULL AND (OLD.state = 'false_alarm') <> (NEW.state = 'false_alarm'))
	EXECUTE FUNCTION index_violation();

-- last_of_day: a rule of this viewer alone has no more alerts on that day, and
-- the message says so.
ALTER TABLE alerts ADD COLUMN last_of_day boolean NOT NULL DEFAULT false;

-- +goose Down
SET LOCAL lock_timeout = '2s';
ALTER TABLE alerts DROP COLUMN last_of_day;
DROP TRIGGER violations_judged ON violations;
DROP TRIGGER violations_found ON violations;
DROP FUNCTION index_violation();
