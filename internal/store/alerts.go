package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"huicun/internal/access"
	"huicun/internal/alert"
	"huicun/internal/fault"
	"huicun/internal/rules"
)

var _ alert.Store = (*DB)(nil)

const alertColumns = `
	a.id, a.violation_id, v.kind, v.rule_name, w.person, a.state, a.attempt, a.error_code, a.error, a.created_at, a.sent_at`

type alertRow struct {
	ID          int64       `db:"id"`
	ViolationID int64       `db:"violation_id"`
	Kind        rules.Kind  `db:"kind"`
	RuleName    string      `db:"rule_name"`
	To          string      `db:"person"`
	State       alert.State `db:"state"`
	Attempt     int         `db:"attempt"`
	ErrorCode   int         `db:"error_code"`
	Error       string      `db:"error"`
	CreatedAt   time.Time   `db:"created_at"`
	SentAt      *time.Time  `db:"sent_at"`
}

func (r alertRow) alert() alert.Alert {
	a := alert.Alert{
		ID: r.ID, ViolationID: r.ViolationID, Kind: r.Kind, RuleName: r.RuleName, To: r.To, State: r.State,
		Attempt: r.Attempt, ErrorCode: r.ErrorCode, Error: r.Error, CreatedAt: r.CreatedAt.UTC(),
	}
	if r.SentAt != nil {
		a.SentAt = r.SentAt.UTC()
	}
	return a
}

type jobRow struct {
	alertRow
	UserID      string     `db:"userid"`
	Body        []byte     `db:"body"`
	FirstSentAt *time.Time `db:"first_sent_at"`
	Disabled    bool       `db:"disabled"`
	InScope     bool       `db:"in_scope"`
	LastOfDay   bool       `db:"last_of_day"`
}

const sqlGetJob = `
SELECT a.id, COALESCE(a.violation_id, 0) AS violation_id, COALESCE(v.kind, '') AS kind, COALESCE(v.rule_name, '') AS rule_name,
	w.person, a.state, a.attempt, a.error_code, a.error, a.created_at, a.sent_at, a.userid, a.body, a.first_sent_at, a.last_of_day, w.disabled,
	(w.role = 'admin' OR EXISTS (SELECT 1 FROM viewer_employees ve JOIN violation_employees x ON x.person = ve.person
		WHERE ve.viewer_id = w.id AND x.violation_id = a.violation_id)) AS in_scope
FROM alerts a
LEFT JOIN violations v ON v.id = a.violation_id
JOIN viewers w ON w.id = a.viewer_id
WHERE a.id = $1`

// GetJob implements alert.Store.
func (db *DB) GetJob(ctx context.Context, id int64) (alert.Job, error) {
	var row jobRow
	err := db.GetContext(ctx, &row, sqlGetJob, id)
	if noRows(err) {
		return alert.Job{}, fault.NotFound("alert")
	}
	if err != nil {
		return alert.Job{}, wrap(ctx, "get alert", err)
	}
	job := alert.Job{
		Alert: row.alert(), UserID: row.UserID, Disabled: row.Disabled, InScope: row.InScope, LastOfDay: row.LastOfDay,
	}
	if row.FirstSentAt != nil {
		job.FirstSentAt = row.FirstSentAt.UTC()
	}
	if row.Body != nil {
		job.Message = new(alert.Message)
		if err := json.Unmarshal(row.Body, job.Message); err != nil {
			return alert.Job{}, fmt.Errorf("read message of alert %d: %w", id, err)
		}
	}
	if row.ViolationID == 0 {
		return job, nil
	}
	if job.Violation, err = db.GetViolation(ctx, access.System(), row.ViolationID); err != nil {
		return alert.Job{}, err
	}
	job.ReceiverRoom = job.Violation.ConvTitle
	job.Names, err = db.FindPersons(ctx, []string{job.Violation.Sender, job.Violation.Receiver})
	return job, err
}

const (
	sqlLockReceiver = `
SELECT pg_advisory_xact_lock(hashtextextended('alert to ' || userid, 0)) FROM alerts WHERE id = $1`

	// The oldest of the last $3 messages since $4 tells when there is room again.
	sqlPaceOf = `
SELECT b.first_sent_at FROM alerts a JOIN alerts b ON b.userid = a.userid AND b.id <> a.id
WHERE a.id = $1 AND b.created_at > $2 AND b.first_sent_at > $4
ORDER BY b.first_sent_at DESC OFFSET $3 LIMIT 1`

	// A pending alert was never taken: time runs anew, for the duplicate window
	// and for the pace. Of two workers at the same alert one gets no row.
	sqlStartAttempt = `
UPDATE alerts SET state = 'sending', attempt = attempt + 1, body = COALESCE(body, CAST($2 AS jsonb)),
	first_sent_at = CASE WHEN state = 'pending' THEN CAST($3 AS timestamptz) ELSE COALESCE(first_sent_at, $3) END
WHERE id = $1 AND attempt = $4 AND state IN ('pending', 'sending')
RETURNING body`
)

