-- A list of rules counts the hits of each.

-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY IF NOT EXISTS violations_rule ON violations (rule_id) WHERE kind = 'word';

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS violations_rule;
