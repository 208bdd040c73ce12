package store

import (
	"context"
	"crypto/sha256"

	"github.com/jmoiron/sqlx"

	"huicun/internal/archive"
	"huicun/internal/directory"
	"huicun/internal/fault"
	"huicun/internal/outbox"
	"huicun/internal/rules"
)

var _ rules.EventStore = (*DB)(nil)

// Events that make no work of their own are kept as done: msgaudit_notify comes
// every few seconds, and the puller is woken without the outbox.
const sqlInsertCallbackEvent = `
INSERT INTO callback_events (config_id, body_sha256, event, change_type, body, processed_at)
VALUES ($1, $2, $3, $4, $5, CASE WHEN $6 THEN NULL ELSE now() END)
ON CONFLICT ON CONSTRAINT callback_events_once DO NOTHING
RETURNING id`

// eventWithWork is the event that rules act on.
const eventWithWork = "change_external_contact"

// SaveCallbackEvent stores a decrypted callback with the work that follows from
// it, and reports whether it was new: WeCom repeats deliveries.
func (db *DB) SaveCallbackEvent(ctx context.Context, configID, event, changeType string, body []byte) (bool, error) {
	return inTx(ctx, db, func(tx *sqlx.Tx) (bool, error) {
		sum := sha256.Sum256(body)
		work := event == eventWithWork
		var id int64
		err := tx.GetContext(ctx, &id, sqlInsertCallbackEvent, dbText(configID), sum[:], dbText(event), dbText(changeType), body, work)
		if noRows(err) {
			return false, nil
		}
		if err != nil {
			return false, wrap(ctx, "save callback event", err)
		}
		if !work {
			return true, nil
		}
		return true, enqueue(ctx, tx, outbox.New{Kind: rules.KindCallback, Args: map[string]int64{"event_id": id}})
	})
}

const sqlGetCallbackEvent = `
SELECT id, body, received_at, processed_at IS NOT NULL AS done FROM callback_events WHERE id = $1`

// GetCallbackEvent implements rules.EventStore.
func (db *DB) GetCallbackEvent(ctx context.Context, id int64) (rules.StoredEvent, error) {
	var e rules.StoredEvent
	err := db.GetContext(ctx, &e, sqlGetCallbackEvent, id)
	if noRows(err) {
		return e, fault.NotFound("callback event")
	}
	return e, wrap(ctx, "get callback event", err)
}

const (
	sqlLockCallbackEvent   = `SELECT processed_at IS NOT NULL FROM callback_events WHERE id = $1 FOR UPDATE`
	sqlFinishCallbackEvent = `UPDATE callback_events SET processed_at = now() WHERE id = $1 AND processed_at IS NULL`
	sqlFindPair            = `
SELECT id, COALESCE(CAST(last_id AS text), '') AS last_id, COALESCE(last_seq, 0) AS last_seq
FROM conversations WHERE kind = 'direct' AND key = $1`
)

// FinishCallbackEvent implements rules.EventStore.
func (db *DB) FinishCallbackEvent(ctx context.Context, id int64) error {
	_, err := db.ExecContext(ctx, sqlFinishCallbackEvent, id)
	return wrap(ctx, "finish callback event", err)
}

// SaveDeletion implements rules.EventStore.
func (db *DB) SaveDeletion(ctx context.Context, d rules.Deletion) error {
	_, err := inTx(ctx, db, func(tx *sqlx.Tx) (struct{}, error) {
		return struct{}{}, saveDeletion(ctx, tx, d)
	})
	return err
}

func saveDeletion(ctx context.Context, tx *sqlx.Tx, d rules.Deletion) error {
	var done bool
	err := tx.GetContext(ctx, &done, sqlLockCallbackEvent, d.EventID)
	if noRows(err) {
		return fault.NotFound("callback event")
	}
	if err != nil || done {
		return wrap(ctx, "lock callback event", err)
	}
	mark := directory.Mark{Employee: dbText(d.Employee), Customer: dbText(d.Customer), State: d.State, At: d.At}
	if _, err := tx.NamedExecContext(ctx, sqlMarkFollow, mark); err != nil {
		return wrap(ctx, "end follow", err)
	}
	if d.Violation != nil {
		v, err := withLastMessage(ctx, tx, *d.Violation, d)
		if err != nil {
			return err
		}
		if _, err := insertViolation(ctx, tx, v); err != nil {
			return err
		}
	}
	_, err = tx.ExecContext(ctx, sqlFinishCallbackEvent, d.EventID)
	return wrap(ctx, "finish callback event", err)
}

// withLastMessage adds the chat of the two and its last message, if they have
// ever talked.
func withLastMessage(ctx context.Context, tx *sqlx.Tx, v rules.Violation, d rules.Deletion) (rules.Violation, error) {
	var pair struct {
		ID      int64  `db:"id"`
		LastID  string `db:"last_id"`
		LastSeq int64  `db:"last_seq"`
	}
	err := tx.GetContext(ctx, &pair, sqlFindPair, dbText(archive.DirectKey(d.Employee, d.Customer).Key()))
	if noRows(err) {
		return v, nil
	}
	v.ConvID, v.MessageID, v.Seq = pair.ID, pair.LastID, pair.LastSeq
	return v, wrap(ctx, "find chat of the pair", err)
}
