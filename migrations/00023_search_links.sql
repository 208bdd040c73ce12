-- The addresses of links are searched like text: messages with a link that are
-- indexed already (their grams hold -2, see factGrams) are indexed again, newest
-- first, 2,000 a second: what comes meanwhile is not behind all of them.

-- +goose Up
SET LOCAL lock_timeout = '2s';
INSERT INTO outbox (kind, args, scheduled_at)
SELECT 'index', jsonb_build_object('message_ids', jsonb_agg(id)), now() + part / 4 * interval '1 second'
FROM (SELECT id, (row_number() OVER (ORDER BY msgtime DESC, seq DESC) - 1) / 500 AS part FROM search_messages WHERE grams @> '{-2}') p
GROUP BY part;

-- +goose Down
SELECT 1; -- documents with addresses serve as well
