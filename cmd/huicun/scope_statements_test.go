package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"huicun/internal/store"
)

// statementLog is what one request asked of the database, in order. It travels
// in the context, so that requests at the same time do not mix.
type statementLog struct {
	mu   sync.Mutex
	list []string
}

type statementKey struct{}

func (l *statementLog) in(ctx context.Context) context.Context {
	return context.WithValue(ctx, statementKey{}, l)
}

func noteStatement(ctx context.Context, text string) {
	l, ok := ctx.Value(statementKey{}).(*statementLog)
	if !ok {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, strings.Join(strings.Fields(text), " "))
}

// traceStatements replaces the pool of db by one that notes statements.
func traceStatements(t *testing.T, db *store.DB, conns int) {
	t.Helper()
	connector, err := pq.NewConnector(db.URL())
	if err != nil {
		t.Fatal(err)
	}
	pool := sql.OpenDB(tracingConnector{connector})
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	former := db.DB
	db.DB = sqlx.NewDb(pool, "postgres")
	if err := former.Close(); err != nil {
		t.Fatal(err)
	}
}

type tracingConnector struct{ driver.Connector }

func (c tracingConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	whole, ok := conn.(pqConn)
	if !ok {
		return nil, fmt.Errorf("a connection of type %T cannot be traced", conn)
	}
	return tracingConn{whole}, nil
}

// pqConn is what lib/pq's connections can do.
type pqConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.NamedValueChecker
	driver.Pinger
	driver.QueryerContext
	driver.SessionResetter
	driver.Validator
}

type tracingConn struct{ pqConn }

func (c tracingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	noteStatement(ctx, query)
	return c.pqConn.QueryContext(ctx, query, args)
}

func (c tracingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	noteStatement(ctx, query)
	return c.pqConn.ExecContext(ctx, query, args)
}

// PrepareContext notes nothing: whether a statement is prepared already depends
// on who asked before.
func (c tracingConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	st, err := c.pqConn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	whole, ok := st.(pqStmt)
	if !ok {
		return nil, fmt.Errorf("a statement of type %T cannot be traced", st)
	}
	return tracingStmt{whole, query}, nil
}

func (c tracingConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	noteStatement(ctx, "BEGIN")
	tx, err := c.pqConn.BeginTx(ctx, opts)
	return tracingTx{tx, func(text string) { noteStatement(ctx, text) }}, err
}

type tracingTx struct {
	driver.Tx
	note func(string)
}

func (tx tracingTx) Commit() error {
	tx.note("COMMIT")
	return tx.Tx.Commit()
}

func (tx tracingTx) Rollback() error {
	tx.note("ROLLBACK")
	return tx.Tx.Rollback()
}

type pqStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

type tracingStmt struct {
	pqStmt
	text string
}

func (s tracingStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	noteStatement(ctx, s.text)
	return s.pqStmt.QueryContext(ctx, args)
}

func (s tracingStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	noteStatement(ctx, s.text)
	return s.pqStmt.ExecContext(ctx, args)
}
