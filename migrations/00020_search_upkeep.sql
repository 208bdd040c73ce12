-- What viewers searched for is not kept for ever, and documents can be made anew.

-- +goose Up
SET LOCAL lock_timeout = '2s';

-- searches: rows go when they are old (search.keep_days), never before half a
-- year, and none is changed.
DROP TRIGGER searches_append_only ON searches;
CREATE TRIGGER searches_append_only BEFORE UPDATE ON searches
	FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER searches_kept BEFORE DELETE ON searches
	FOR EACH ROW WHEN (OLD.at > now() - interval '184 days') EXECUTE FUNCTION refuse_change();

-- search_rebuild: how far huicun search reindex has made the documents of
-- search_messages anew; no row: it was never asked for.
CREATE TABLE search_rebuild (
	id          smallint PRIMARY KEY DEFAULT 1,
	batch_id    bigint NOT NULL DEFAULT 0,   -- batches up to it are done
	upto        bigint NOT NULL,             -- the last batch when it began
	changed     bigint NOT NULL DEFAULT 0,   -- documents that lacked or differed
	refused     bigint NOT NULL DEFAULT 0,   -- messages whose documents cannot be stored
	started_at  timestamptz NOT NULL DEFAULT now(),
	finished_at timestamptz,                 -- NULL: it goes on from batch_id
	CONSTRAINT search_rebuild_one_row CHECK (id = 1)
);

-- +goose Down
SET LOCAL lock_timeout = '2s';
DROP TABLE search_rebuild;
DROP TRIGGER searches_kept ON searches;
DROP TRIGGER searches_append_only ON searches;
CREATE TRIGGER searches_append_only BEFORE UPDATE OR DELETE ON searches
	FOR EACH ROW EXECUTE FUNCTION refuse_change();
