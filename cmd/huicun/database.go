package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"huicun/internal/config"
	"huicun/internal/pgserver"
	"huicun/internal/store"
)

const (
	startDatabase = 2 * time.Minute // first start: initdb; after a crash: recovery
	stopDatabase  = 30 * time.Second

	firstLook   = 200 * time.Millisecond // before a database that was not up is tried again
	longestLook = 5 * time.Second

	firstRevival   = 500 * time.Millisecond // before a private server that did not start is started again
	longestRevival = 30 * time.Second
)

// database is the store and, when none is configured, the private server
// under it.
type database struct {
	*store.DB
	private *pgserver.Server
	dir     string // of the private server
}

// openDatabase connects to the configured database, or starts the private one.
func openDatabase(ctx context.Context, c config.Config) (*database, error) {
	d := &database{dir: privateDir(c)}
	url := c.Database.URL
	if url == "" {
		sctx, cancel := context.WithTimeout(ctx, startDatabase)
		defer cancel()
		var err error
		d.private, err = pgserver.Start(sctx, pgserver.Options{DataDir: privateDir(c), BinDir: c.Database.BinDir})
		if err != nil {
			return nil, err
		}
		url = d.private.URL()
	}
	var err error
	if d.DB, err = store.Open(ctx, store.Options{URL: url, MaxConns: c.Database.MaxConns, Silence: c.Database.Timeout}); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// awaitDatabase opens the database and brings its schema up to date. One that
// is not up yet, as when a machine starts or Postgres is started again, is
// waited for, at most database.timeout.
func awaitDatabase(ctx context.Context, c config.Config) (*database, error) {
	var d *database
	err := whenUp(ctx, c.Database.Timeout, func() (err error) {
		if d, err = openDatabase(ctx, c); err != nil {
			return err
		}
		if err = d.Migrate(ctx); err != nil {
			return errors.Join(err, d.Close())
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return d, nil
}

// whenUp does what a start needs of the database, again while that is not up, at
// most for timeout.
func whenUp(ctx context.Context, timeout time.Duration, do func() error) error {
	end := time.Now().Add(timeout)
	for wait := firstLook; ; wait = min(2*wait, longestLook) {
		err := do()
		if err == nil || !store.NotUp(err) || ctx.Err() != nil || time.Now().Add(wait).After(end) {
			return err
		}
		slog.WarnContext(ctx, "the database is not up yet", "err", err)
		pause(ctx, wait)
	}
}

// keepPrivate starts the private server again whenever it ends, until ctx does.
func (d *database) keepPrivate(ctx context.Context) error {
	if d.private == nil {
		return nil
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-d.private.Done():
		}
		slog.ErrorContext(ctx, "the private postgres has ended; it is started again", "log", filepath.Join(d.dir, "server.log"))
		for wait := firstRevival; ctx.Err() == nil; wait = min(2*wait, longestRevival) {
			if d.revive(ctx) {
				break
			}
			pause(ctx, wait)
		}
	}
}

func (d *database) revive(ctx context.Context) bool {
	sctx, cancel := context.WithTimeout(ctx, startDatabase)
	defer cancel()
	err := d.private.Revive(sctx)
	if err != nil && ctx.Err() == nil {
		slog.ErrorContext(ctx, "the private postgres does not start", "err", err)
	}
	return err == nil
}

// pause waits for d or the end of ctx.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// peekDatabase is for a command that only reads: it takes the private server
// that a running huicun owns and leaves it to that, starts one that rests, and
// never makes one.
func peekDatabase(ctx context.Context, c config.Config) (*database, error) {
	if c.Database.URL == "" {
		if _, err := os.Stat(privateDir(c)); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("there is no archive in %s: give -config, or HUICUN_DATA_DIR or HUICUN_DATABASE_URL as for serve", c.DataDir)
		}
		url, err := pgserver.Find(ctx, privateDir(c))
		switch {
		case err == nil:
			c.Database.URL, c.Database.MaxConns = url, 2
		case !errors.Is(err, pgserver.ErrNotRunning):
			return nil, err
		}
	}
	c.Database.Timeout = -1 // counting every row takes its time
	d, err := openDatabase(ctx, c)
	if err != nil {
		return nil, err
	}
	if ok, err := d.Migrated(ctx); err != nil || !ok {
		return nil, errors.Join(err, errors.New("the database has no current schema: run huicun migrate, or serve"), d.Close())
	}
	return d, nil
}

func privateDir(c config.Config) string { return filepath.Join(c.DataDir, "postgres") }

// Close ends the connections and the private server.
func (d *database) Close() error {
	var errs []error
	if d.DB != nil {
		errs = append(errs, d.DB.Close())
	}
	if d.private != nil {
		ctx, cancel := context.WithTimeout(context.Background(), stopDatabase)
		defer cancel()
		errs = append(errs, d.private.Stop(ctx))
	}
	return errors.Join(errs...)
}

// migrate brings the schema up to date.
func migrate(ctx context.Context, c config.Config) (err error) {
	d, err := openDatabase(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	return d.Migrate(ctx)
}

// ready reports whether requests can be answered.
func (d *database) ready(ctx context.Context) error {
	if err := d.PingContext(ctx); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	ok, err := d.Migrated(ctx)
	if err == nil && !ok {
		err = errors.New("the schema is older than this program; run huicun migrate")
	}
	return err
}
