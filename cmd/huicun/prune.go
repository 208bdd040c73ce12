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

// pruneLoop deletes old records of calls, and of searches.
func (a *app) pruneLoop(ctx context.Context) error {
	t := time.NewTicker(pruneEvery)
	defer t.Stop()
	for {
		if _, err := a.db.PruneRecords(ctx, time.Now().Add(-keepRecords)); err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "old records not pruned", "err", err)
		}
		a.pruneSearches(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

// pruneSearches deletes what viewers searched for when that is long ago.
func (a *app) pruneSearches(ctx context.Context) {
	if a.cfg.Search.KeepDays == 0 {
		return
	}
	n, err := a.db.PruneSearches(ctx, time.Now().AddDate(0, 0, -a.cfg.Search.KeepDays))
	switch {
	case err != nil && ctx.Err() == nil:
		slog.WarnContext(ctx, "old searches not deleted", "err", err)
	case n > 0:
		slog.InfoContext(ctx, "old searches deleted", "searches", n)
	}
}
