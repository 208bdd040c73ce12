-- An index for claiming work by its kind: the old batches that wait for their
-- media item may be a million, and what rules and alerts wait for must not be
-- looked for among them. An interrupted run leaves an index that is invalid: it
-- is dropped and built again.

-- +goose NO TRANSACTION
-- +goose Up
DROP INDEX CONCURRENTLY IF EXISTS outbox_kind;
CREATE INDEX CONCURRENTLY outbox_kind ON outbox (kind, scheduled_at, id) WHERE state IN ('available', 'retryable');
ANALYZE outbox;

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS outbox_kind;
