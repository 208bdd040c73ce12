-- An index of follow-up work that was given up: how much of the archive can be
-- searched is asked often, and completed items are kept for a week. An
-- interrupted run leaves an index that is invalid: it is dropped and built again.

-- +goose NO TRANSACTION
-- +goose Up
DROP INDEX CONCURRENTLY IF EXISTS outbox_discarded;
CREATE INDEX CONCURRENTLY outbox_discarded ON outbox (kind) WHERE state = 'discarded';

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS outbox_discarded;
