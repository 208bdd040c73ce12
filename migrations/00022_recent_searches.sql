-- A viewer may empty the list of what they searched for lately. The searches stay
-- where compliance reads them; see searches.

-- +goose Up
SET LOCAL lock_timeout = '2s';
ALTER TABLE viewers ADD COLUMN recent_since timestamptz; -- searches since then are listed to the viewer; NULL: all
COMMENT ON COLUMN viewers.recent_since IS 'searches since then are listed to the viewer; NULL: all';

-- +goose Down
ALTER TABLE viewers DROP COLUMN recent_since;
