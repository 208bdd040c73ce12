package store

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// partitions remembers which months of messages exist.
type partitions struct {
	mu    sync.Mutex
	known map[string]bool
}

// EnsurePartitions creates the partitions of messages for the months of times
// that lack one. It runs in transactions of its own, before the rows are
// written, and takes no lock that stops readers: a table is made apart and
// attached.
func (db *DB) EnsurePartitions(ctx context.Context, times ...time.Time) error {
	db.parts.mu.Lock()
	defer db.parts.mu.Unlock()
	if db.parts.known == nil {
		db.parts.known = map[string]bool{}
	}
	for _, t := range times {
		t = t.UTC()
		month := time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
		name := month.Format("messages_200601")
		if db.parts.known[name] {
			continue
		}
		if err := db.createPartition(ctx, name, month); err != nil {
			return err
		}
		db.parts.known[name] = true
	}
	return nil
}

// advisory lock that replicas take to create a partition one after the other.
const lockPartitions = 7_401_001

func (db *DB) createPartition(ctx context.Context, name string, month time.Time) error {
	tx, err := db.BeginTxx(ctx, nil)
	if err != nil {
		return wrap(ctx, "create partition", err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, lockPartitions); err != nil {
		return wrap(ctx, "lock partitions", err)
	}
	var exists bool
	if err := tx.GetContext(ctx, &exists, `SELECT to_regclass($1) IS NOT NULL`, name); err != nil {
		return wrap(ctx, "look for partition", err)
	}
	if exists {
		return wrap(ctx, "create partition", tx.Commit())
	}
	// name is made of digits; the bounds are dates: nothing here comes from outside.
	from, to := month.Format("2006-01-02"), month.AddDate(0, 1, 0).Format("2006-01-02")
	for _, q := range []string{
		fmt.Sprintf(`CREATE TABLE %s (LIKE messages INCLUDING DEFAULTS)`, name),
		fmt.Sprintf(`ALTER TABLE messages ATTACH PARTITION %s FOR VALUES FROM ('%s 00:00:00+00') TO ('%s 00:00:00+00')`, name, from, to),
	} {
		if _, err := tx.ExecContext(ctx, q); err != nil {
			return wrap(ctx, "create partition "+name, err)
		}
	}
	return wrap(ctx, "create partition", tx.Commit())
}
