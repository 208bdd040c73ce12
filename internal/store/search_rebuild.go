package store

import (
	"context"

	"github.com/jmoiron/sqlx"

	"huicun/internal/search"
)

var _ search.RebuildStore = (*DB)(nil)

const rebuildColumns = ` batch_id, upto, changed, refused, started_at, COALESCE(finished_at, '0001-01-01 00:00:00+00') AS finished_at`

const (
	// Where nothing is to be begun anew, the row stays as it is.
	sqlStartRebuild = `
INSERT INTO search_rebuild AS r (upto) SELECT last_batch_id FROM pull_state
ON CONFLICT (id) DO UPDATE SET batch_id = 0, upto = EXCLUDED.upto, changed = 0, refused = 0, started_at = now(), finished_at = NULL
WHERE $1 OR r.finished_at IS NOT NULL`
	sqlReadRebuild = `SELECT` + rebuildColumns + ` FROM search_rebuild`

	sqlNextBatch = `SELECT COALESCE((SELECT id FROM batches WHERE id > $1 AND id <= $2 AND added > 0 ORDER BY id LIMIT 1), 0)`

	// Whoever was overtaken, or sees that it was begun again, changes nothing.
	sqlSaveRebuild = `
UPDATE search_rebuild SET batch_id = $3, changed = changed + $4, refused = refused + $5 WHERE ` + rebuildAt
	sqlFinishRebuild = `UPDATE search_rebuild SET finished_at = now() WHERE ` + rebuildAt
	rebuildAt        = `started_at = $1 AND batch_id = $2 AND finished_at IS NULL`

	// Whoever counts holds the row that writers of documents need.
	sqlCountDocuments = `UPDATE search_state SET indexed = (SELECT count(*) FROM search_messages)`
	sqlForgetGivenUp  = `
UPDATE outbox SET state = 'completed', finished_at = now()
WHERE kind = 'index' AND state = 'discarded' AND EXISTS (SELECT FROM search_rebuild r WHERE outbox.created_at < r.started_at AND r.refused = 0)`
)

// StartRebuild implements search.RebuildStore.
func (db *DB) StartRebuild(ctx context.Context, anew bool) (search.Rebuild, error) {
	if _, err := db.ExecContext(ctx, sqlStartRebuild, anew); err != nil {
		return search.Rebuild{}, wrap(ctx, "start rebuild", err)
	}
	return readRebuild(ctx, db)
}

func readRebuild(ctx context.Context, q sqlx.QueryerContext) (r search.Rebuild, err error) {
	return r, wrap(ctx, "read rebuild", sqlx.GetContext(ctx, q, &r, sqlReadRebuild))
}

// NextBatch implements search.RebuildStore.
func (db *DB) NextBatch(ctx context.Context, after, upTo int64) (id int64, err error) {
	return id, wrap(ctx, "find next batch", db.GetContext(ctx, &id, sqlNextBatch, after, upTo))
}

// SaveRebuild implements search.RebuildStore.
func (db *DB) SaveRebuild(ctx context.Context, r search.Rebuild, batch int64, changed, refused int) (search.Rebuild, error) {
	if _, err := db.ExecContext(ctx, sqlSaveRebuild, r.StartedAt, r.Batch, batch, changed, refused); err != nil {
		return search.Rebuild{}, wrap(ctx, "save rebuild", err)
	}
	return readRebuild(ctx, db)
}

// FinishRebuild implements search.RebuildStore.
func (db *DB) FinishRebuild(ctx context.Context, r search.Rebuild) (search.Rebuild, error) {
	return inTx(ctx, db, func(tx *sqlx.Tx) (search.Rebuild, error) {
		res, err := tx.ExecContext(ctx, sqlFinishRebuild, r.StartedAt, r.Batch)
		if err != nil {
			return r, wrap(ctx, "finish rebuild", err)
		}
		n, err := res.RowsAffected()
		if err != nil {
			return r, err
		}
		if n == 0 {
			return readRebuild(ctx, tx)
		}
		const lock = `SELECT change FROM search_state WHERE id = 1 FOR UPDATE`
		for _, text := range []string{lock, sqlCountDocuments, sqlForgetGivenUp} {
			if _, err := tx.ExecContext(ctx, text); err != nil {
				return r, wrap(ctx, "finish rebuild", err)
			}
		}
		return readRebuild(ctx, tx)
	})
}
