package store

import (
	"context"

	"github.com/jmoiron/sqlx"

	"huicun/internal/ingest"
)

const sqlPullState = `
SELECT seq, last_batch_id, received, stored, quarantined, duplicates, last_success_at, last_msgtime, caught_up_at, last_error_at, last_error
FROM pull_state WHERE id = 1`

// PullState implements ingest.Store.
func (db *DB) PullState(ctx context.Context) (ingest.State, error) {
	var s ingest.State
	return s, wrap(ctx, "read pull state", db.GetContext(ctx, &s, sqlPullState))
}

const sqlInsertPull = `
INSERT INTO pulls (started_at, finished_at, holder, from_seq, calls, received, batch_id, outcome, error_class, error_code, error)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`

func insertPull(ctx context.Context, tx *sqlx.Tx, p ingest.Pull, batchID *int64) error {
	_, err := tx.ExecContext(ctx, sqlInsertPull, p.StartedAt, p.FinishedAt, p.Holder, p.FromSeq, p.Calls, p.Received,
		batchID, p.Outcome, p.ErrorClass, p.ErrorCode, dbText(p.Error))
	return wrap(ctx, "insert pull", err)
}

// Runs of the same outcome fold into the newest row.
const sqlFoldPull = `
UPDATE pulls SET finished_at = $1, calls = calls + $2
WHERE id = (SELECT max(id) FROM pulls) AND outcome = $3 AND from_seq = $4 AND holder = $5 AND error_code = $6 AND error = $7`

const sqlNoteSuccess = `
UPDATE pull_state SET last_success_at = clock_timestamp(), caught_up_at = clock_timestamp(), last_error = '' WHERE id = 1`

const sqlNoteError = `UPDATE pull_state SET last_error_at = clock_timestamp(), last_error = $1 WHERE id = 1`

// RecordPull implements ingest.Store.
func (db *DB) RecordPull(ctx context.Context, p ingest.Pull) error {
	_, err := inTx(ctx, db, func(tx *sqlx.Tx) (struct{}, error) {
		var none struct{}
		if p.Outcome == ingest.OutcomeEmpty {
			if _, err := tx.ExecContext(ctx, sqlNoteSuccess); err != nil {
				return none, wrap(ctx, "note success", err)
			}
		} else if _, err := tx.ExecContext(ctx, sqlNoteError, dbText(p.Error)); err != nil {
			return none, wrap(ctx, "note error", err)
		}
		res, err := tx.ExecContext(ctx, sqlFoldPull, p.FinishedAt, p.Calls, p.Outcome, p.FromSeq, p.Holder, p.ErrorCode, dbText(p.Error))
		if err != nil {
			return none, wrap(ctx, "fold pull", err)
		}
		if n, err := res.RowsAffected(); err != nil || n > 0 {
			return none, err
		}
		return none, insertPull(ctx, tx, p, nil)
	})
	return err
}
