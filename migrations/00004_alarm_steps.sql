-- What 00002 left out because it reads all alerts: nobody who writes them waits
-- for this.

-- +goose NO TRANSACTION
-- +goose Up
ALTER TABLE alerts VALIDATE CONSTRAINT alerts_about;
DROP INDEX CONCURRENTLY IF EXISTS alerts_alarm_once;
CREATE UNIQUE INDEX CONCURRENTLY alerts_alarm_once ON alerts (alarm_id, step, viewer_id) WHERE alarm_id IS NOT NULL;

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS alerts_alarm_once;
