-- Search: a document a message, in month partitions like messages, and what
-- viewers searched for.

-- +goose Up
SET LOCAL lock_timeout = '2s';

-- search_messages: one row a message, made by the item 'index' of its batch from
-- messages, revokes, violations and media_objects, and made again when one of
-- those changes. Whoever writes it holds the row of search_state: what is
-- committed later has the larger change. Partitions (search_messages_YYYYMM) are
-- made before rows are written.
CREATE TABLE search_messages (
	msgtime timestamptz NOT NULL,
	seq     bigint NOT NULL,
	id      uuid NOT NULL,               -- as in message_ids
	conv_id bigint NOT NULL,
	from_id text NOT NULL,
	msgtype text NOT NULL,
	flags   smallint NOT NULL,           -- search.Flags: 1 file, 2 link, 4 QR code, 8 revoked, 16 sensitive
	change  bigint NOT NULL,             -- number of the last change of this row
	body    text NOT NULL,               -- text and codes, folded (search.Fold); U+FDD0 in front of each code
	exact   text,                        -- the same, traditional characters kept; NULL: the same as body
	grams   integer[] NOT NULL           -- search.Grams of body; below 0: its flags and its type (package store)
) PARTITION BY RANGE (msgtime);
CREATE UNIQUE INDEX search_messages_order ON search_messages (msgtime, seq, id);
CREATE INDEX search_messages_conv ON search_messages (conv_id, msgtime, seq, id);
CREATE INDEX search_messages_from ON search_messages (from_id, msgtime);
CREATE INDEX search_messages_grams ON search_messages USING gin (grams);
-- Changes are read in windows of their numbers, and most rows stand in the order
-- in which they were written.
CREATE INDEX search_messages_change ON search_messages USING brin (change) WITH (pages_per_range = 16);

-- search_state: one row.
CREATE TABLE search_state (
	id       smallint PRIMARY KEY DEFAULT 1,
	change   bigint NOT NULL DEFAULT 0,  -- number of the last change
	indexed  bigint NOT NULL DEFAULT 0,  -- rows of search_messages
	CONSTRAINT search_state_one_row CHECK (id = 1)
);

-- search_indexes: one row a generation of indices in Elasticsearch, which
-- follows search_messages by its changes.
CREATE TABLE search_indexes (
	name        text PRIMARY KEY,            -- prefix and generation, as the indices begin
	alias       text NOT NULL,               -- what searches go to when state is live
	state       text NOT NULL,               -- building | live | old
	change      bigint NOT NULL DEFAULT 0,   -- changes up to it are in the index
	documents   bigint NOT NULL DEFAULT 0,   -- counted when checked_at says
	target      bigint NOT NULL DEFAULT 0,   -- building: search_state.change when it began
	started_at  timestamptz NOT NULL DEFAULT now(),
	finished_at timestamptz,                 -- became live
	checked_at  timestamptz,                 -- last reconciliation
	repaired    bigint NOT NULL DEFAULT 0,   -- holes and extras mended so far
	error       text NOT NULL DEFAULT '',    -- why it does not go on, for the operator; no chat text
	error_at    timestamptz,
	CONSTRAINT search_indexes_state CHECK (state IN ('building', 'live', 'old'))
);

-- search_poison: documents that Elasticsearch refused again and again. They are
-- left out of the index, and every answer from it says so.
CREATE TABLE search_poison (
	index_name text NOT NULL REFERENCES search_indexes ON DELETE CASCADE,
	message_id uuid NOT NULL,
	change     bigint NOT NULL,
	attempts   integer NOT NULL,
	error      text NOT NULL,                -- for the operator; no chat text
	at         timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT search_poison_pkey PRIMARY KEY (index_name, message_id)
);

-- searches: what viewers searched for: the operation log has the id only, as it
-- holds no text of chats. Append-only.
CREATE TABLE searches (
	id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	viewer_id  bigint NOT NULL REFERENCES viewers,
	at         timestamptz NOT NULL DEFAULT now(),
	query      jsonb NOT NULL,               -- search.Request as the API has it: q, filters, order
	key        text NOT NULL,                -- the same for the same query, to list it once
	total      integer,                      -- hits; NULL: not counted
	engine     text NOT NULL,
	ip         text NOT NULL DEFAULT '',
	request_id text NOT NULL DEFAULT ''
);
CREATE INDEX searches_viewer ON searches (viewer_id, at DESC);
CREATE TRIGGER searches_append_only BEFORE UPDATE OR DELETE ON searches
	FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER searches_no_truncate BEFORE TRUNCATE ON searches
	FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- saved_searches: searches that viewers keep. A shared one gives its query, never
-- its hits: everybody finds within their own scope.
CREATE TABLE saved_searches (
	id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	viewer_id  bigint NOT NULL REFERENCES viewers ON DELETE CASCADE,
	name       text NOT NULL,
	query      jsonb NOT NULL,               -- as in searches
	shared     boolean NOT NULL DEFAULT false,
	rule_id    bigint,                       -- the rule that tells when it is said again; NULL: none
	version    integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX saved_searches_viewer ON saved_searches (viewer_id, id);

-- What is already stored is indexed like what comes: one item a batch, newest
-- first, 100 a second.
CREATE TEMPORARY TABLE search_upto ON COMMIT DROP AS SELECT COALESCE(max(id), 0) AS id FROM batches;
INSERT INTO search_state DEFAULT VALUES;
INSERT INTO outbox (kind, args, scheduled_at)
SELECT 'index', jsonb_build_object('batch_id', id), now() + (row_number() OVER (ORDER BY id DESC) - 1) / 100 * interval '1 second'
FROM batches WHERE added > 0 AND id <= (SELECT id FROM search_upto) ORDER BY id DESC;

-- index_batch_id: batches up to it have their item 'index', as media_batch_id.
ALTER TABLE pull_state ADD COLUMN index_batch_id bigint NOT NULL DEFAULT 0;
UPDATE pull_state SET index_batch_id = (SELECT id FROM search_upto);

-- +goose Down
SET LOCAL lock_timeout = '2s';
ALTER TABLE pull_state DROP COLUMN index_batch_id;
DELETE FROM outbox WHERE kind = 'index';
DROP TABLE saved_searches, searches, search_poison, search_indexes, search_state, search_messages;
