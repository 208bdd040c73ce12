package main

import (
	"context"
	"log/slog"
	"time"

	"huicun/internal/ingest"
)

// The directory is synchronised under a lease: one replica at a time.
const (
	leaseSync       = "sync"
	leaseSyncTTL    = time.Minute
	firstSyncRetry  = 10 * time.Second
	longestRetry    = 10 * time.Minute
	unknownInterval = 20 * time.Second // how soon names of people new in chats are asked for
)

// syncLoop keeps the directory up to date: in full at the start and by
// schedule, single people and groups soon after they appear in a chat.
func (a *app) syncLoop(ctx context.Context) error {
	if a.cfg.Sync.Interval == 0 || a.cfg.WeCom.AppSecret == "" {
		return nil
	}
	retry := firstSyncRetry
	nextFull := time.Now()
	t := time.NewTicker(unknownInterval)
	defer t.Stop()
	for ctx.Err() == nil {
		if !time.Now().Before(nextFull) {
			if err := a.underLease(ctx, leaseSync, a.syncInFull); err != nil {
				slog.WarnContext(ctx, "directory sync failed", "err", err, "retry_in", retry)
				nextFull, retry = time.Now().Add(min(retry, a.cfg.Sync.Interval)), min(longestRetry, retry*2)
			} else {
				nextFull, retry = time.Now().Add(a.cfg.Sync.Interval), firstSyncRetry
			}
		} else if err := a.underLease(ctx, leaseSync, a.syncUnknown); err != nil {
			slog.WarnContext(ctx, "people new in chats not looked up", "err", err)
		}
		select {
		case <-ctx.Done():
		case <-a.wakeSync:
		case <-t.C:
		}
	}
	return nil
}

func (a *app) syncInFull(ctx context.Context) error {
	_, err := a.dir.Sync(ctx)
	return err
}

func (a *app) syncUnknown(ctx context.Context) error {
	_, err := a.dir.SyncUnknown(ctx)
	return err
}

// underLease runs f while this process holds the lease; it does nothing while
// another process holds it. f is cancelled when the lease goes.
func (a *app) underLease(ctx context.Context, name string, f func(context.Context) error) error {
	_, err := ingest.UnderLease(ctx, a.db, name, a.name, leaseSyncTTL, func(ctx context.Context, _ ingest.Lease) error { return f(ctx) })
	if ctx.Err() != nil {
		return nil // stopping is no failure
	}
	return err
}
