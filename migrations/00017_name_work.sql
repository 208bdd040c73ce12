-- Names that change are worked on soon, whatever else is going on.

-- +goose Up
SET LOCAL lock_timeout = '2s';

-- work_on_names leaves it to an item that waits, if there is one, and holds that
-- until its own transaction ends: begun before, the item would not see the change.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION work_on_names() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO outbox (kind, args) SELECT 'names', '{}'
	WHERE NOT EXISTS (SELECT 1 FROM outbox WHERE kind = 'names' AND state IN ('available', 'retryable') FOR SHARE SKIP LOCKED);
	RETURN NULL;
END $$;
-- +goose StatementEnd

-- What may have been left.
INSERT INTO outbox (kind, args) SELECT 'names', '{}' WHERE EXISTS (SELECT 1 FROM name_changes);

-- +goose Down
SET LOCAL lock_timeout = '2s';
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION work_on_names() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO outbox (kind, args) SELECT 'names', '{}'
	WHERE NOT EXISTS (SELECT 1 FROM outbox WHERE kind = 'names' AND state IN ('available', 'retryable'));
	RETURN NULL;
END $$;
-- +goose StatementEnd
