package bench

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
)

// copyIn is a COPY that is running, in a transaction of its own.
type copyIn struct {
	tx *sqlx.Tx
	st *sql.Stmt
}

// rowFunc adds one row to a COPY.
type rowFunc = func(values ...any) error

func copyInto(table string, columns ...string) string {
	return "COPY " + table + " (" + strings.Join(columns, ", ") + ") FROM STDIN"
}

// startCopy begins a COPY after the statements given.
func startCopy(ctx context.Context, db *sqlx.DB, copyText string, before ...string) (*copyIn, error) {
	tx, err := db.BeginTxx(ctx, nil)
	if err != nil {
		return nil, err
	}
	c := &copyIn{tx: tx}
	for _, q := range append([]string{`SET LOCAL synchronous_commit = off`}, before...) {
		if _, err := tx.ExecContext(ctx, q); err != nil {
			c.abort()
			return nil, err
		}
	}
	if c.st, err = tx.PrepareContext(ctx, copyText); err != nil {
		c.abort()
		return nil, err
	}
	return c, nil
}

// row adds a row; the driver sends them in large pieces.
func (c *copyIn) row(values ...any) error {
	_, err := c.st.Exec(values...) //nolint:noctx // the transaction has the context; a look at it for each of ten million rows costs
	return err
}

func (c *copyIn) commit() error {
	if _, err := c.st.Exec(); err != nil { //nolint:noctx // see row
		c.abort()
		return err
	}
	if err := c.st.Close(); err != nil {
		c.abort()
		return err
	}
	return c.tx.Commit()
}

// abort gives up what was not committed.
func (c *copyIn) abort() { _ = c.tx.Rollback() }

// copyRows fills a table.
func copyRows(ctx context.Context, db *sqlx.DB, table string, columns []string, fill func(row rowFunc) error) error {
	c, err := startCopy(ctx, db, copyInto(table, columns...))
	if err != nil {
		return err
	}
	if err := fill(c.row); err != nil {
		c.abort()
		return fmt.Errorf("copy into %s: %w", table, err)
	}
	if err := c.commit(); err != nil {
		return fmt.Errorf("copy into %s: %w", table, err)
	}
	return nil
}

// monthCopy fills a partition that is not attached yet: rows come frozen, so that
// nothing has to be vacuumed, and without indexes.
type monthCopy struct {
	*copyIn
	table    string // messages or search_messages
	name     string
	from, to time.Time
}

func startMonth(ctx context.Context, db *sqlx.DB, table string, columns []string, at time.Time) (*monthCopy, error) {
	at = at.UTC()
	from := time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, time.UTC)
	m := &monthCopy{table: table, name: table + from.Format("_200601"), from: from, to: from.AddDate(0, 1, 0)}
	var err error
	m.copyIn, err = startCopy(ctx, db, copyInto(m.name, columns...)+" WITH (FREEZE)",
		fmt.Sprintf(`CREATE TABLE %s (LIKE %s INCLUDING DEFAULTS)`, m.name, table))
	return m, err
}

func (m *monthCopy) holds(t time.Time) bool { return !t.Before(m.from) && t.Before(m.to) }

// attach makes the month part of its table, as EnsurePartitions does; this builds
// its indexes.
func (m *monthCopy) attach(ctx context.Context, db *sqlx.DB) error {
	tx, err := db.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after Commit this does nothing
	for _, q := range []string{
		`SET LOCAL maintenance_work_mem = '512MB'`,
		fmt.Sprintf(`ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM ('%s 00:00:00+00') TO ('%s 00:00:00+00')`,
			m.table, m.name, m.from.Format(time.DateOnly), m.to.Format(time.DateOnly)),
	} {
		if _, err := tx.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("attach %s: %w", m.name, err)
		}
	}
	return tx.Commit()
}
