-- Indexes of what one viewer alone is told of, and of the alerts that they got.
-- An interrupted run leaves an index that is invalid: it is dropped and built
-- again.

-- +goose NO TRANSACTION
-- +goose Up
DROP INDEX CONCURRENTLY IF EXISTS violations_private;
CREATE INDEX CONCURRENTLY violations_private ON violations (id) WHERE viewer_id IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS alerts_viewer;
CREATE INDEX CONCURRENTLY alerts_viewer ON alerts (viewer_id, created_at);

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS alerts_viewer;
DROP INDEX CONCURRENTLY IF EXISTS violations_private;