// paceWindow bounds the alerts that pacing looks at by when they were made.
const paceWindow = 24 * time.Hour

// StartAttempt implements alert.Store.
func (db *DB) StartAttempt(ctx context.Context, id int64, m alert.Message, attempts int, pace []alert.Limit, now time.Time) (alert.Message, time.Duration, error) {
	var wait time.Duration
	sent, err := inTx(ctx, db, func(tx *sqlx.Tx) (alert.Message, error) {
		if _, err := tx.ExecContext(ctx, sqlLockReceiver, id); err != nil {
			return m, wrap(ctx, "lock receiver", err)
		}
		for _, l := range pace {
			d, err := paceOf(ctx, tx, id, l, now)
			if err != nil {
				return m, err
			}
			wait = max(wait, d)
		}
		if wait > 0 {
			return m, nil
		}
		return startAttempt(ctx, tx, id, m, attempts, now)
	})
	return sent, wait, err
}

// paceOf tells how long the receiver of an alert has to be left alone.
func paceOf(ctx context.Context, tx *sqlx.Tx, id int64, l alert.Limit, now time.Time) (time.Duration, error) {
	var oldest time.Time
	err := tx.GetContext(ctx, &oldest, sqlPaceOf, id, now.Add(-paceWindow), l.Messages-1, now.Add(-l.Per))
	if noRows(err) {
		return 0, nil
	}
	return max(oldest.Add(l.Per).Sub(now), time.Millisecond), wrap(ctx, "read pace", err)
}

func startAttempt(ctx context.Context, tx *sqlx.Tx, id int64, m alert.Message, attempts int, now time.Time) (alert.Message, error) {
	body, err := json.Marshal(m)
	if err != nil {
		return m, err
	}
	var kept []byte
	err = tx.GetContext(ctx, &kept, sqlStartAttempt, id, string(body), now, attempts)
	if noRows(err) {
		return m, fault.Conflict("somebody else has the alert, or it is done")
	}
	if err != nil {
		return m, wrap(ctx, "start attempt", err)
	}
	m = alert.Message{}
	return m, json.Unmarshal(kept, &m)
}

const sqlFinishAttempt = `
UPDATE alerts SET state = $3, wecom_msgid = $4, error_code = $5, error = left($6, 500), sent_at = $7
WHERE id = $1 AND (attempt = $2 AND state IN ('pending', 'sending') OR $3 = 'sent' AND state IN ('pending', 'sending', 'unknown', 'failed'))`

// FinishAttempt implements alert.Store.
func (db *DB) FinishAttempt(ctx context.Context, id int64, n int, o alert.Outcome) error {
	var at *time.Time
	if o.State == alert.StateSent {
		at = &o.At
	}
	_, err := db.ExecContext(ctx, sqlFinishAttempt, id, n, o.State, dbText(o.MsgID), o.Code, dbText(o.Error), at)
	return wrap(ctx, "finish attempt", err)
}

// FindAlerts implements alert.Store.
func (db *DB) FindAlerts(ctx context.Context, s access.Scope, violation, before int64, limit int) ([]alert.Alert, error) {
	var b query
	text := `SELECT` + alertColumns + `
FROM alerts a JOIN violations v ON v.id = a.violation_id JOIN viewers w ON w.id = a.viewer_id
WHERE ` + b.violationInScope(s, "a.violation_id")
	if !s.All() {
		text += ` AND a.viewer_id = ` + b.arg(s.ViewerID())
	}
	if violation != 0 {
		text += ` AND a.violation_id = ` + b.arg(violation)
	}
	if before != 0 {
		text += ` AND a.id < ` + b.arg(before)
	}
	text += ` ORDER BY a.id DESC LIMIT ` + b.arg(limit)
	var rows []alertRow
	if err := db.SelectContext(ctx, &rows, text, b.args...); err != nil {
		return nil, wrap(ctx, "find alerts", err)
	}
	found := make([]alert.Alert, len(rows))
	for i, r := range rows {
		found[i] = r.alert()
	}
	return found, nil
}
