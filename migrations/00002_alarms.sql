-- Alarms: admins are told when the archive stands still and when it goes on.
--
-- Nothing here reads a table, and what cannot have its lock soon fails and is
-- tried again: who waits for a lock keeps all others waiting.

-- +goose Up
SET LOCAL lock_timeout = '2s';

-- alarms: one row a time that something stood still, from the first app message
-- about it to the one that says that it is over.
CREATE TABLE alarms (
	id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	subject   text NOT NULL,             -- what stands still: pull | keys | quarantine | work | database
	cause     text NOT NULL,             -- why, when last told; codes of package ingest
	since     timestamptz NOT NULL,      -- it has been standing still since
	step      integer NOT NULL,          -- last step told, from 1
	raised_at timestamptz NOT NULL DEFAULT now(),
	ended_at  timestamptz,               -- NULL: not over
	CONSTRAINT alarms_once UNIQUE (subject, since),
	CONSTRAINT alarms_subject CHECK (subject IN ('pull', 'keys', 'quarantine', 'work', 'database'))
);
CREATE UNIQUE INDEX alarms_open ON alarms (subject) WHERE ended_at IS NULL;

-- An alert is about a violation or about a step of an alarm; 00004 looks at the
-- rows that are there and keeps each step to one alert a viewer.
ALTER TABLE alerts
	ALTER COLUMN violation_id DROP NOT NULL,
	ADD COLUMN alarm_id bigint REFERENCES alarms ON DELETE CASCADE,
	ADD COLUMN step integer NOT NULL DEFAULT 0, -- of the alarm; 0: that it is over
	ADD CONSTRAINT alerts_about CHECK (num_nonnulls(violation_id, alarm_id) = 1) NOT VALID;

-- +goose Down
SET LOCAL lock_timeout = '2s';
DELETE FROM outbox WHERE kind = 'notice';
DELETE FROM alerts WHERE alarm_id IS NOT NULL;
ALTER TABLE alerts
	DROP CONSTRAINT alerts_about,
	DROP COLUMN step,
	DROP COLUMN alarm_id,
	ALTER COLUMN violation_id SET NOT NULL;
DROP TABLE alarms;
