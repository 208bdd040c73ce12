// Package storetest gives each test a Postgres database of its own: a copy of
// a template that has the current schema, made in some tens of milliseconds.
//
// The server is the one of HUICUN_TEST_DATABASE_URL (a role that may create
// databases), or else a private one that all test processes of this clone
// share. It lives in .cache/testdb, is started by the first that needs it and
// ends by itself when nobody has used it for a while.
//
// The package does not import huicun/internal/store, so that store's own
// tests can use it, in whichever package they are.
package storetest

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"huicun/migrations"
)

const (
	envURL = "HUICUN_TEST_DATABASE_URL"

	setupTimeout   = 3 * time.Minute // the first test of a machine makes a cluster
	cleanupTimeout = time.Minute

	hint = "the tests need Postgres: run 'make setup', which installs the postgresql package, " +
		"or set " + envURL + " to a server whose role may create databases"
)

// server is where test databases are made.
type server struct {
	base  url.URL // of any database of it
	admin *sql.DB // on that database
}

// shared is the server of this process, found on first use.
var shared = sync.OnceValues(func() (*server, error) {
	ctx, cancel := context.WithTimeout(context.Background(), setupTimeout)
	defer cancel()
	address := os.Getenv(envURL)
	if address == "" {
		var err error
		if address, err = privateServer(ctx); err != nil {
			return nil, err
		}
	}
	s, err := connect(ctx, address)
	if err != nil {
		return nil, err
	}
	return s, s.sweep(ctx)
})

// connect opens the server at an address in URL form.
func connect(ctx context.Context, address string) (*server, error) {
	base, err := url.Parse(address)
	if err != nil || (base.Scheme != "postgres" && base.Scheme != "postgresql") {
		return nil, fmt.Errorf("%s is not an address like postgres://user@host/database", envURL)
	}
	admin, err := sql.Open("postgres", address)
	if err != nil {
		return nil, err
	}
	admin.SetMaxOpenConns(4)
	if err := admin.PingContext(ctx); err != nil {
		admin.Close()
		return nil, err
	}
	return &server{base: *base, admin: admin}, nil
}

func (s *server) address(database string) string {
	u := s.base
	u.Path = "/" + database
	return u.String()
}

// New gives the address of a new database with the current schema and no rows.
// It is dropped when the test and its subtests are over. Tests that use it may
// run in parallel.
func New(t testing.TB) string {
	t.Helper()
	return provide(t, func(ctx context.Context, s *server, name string) error {
		return s.clone(ctx, migrations.FS, name)
	})
}

// NewDB is New with a pool opened on the database, closed with the test.
func NewDB(t testing.TB) *sqlx.DB {
	t.Helper()
	db, err := sqlx.Open("postgres", New(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// NewEmpty gives the address of a new database without any schema.
func NewEmpty(t testing.TB) string {
	t.Helper()
	return provide(t, func(ctx context.Context, s *server, name string) error {
		_, err := s.admin.ExecContext(ctx, `CREATE DATABASE `+pq.QuoteIdentifier(name)+` TEMPLATE template0`)
		return err
	})
}

// provide makes a database with create and drops it with the test.
func provide(t testing.TB, create func(context.Context, *server, string) error) string {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatalf("no test database: %v\n%s", err, hint)
	}
	ctx, cancel := context.WithTimeout(t.Context(), setupTimeout)
	defer cancel()
	name := newName()
	if err := create(ctx, s, name); err != nil {
		t.Fatalf("make a test database: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), cleanupTimeout)
		defer cancel()
		if err := s.drop(ctx, name); err != nil {
			t.Errorf("drop the test database: %v", err)
		}
	})
	return s.address(name)
}

// drop cuts off whoever is still connected.
func (s *server) drop(ctx context.Context, name string) error {
	_, err := s.admin.ExecContext(ctx, `DROP DATABASE IF EXISTS `+pq.QuoteIdentifier(name)+` WITH (FORCE)`)
	return err
}

const (
	testPrefix = "huicun_test_"
	abandoned  = 6 * time.Hour // age at which a test database belongs to no running test
)

var counter atomic.Int64

// newName is unique across processes, and tells the time, for sweep.
func newName() string {
	return fmt.Sprintf("%s%d_%d_%d", testPrefix, time.Now().Unix(), os.Getpid(), counter.Add(1))
}

// madeAt reads the time from a name that newName made.
func madeAt(name string) (time.Time, bool) {
	var at, pid, n int64
	if _, err := fmt.Sscanf(name, testPrefix+"%d_%d_%d", &at, &pid, &n); err != nil {
		return time.Time{}, false
	}
	return time.Unix(at, 0), true
}

const sqlListTests = `SELECT datname FROM pg_database WHERE datname LIKE 'huicun\_test\_%'`

// sweep drops what killed tests left behind long ago.
func (s *server) sweep(ctx context.Context) error {
	names, err := s.list(ctx, sqlListTests)
	if err != nil {
		return err
	}
	for _, name := range names {
		if at, ok := madeAt(name); ok && time.Since(at) > abandoned {
			if err := s.drop(ctx, name); err != nil {
				return fmt.Errorf("drop an abandoned test database: %w", err)
			}
		}
	}
	return nil
}

func (s *server) list(ctx context.Context, query string, args ...any) ([]string, error) {
	rows, err := s.admin.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}
