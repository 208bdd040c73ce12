package store

import (
	"context"

	"huicun/internal/ingest"
)

// FindGaps implements ingest.StatusStore.
func (db *DB) FindGaps(ctx context.Context, limit int) ([]ingest.Gap, int64, error) {
	var total int64
	if err := db.GetContext(ctx, &total, `SELECT count(*) FROM seq_gaps`); err != nil {
		return nil, 0, wrap(ctx, "count gaps", err)
	}
	const q = `SELECT after_seq, before_seq, kind, noticed_at FROM seq_gaps ORDER BY after_seq DESC LIMIT $1`
	gaps := []ingest.Gap{}
	err := db.SelectContext(ctx, &gaps, q, limit)
	return gaps, total, wrap(ctx, "find gaps", err)
}

// CountQuarantine implements ingest.StatusStore.
func (db *DB) CountQuarantine(ctx context.Context) ([]ingest.QuarantineGroup, error) {
	const q = `SELECT publickey_ver, reason, count(*) AS messages, min(received_at) AS oldest
FROM quarantine WHERE released_at IS NULL GROUP BY 1, 2 ORDER BY 1, 2`
	groups := []ingest.QuarantineGroup{}
	err := db.SelectContext(ctx, &groups, q)
	return groups, wrap(ctx, "count quarantine", err)
}

// FindPulls implements ingest.StatusStore.
func (db *DB) FindPulls(ctx context.Context, limit int) ([]ingest.Pull, error) {
	const q = `SELECT started_at, finished_at, holder, from_seq, calls, received, outcome, error_class, error_code, error
FROM pulls ORDER BY id DESC LIMIT $1`
	pulls := []ingest.Pull{}
	err := db.SelectContext(ctx, &pulls, q, limit)
	return pulls, wrap(ctx, "find pulls", err)
}

// CountDiscarded implements ingest.StatusStore.
func (db *DB) CountDiscarded(ctx context.Context) ([]ingest.DiscardedWork, error) {
	const q = `SELECT kind, count(*) AS items FROM outbox WHERE state = 'discarded' GROUP BY kind ORDER BY kind`
	work := []ingest.DiscardedWork{}
	err := db.SelectContext(ctx, &work, q)
	return work, wrap(ctx, "count discarded work", err)
}

const sqlRecount = `SELECT
	(SELECT count(*) FROM message_ids) AS msgids,
	(SELECT count(*) FROM messages) AS messages,
	(SELECT count(*) FROM quarantine WHERE released_at IS NULL) AS quarantined`

// Recount implements ingest.StatusStore.
func (db *DB) Recount(ctx context.Context) (ingest.Count, error) {
	var c ingest.Count
	return c, wrap(ctx, "recount", db.GetContext(ctx, &c, sqlRecount))
}
