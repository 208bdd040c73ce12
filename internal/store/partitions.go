package store

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// partitions remembers which months of messages and search_messages exist.
type partitions struct {
	mu    sync.Mutex
	known map[string]bool
}

// EnsurePartitions creates the partitions of messages for the months of times
// that lack one. It runs in transactions of its own, before the rows are
// written, and takes no lock that stops readers: a table is made apart and
// attached.
func (db *DB) EnsurePartitions(ctx context.Context, times ...time.Time) error {
	return db.ensurePartitions(ctx, "messages", times...)
}

// ensurePartitions does so for a table of ours that is partitioned by months.
func (db *DB) ensurePartitions(ctx context.Context, table string, times ...time.Time) error {
	db.parts.mu.Lock()
	defer db.parts.mu.Unlock()
	if db.parts.known == nil {
		db.parts.known = map[string]bool{}
	}
	for _, t := range times {
		t = t.UTC()
		month := time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
		name := table + month.Format("_200601")
		if db.parts.known[name] {
			continue
		}
		if err := db.createPartition(ctx, table, name, month); err != nil {
			return err
		}
		db.parts.known[name] = true
	}
	return nil
}

// advisory lock that replicas take to create a partition one after the other.
const lockPartitions = 7_401_001

func (db *DB) createPartition(ctx context.Context, table, name string, month time.Time) error {
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
	// table is a name of ours, name has digits behind it; the bounds are dates:
	// nothing here comes from outside.
	from, to := month.Format("2006-01-02"), month.AddDate(0, 1, 0).Format("2006-01-02")
	for _, q := range []string{
		fmt.Sprintf(`CREATE TABLE %s (LIKE %s INCLUDING DEFAULTS)`, name, table),
		fmt.Sprintf(`ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM ('%s 00:00:00+00') TO ('%s 00:00:00+00')`, table, name, from, to),
	} {
		if _, err := tx.ExecContext(ctx, q); err != nil {
			return wrap(ctx, "create partition "+name, err)
		}
	}
	return wrap(ctx, "create partition", tx.Commit())
}
