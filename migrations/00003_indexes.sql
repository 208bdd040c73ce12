-- Indexes for what is counted often: hits of each rule, work that was given up,
-- alerts that are not delivered, people of the chats whom the directory does not
-- know yet.

-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY IF NOT EXISTS violations_rule ON violations (rule_id) WHERE kind = 'word';
CREATE INDEX CONCURRENTLY IF NOT EXISTS outbox_discarded ON outbox (kind) WHERE state = 'discarded';
CREATE INDEX CONCURRENTLY IF NOT EXISTS alerts_undelivered ON alerts (created_at) WHERE state <> 'sent' AND state <> 'refused';
CREATE INDEX CONCURRENTLY IF NOT EXISTS employees_unlisted ON employees (updated_at) WHERE status = 0;

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS employees_unlisted;
DROP INDEX CONCURRENTLY IF EXISTS alerts_undelivered;
DROP INDEX CONCURRENTLY IF EXISTS outbox_discarded;
DROP INDEX CONCURRENTLY IF EXISTS violations_rule;
