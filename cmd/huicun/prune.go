package main

import (
	"context"
	"log/slog"
	"time"
)

const (
	pruneEvery  = time.Hour
	keepRecords = 30 * 24 * time.Hour
)

// pruneLoop deletes old records of calls.
func (a *app) pruneLoop(ctx context.Context) error {
	t := time.NewTicker(pruneEvery)
	defer t.Stop()
	for {
		if _, err := a.db.PruneRecords(ctx, time.Now().Add(-keepRecords)); err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "old records not pruned", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}
