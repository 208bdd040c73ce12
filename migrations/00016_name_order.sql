-- Indexes of the keys of names that have them in the order in which they are
-- suggested, and for each owner: thousands of people may share a key. An
-- interrupted run leaves an index that is invalid: it is dropped and built again.

-- +goose NO TRANSACTION
-- +goose Up
DROP INDEX CONCURRENTLY IF EXISTS name_keys_order;
CREATE INDEX CONCURRENTLY name_keys_order ON name_keys (kind, inside, key, owner, source);
DROP INDEX CONCURRENTLY IF EXISTS name_keys_of;
CREATE INDEX CONCURRENTLY name_keys_of ON name_keys (owner, kind, key);
DROP INDEX CONCURRENTLY IF EXISTS name_keys_key;
DROP INDEX CONCURRENTLY IF EXISTS name_keys_owner;

-- +goose Down
CREATE INDEX CONCURRENTLY IF NOT EXISTS name_keys_key ON name_keys (kind, inside, key);
CREATE INDEX CONCURRENTLY IF NOT EXISTS name_keys_owner ON name_keys (owner, kind);
DROP INDEX CONCURRENTLY IF EXISTS name_keys_order;
DROP INDEX CONCURRENTLY IF EXISTS name_keys_of;
