package store

import (
	"context"
	"time"
)

// Rows are written in the order of their ids, give or take a moment: the oldest
// are looked at, so many at a time.
const (
	pruneAtOnce      = 5000
	sqlPruneSearches = `
DELETE FROM searches WHERE id IN (
	SELECT id FROM (SELECT id, at FROM searches ORDER BY id LIMIT $2) oldest WHERE at < LEAST($1, now() - interval '184 days'))`
)

// PruneSearches deletes what viewers searched for before a time, and returns how
// many rows went. What is younger than half a year stays, by the database's
// clock: it refuses to delete that (searches_kept).
func (db *DB) PruneSearches(ctx context.Context, before time.Time) (gone int64, err error) {
	for {
		n, err := rowsAffected(ctx, db, "prune searches", sqlPruneSearches, before, pruneAtOnce)
		gone += n
		if err != nil || n < pruneAtOnce {
			return gone, err
		}
	}
}

// What is pruned is a record of calls, not of what they brought: batches and
// violations keep that for ever.
const (
	sqlPrunePulls  = `DELETE FROM pulls WHERE finished_at < $1`
	sqlPruneEvents = `DELETE FROM callback_events WHERE received_at < $1 AND event = 'msgaudit_notify'`
)

// PruneRecords deletes records of pulls, and notices that messages wait, that
// are older than before. It returns how many rows went.
func (db *DB) PruneRecords(ctx context.Context, before time.Time) (int64, error) {
	pulls, err := rowsAffected(ctx, db, "prune pulls", sqlPrunePulls, before)
	if err != nil {
		return 0, err
	}
	events, err := rowsAffected(ctx, db, "prune callback events", sqlPruneEvents, before)
	return pulls + events, err
}
