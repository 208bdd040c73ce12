package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/lib/pq"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"huicun/migrations"
)

// Migrate brings the schema up to date over connections of its own: a
// migration may take longer than other statements are waited for.
func (db *DB) Migrate(ctx context.Context) error {
	x, err := openPool(db.url, -1, 2) // one for the lock
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	defer func() { _ = x.Close() }()
	return Migrate(ctx, x.DB)
}

// Migrate brings the schema up to date. Safe to call from several processes at
// once: a session lock lets one work while the others wait. Safe to call again
// after it failed, wherever that was.
func Migrate(ctx context.Context, db *sql.DB) error {
	p, err := provider(db)
	if err != nil {
		return err
	}
	return retryLocked(ctx, func() error {
		_, err := p.Up(ctx)
		return err
	})
}

// Migrations that change a table which is in use wait for its lock a moment
// only, and are tried again for some minutes.
const (
	lockTries = 30
	lockPause = 3 * time.Second

	stateLockTimeout = "55P03" // SQL state lock_not_available
)

// retryLocked calls migrate again where it failed for want of a lock.
func retryLocked(ctx context.Context, migrate func() error) error {
	for attempt := 1; ; attempt++ {
		err := migrate()
		pe, ok := errors.AsType[*pq.Error](err)
		switch {
		case err == nil:
			return nil
		case !ok || pe.Code != stateLockTimeout:
			return fmt.Errorf("migrate: %w", err)
		case attempt == lockTries:
			return fmt.Errorf("migrate: something holds a table that has to change, a long transaction or a backup: %w", err)
		}
		slog.WarnContext(ctx, "migration waits for a table that is in use", "attempt", attempt, "err", err)
		select {
		case <-ctx.Done():
			return fmt.Errorf("migrate: %w", ctx.Err())
		case <-time.After(lockPause):
		}
	}
}

// Migrated reports whether the schema is the one that this program knows.
func (db *DB) Migrated(ctx context.Context) (bool, error) {
	p, err := provider(db.DB.DB)
	if err != nil {
		return false, err
	}
	pending, err := p.HasPending(ctx)
	return !pending, err
}

func provider(db *sql.DB) (*goose.Provider, error) {
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, db, migrations.FS, goose.WithSessionLocker(locker))
}
