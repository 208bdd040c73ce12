package store

import (
	"context"
	"encoding/json"

	"github.com/jmoiron/sqlx"

	"huicun/internal/alert"
	"huicun/internal/ingest"
	"huicun/internal/outbox"
)

var _ ingest.AlarmStore = (*DB)(nil)

// ExpectPulls notes that from now on messages are to be pulled.
func (db *DB) ExpectPulls(ctx context.Context) error {
	const q = `UPDATE pull_state SET expected_since = clock_timestamp() WHERE id = 1 AND expected_since IS NULL`
	_, err := db.ExecContext(ctx, q)
	return wrap(ctx, "expect pulls", err)
}

// advisory lock that writers of alarms take, one after the other.
const lockAlarms = 7_401_003

const (
	sqlLockAlarm = `SELECT id, step FROM alarms WHERE subject = $1 AND ended_at IS NULL FOR UPDATE`

	sqlInsertAlarm = `
INSERT INTO alarms (subject, cause, since, step) VALUES ($1, $2, $3, $4)
ON CONFLICT ON CONSTRAINT alarms_once DO NOTHING RETURNING id`

	sqlStepAlarm = `UPDATE alarms SET step = $2, cause = $3 WHERE id = $1`

	sqlEndAlarm = `UPDATE alarms SET ended_at = clock_timestamp() WHERE subject = $1 AND ended_at IS NULL RETURNING id`

	// What has not left yet says less than what comes after it.
	sqlDropNotices = `
UPDATE alerts SET state = 'refused', error = 'a later notice took its place' WHERE alarm_id = $1 AND state = 'pending'`

	sqlInsertNotices = `
INSERT INTO alerts (alarm_id, step, viewer_id, userid, body)
SELECT $1, $2, v.id, v.userid, jsonb_set(CAST($3 AS jsonb), '{to}', to_jsonb(v.userid))
FROM viewers v WHERE v.role = 'admin' AND NOT v.disabled ORDER BY v.id
ON CONFLICT (alarm_id, step, viewer_id) WHERE alarm_id IS NOT NULL DO NOTHING RETURNING id`
)

// RaiseAlarm implements ingest.AlarmStore.
func (db *DB) RaiseAlarm(ctx context.Context, n ingest.Notice) (bool, error) {
	return inTx(ctx, db, func(tx *sqlx.Tx) (bool, error) {
		if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, lockAlarms); err != nil {
			return false, wrap(ctx, "lock alarms", err)
		}
		id, err := stepAlarm(ctx, tx, n)
		if err != nil || id == 0 {
			return false, err
		}
		if n.Message == nil {
			return true, nil
		}
		return true, noticeAdmins(ctx, tx, id, n.Step, *n.Message)
	})
}

// stepAlarm opens an alarm or takes it a step further; 0: that was done before.
func stepAlarm(ctx context.Context, tx *sqlx.Tx, n ingest.Notice) (int64, error) {
	var open struct {
		ID   int64 `db:"id"`
		Step int   `db:"step"`
	}
	err := tx.GetContext(ctx, &open, sqlLockAlarm, n.Subject)
	switch {
	case noRows(err):
		var id int64
		err = tx.GetContext(ctx, &id, sqlInsertAlarm, n.Subject, n.Cause, n.Since, n.Step)
		if noRows(err) {
			return 0, nil // raised and over
		}
		return id, wrap(ctx, "insert alarm", err)
	case err != nil:
		return 0, wrap(ctx, "read alarm", err)
	case open.Step >= n.Step:
		return 0, nil
	}
	_, err = tx.ExecContext(ctx, sqlStepAlarm, open.ID, n.Step, n.Cause)
	return open.ID, wrap(ctx, "step alarm", err)
}

// EndAlarm implements ingest.AlarmStore.
func (db *DB) EndAlarm(ctx context.Context, subject string, m alert.Message) (bool, error) {
	return inTx(ctx, db, func(tx *sqlx.Tx) (bool, error) {
		var id int64
		err := tx.GetContext(ctx, &id, sqlEndAlarm, subject)
		if noRows(err) {
			return false, nil
		}
		if err != nil {
			return false, wrap(ctx, "end alarm", err)
		}
		return true, noticeAdmins(ctx, tx, id, 0, m)
	})
}

// noticeAdmins writes a message to each admin, with its push.
func noticeAdmins(ctx context.Context, tx *sqlx.Tx, alarm int64, step int, m alert.Message) error {
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, sqlDropNotices, alarm); err != nil {
		return wrap(ctx, "drop notices", err)
	}
	var ids []int64
	if err := tx.SelectContext(ctx, &ids, sqlInsertNotices, alarm, step, string(body)); err != nil {
		return wrap(ctx, "insert notices", err)
	}
	items := make([]outbox.New, len(ids))
	for i, id := range ids {
		items[i] = outbox.New{Kind: alert.KindNotice, Args: map[string]int64{"alert_id": id}}
	}
	return enqueue(ctx, tx, items...)
}
