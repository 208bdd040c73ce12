package store

import (
	"context"
	"database/sql"

	"github.com/jmoiron/sqlx"

	"huicun/internal/ingest"
)

var _ ingest.StatusStore = (*DB)(nil)

// ReadStatus implements ingest.StatusStore: one snapshot of the database, so
// that counters, lists and rows agree whatever is stored meanwhile.
func (db *DB) ReadStatus(ctx context.Context, rows int, recount bool) (ingest.Snapshot, error) {
	var s ingest.Snapshot
	tx, err := db.BeginTxx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return s, wrap(ctx, "read status", err)
	}
	defer func() { _ = tx.Rollback() }() // it only reads
	r := statusReader{ctx: ctx, tx: tx}
	r.get(&s.State, sqlPullState)
	r.get(&s.Now, `SELECT clock_timestamp()`)
	r.get(&s.ExpectedSince, `SELECT expected_since FROM pull_state WHERE id = 1`)
	r.get(&s.GapTotal, `SELECT count(*) FROM seq_gaps`)
	r.list(&s.Gaps, sqlFindGaps, rows)
	r.list(&s.Quarantine, sqlCountQuarantine, ingest.DetailRefused)
	r.list(&s.Pulls, sqlFindPulls, rows)
	r.get(&s.Puller, sqlLeaseHolder, ingest.LeasePull)
	r.list(&s.Discarded, sqlCountDiscarded)
	r.list(&s.Queues, sqlQueues)
	r.list(&s.Alerts, sqlCountAlerts)
	r.list(&s.Alarms, sqlOpenAlarms)
	r.list(&s.Admins, sqlAdmins)
	r.get(&s.Media, sqlMediaLate)
	r.get(&s.Search, sqlSearchLate)
	if recount {
		s.Recount = new(ingest.Count)
		r.get(s.Recount, sqlRecount)
	}
	return s, wrap(ctx, "read status", r.err)
}

// statusReader runs one query after the other and keeps the first error.
type statusReader struct {
	ctx context.Context
	tx  *sqlx.Tx
	err error
}

func (r *statusReader) get(to any, query string, args ...any) {
	if r.err == nil {
		r.err = r.tx.GetContext(r.ctx, to, query, args...)
	}
}

func (r *statusReader) list(to any, query string, args ...any) {
	if r.err == nil {
		r.err = r.tx.SelectContext(r.ctx, to, query, args...)
	}
}

const (
	sqlFindGaps = `SELECT after_seq, before_seq, kind, noticed_at FROM seq_gaps ORDER BY after_seq DESC LIMIT $1`

	sqlCountQuarantine = `
SELECT publickey_ver, CASE WHEN reason = 'decrypt_failed' AND detail = $1 THEN 'refused' ELSE reason END AS reason,
	count(*) AS messages, min(received_at) AS oldest
FROM quarantine WHERE released_at IS NULL GROUP BY 1, 2 ORDER BY 1, 2`

	sqlFindPulls = `
SELECT started_at, finished_at, holder, from_seq, calls, received, outcome, error_class, error_code, error,
	COALESCE((SELECT duplicates FROM batches b WHERE b.id = p.batch_id), 0) AS duplicates
FROM pulls p ORDER BY id DESC LIMIT $1`

	sqlLeaseHolder = `
SELECT COALESCE((SELECT holder FROM leases WHERE name = $1 AND expires_at > clock_timestamp()), '')`

	sqlCountDiscarded = `SELECT kind, count(*) AS items FROM outbox WHERE state = 'discarded' GROUP BY kind ORDER BY kind`

	// Each half has an index of its own.
	sqlQueues = `
SELECT kind, count(*) AS items, min(created_at) AS oldest, count(*) FILTER (WHERE cardinality(errors) > 0) AS failed,
	COALESCE((array_agg(errors[cardinality(errors)] ORDER BY id) FILTER (WHERE cardinality(errors) > 0))[1], '') AS error
FROM (
	SELECT id, kind, created_at, errors FROM outbox WHERE state IN ('available', 'retryable')
	UNION ALL
	SELECT id, kind, created_at, errors FROM outbox WHERE state = 'running') o
GROUP BY kind ORDER BY kind`

	sqlCountAlerts = `
SELECT state, count(*) AS alerts, min(created_at) AS oldest
FROM alerts WHERE violation_id IS NOT NULL AND state <> 'sent' AND state <> 'refused' AND created_at > now() - interval '30 days'
GROUP BY state ORDER BY state`

	sqlOpenAlarms = `SELECT subject, cause, since, step, raised_at FROM alarms WHERE ended_at IS NULL ORDER BY id`

	sqlSearchLate = `
SELECT min(error_at) AS since, COALESCE((array_agg(error ORDER BY error_at))[1], '') AS error
FROM search_indexes WHERE state <> 'old' AND error <> ''`

	sqlAdmins = `SELECT userid FROM viewers WHERE role = 'admin' AND NOT disabled ORDER BY id`

	sqlRecount = `SELECT
	(SELECT count(*) FROM message_ids) AS msgids,
	(SELECT count(*) FROM messages) AS messages,
	(SELECT count(*) FROM quarantine WHERE released_at IS NULL) AS quarantined`
)
