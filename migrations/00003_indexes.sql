-- Indexes for what is counted often: hits of each rule, work that was given up,
-- alerts that are not delivered, people of the chats whom the directory does not
-- know yet. An interrupted run leaves an index that is invalid: it is dropped
-- and built again.

-- +goose NO TRANSACTION
-- +goose Up
DROP INDEX CONCURRENTLY IF EXISTS violations_rule;
CREATE INDEX CONCURRENTLY violations_rule ON violations (rule_id) WHERE kind = 'word';
DROP INDEX CONCURRENTLY IF EXISTS outbox_discarded;
CREATE INDEX CONCURRENTLY outbox_discarded ON outbox (kind) WHERE state = 'discarded';
DROP INDEX CONCURRENTLY IF EXISTS alerts_undelivered;
CREATE INDEX CONCURRENTLY alerts_undelivered ON alerts (created_at) WHERE state <> 'sent' AND state <> 'refused';
DROP INDEX CONCURRENTLY IF EXISTS employees_unlisted;
CREATE INDEX CONCURRENTLY employees_unlisted ON employees (updated_at) WHERE status = 0;

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS employees_unlisted;
DROP INDEX CONCURRENTLY IF EXISTS alerts_undelivered;
DROP INDEX CONCURRENTLY IF EXISTS outbox_discarded;
DROP INDEX CONCURRENTLY IF EXISTS violations_rule;
