// Package store keeps everything in Postgres: every SQL statement of huicun is
// here. An exported method is one unit of work; unexported helpers take a
// transaction and compose.
package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"huicun/internal/fault"
)

// DB is a pool of connections to huicun's database.
type DB struct {
	*sqlx.DB
	url   string
	parts partitions
	stmts statements
}

// Options are the settings of the pool.
type Options struct {
	URL      string        // postgres://…
	MaxConns int           // 0 means 20
	Silence  time.Duration // a statement that the server does not answer for so long has failed; 0 means a minute, less: no limit
}

// connectTimeout is used where the address names none: lib/pq heeds no context
// while it waits for a server's first answer.
const connectTimeout = "10"

// withDefaults adds connect_timeout and application_name to an address in URL
// form that lacks them.
func withDefaults(address string) string {
	u, err := url.Parse(address)
	if err != nil || !strings.HasPrefix(u.Scheme, "postgres") {
		return address
	}
	q := u.Query()
	for name, value := range map[string]string{"connect_timeout": connectTimeout, "application_name": "huicun"} {
		if !q.Has(name) {
			q.Set(name, value)
		}
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// Open connects and answers once the database does.
func Open(ctx context.Context, o Options) (*DB, error) {
	o.URL = withDefaults(o.URL)
	if o.MaxConns == 0 {
		o.MaxConns = 20
	}
	if o.Silence == 0 {
		o.Silence = defaultSilence
	}
	x, err := openPool(o.URL, o.Silence, o.MaxConns)
	if err == nil {
		err = x.PingContext(ctx)
	}
	if err != nil {
		if x != nil {
			err = errors.Join(err, x.Close())
		}
		return nil, fmt.Errorf("connect to the database: %w", err)
	}
	return &DB{DB: x, url: o.URL}, nil
}

// NotUp reports whether err says that nobody answers at the database's address,
// or that the server there is starting or stopping (SQL states 57P01 to 57P03):
// what may be better in a moment.
func NotUp(err error) bool {
	if pe, ok := errors.AsType[*pq.Error](err); ok {
		return pe.Code == "57P01" || pe.Code == "57P02" || pe.Code == "57P03"
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return true
	}
	return errors.Is(err, io.EOF) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// URL is what the pool connects to, for listeners of their own.
func (db *DB) URL() string { return db.url }

// inTx runs f in one transaction, committed when f returns no error.
func inTx[T any](ctx context.Context, db *DB, f func(tx *sqlx.Tx) (T, error)) (T, error) {
	var zero T
	tx, err := db.BeginTxx(ctx, nil)
	if err != nil {
		return zero, wrap(ctx, "begin", err)
	}
	defer func() { _ = tx.Rollback() }() // after Commit this does nothing
	v, err := f(tx)
	if err != nil {
		return zero, err
	}
	if err := tx.Commit(); err != nil {
		return zero, wrap(ctx, "commit", err)
	}
	return v, nil
}

// wrap adds what was being done to err. A cancelled query, which lib/pq
// reports as 57014, becomes the context's error; broken constraints become
// conflicts.
func wrap(ctx context.Context, op string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", op, ctx.Err())
	}
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%s: %w", op, err)
	}
	var pe *pq.Error
	if errors.As(err, &pe) && pe.Code == "23505" {
		return fmt.Errorf("%s: %w", op, &fault.Error{Code: fault.CodeConflict, Message: "exists already", Field: pe.Constraint, Err: err})
	}
	return fmt.Errorf("%s: %w", op, err)
}

// noRows reports whether a query found nothing.
func noRows(err error) bool { return errors.Is(err, sql.ErrNoRows) }
