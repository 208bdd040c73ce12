-- Indexes for what is counted often: hits of each rule, work that was given up,
-- alerts that are not delivered.

-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY IF NOT EXISTS violations_rule ON violations (rule_id) WHERE kind = 'word';
CREATE INDEX CONCURRENTLY IF NOT EXISTS outbox_discarded ON outbox (kind) WHERE state = 'discarded';
CREATE INDEX CONCURRENTLY IF NOT EXISTS alerts_undelivered ON alerts (created_at) WHERE state <> 'sent' AND state <> 'refused';

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS alerts_undelivered;
DROP INDEX CONCURRENTLY IF EXISTS outbox_discarded;
DROP INDEX CONCURRENTLY IF EXISTS violations_rule;
