-- expected_since: the first process that is to pull started then. Apart from all
-- else, since every batch that is stored needs the row.

-- +goose Up
SET LOCAL lock_timeout = '2s';
ALTER TABLE pull_state ADD COLUMN IF NOT EXISTS expected_since timestamptz;

-- +goose Down
SET LOCAL lock_timeout = '2s';
ALTER TABLE pull_state DROP COLUMN IF EXISTS expected_since;
