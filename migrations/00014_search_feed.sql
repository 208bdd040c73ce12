-- What Elasticsearch's engine has to know of its indices to notice what is gone.

-- +goose Up
SET LOCAL lock_timeout = '2s';
ALTER TABLE search_indexes
	ADD COLUMN months       text[] NOT NULL DEFAULT '{}', -- YYYYMM; each has an index <name>-<month>
	ADD COLUMN shards       integer NOT NULL DEFAULT 1,   -- of each of its indices
	ADD COLUMN reason       text NOT NULL DEFAULT '',     -- why it was begun, for the operator
	ADD COLUMN caught_up_at timestamptz;                  -- last time that it held every change there was
-- One that is searched, and one that is being built.
CREATE UNIQUE INDEX search_indexes_state_once ON search_indexes (alias, state) WHERE state <> 'old';

-- +goose Down
SET LOCAL lock_timeout = '2s';
DROP INDEX search_indexes_state_once;
ALTER TABLE search_indexes DROP COLUMN months, DROP COLUMN shards, DROP COLUMN reason, DROP COLUMN caught_up_at;
