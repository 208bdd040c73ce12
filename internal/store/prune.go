package store

import (
	"context"
	"time"
)

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
