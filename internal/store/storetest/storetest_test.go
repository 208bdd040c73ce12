package storetest

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestNewHasTheSchemaAndNoRows(t *testing.T) {
	t.Parallel()
	db := NewDB(t)
	var version, tables int
	if err := db.GetContext(t.Context(), &version, `SELECT max(version_id) FROM goose_db_version`); err != nil {
		t.Fatal(err)
	}
	if version == 0 {
		t.Error("no migration has run")
	}
	if err := db.GetContext(t.Context(), &tables, `SELECT count(*) FROM pg_tables WHERE schemaname = 'public'`); err != nil {
		t.Fatal(err)
	}
	if tables < 2 {
		t.Errorf("found %d tables", tables)
	}
}

func TestNewEmptyHasNoTables(t *testing.T) {
	t.Parallel()
	db := open(t, NewEmpty(t))
	var tables int
	if err := db.QueryRowContext(t.Context(), `SELECT count(*) FROM pg_tables WHERE schemaname = 'public'`).Scan(&tables); err != nil {
		t.Fatal(err)
	}
	if tables != 0 {
		t.Errorf("found %d tables", tables)
	}
}

func TestDatabasesAreSeparate(t *testing.T) {
	t.Parallel()
	for range 8 {
		t.Run("one of many", func(t *testing.T) {
			t.Parallel()
			db := NewDB(t)
			if _, err := db.ExecContext(t.Context(), `CREATE TABLE only_here ()`); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestDatabaseIsDroppedWithTheTest(t *testing.T) {
	t.Parallel()
	var address string
	t.Run("user", func(t *testing.T) {
		address = New(t)
		if err := open(t, address).PingContext(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	err := open(t, address).PingContext(t.Context())
	if err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("after the test: %v, want that the database does not exist", err)
	}
}

func TestTemplateNameFollowsTheMigrations(t *testing.T) {
	t.Parallel()
	base := fstest.MapFS{"00001_a.sql": {Data: []byte("x")}, "00002_b.sql": {Data: []byte("y")}}
	for _, tt := range []struct {
		name  string
		files fstest.MapFS
		same  bool
	}{
		{"same files", fstest.MapFS{"00002_b.sql": {Data: []byte("y")}, "00001_a.sql": {Data: []byte("x")}}, true},
		{"changed body", fstest.MapFS{"00001_a.sql": {Data: []byte("x")}, "00002_b.sql": {Data: []byte("z")}}, false},
		{"changed name", fstest.MapFS{"00001_a.sql": {Data: []byte("x")}, "00003_b.sql": {Data: []byte("y")}}, false},
		{"one more", fstest.MapFS{"00001_a.sql": {Data: []byte("x")}, "00002_b.sql": {Data: []byte("y")}, "3.sql": {}}, false},
		{"border moved", fstest.MapFS{"00001_a.sql": {Data: []byte("x00002_b.sql")}, "00002_b.sql": {Data: []byte("")}}, false},
		{"other kind of file", fstest.MapFS{
			"00001_a.sql": {Data: []byte("x")}, "00002_b.sql": {Data: []byte("y")}, "embed.go": {Data: []byte("package x")},
		}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want, err := templateName(base)
			if err != nil {
				t.Fatal(err)
			}
			got, err := templateName(tt.files)
			if err != nil {
				t.Fatal(err)
			}
			if (got == want) != tt.same {
				t.Errorf("got %s for other files, %s for the first", got, want)
			}
		})
	}
}

const (
	migrationOne    = "-- +goose Up\nCREATE TABLE one ();\n"
	migrationTwo    = "-- +goose Up\nCREATE TABLE two ();\n"
	migrationBroken = "-- +goose Up\nCREATE TABLE (;\n"
)

// The server is one of this test's own: others must not lose their template.
func TestTemplateLifeCycle(t *testing.T) {
	t.Parallel()
	s := ownServer(t)
	for _, step := range []struct {
		name, body string
		wantErr    string
		want       []string // tables of a clone
	}{
		{"first", migrationOne, "", []string{"goose_db_version", "one"}},
		{"again", migrationOne, "", []string{"goose_db_version", "one"}},
		{"broken", migrationBroken, "syntax error", nil},
		{"changed", migrationTwo, "", []string{"goose_db_version", "two"}},
	} {
		name := newName()
		err := s.clone(t.Context(), fstest.MapFS{"00001_x.sql": {Data: []byte(step.body)}}, name)
		if step.wantErr != "" {
			if err == nil || !strings.Contains(err.Error(), step.wantErr) {
				t.Errorf("%s: clone = %v, want %q", step.name, err, step.wantErr)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if diff := cmp.Diff(step.want, tables(t, s.address(name))); diff != "" {
			t.Errorf("%s: tables (-want +got):\n%s", step.name, diff)
		}
	}
	names, err := s.list(t.Context(), `SELECT datname FROM pg_database WHERE datname LIKE 'huicun\_template\_%'`)
	if err != nil || len(names) != 1 {
		t.Errorf("templates left: %v, %v; want the newest only", names, err)
	}
}

func TestProcessesMakeOneTemplateTogether(t *testing.T) {
	t.Parallel()
	s := ownServer(t)
	files := fstest.MapFS{"00001_x.sql": {Data: []byte(migrationOne)}}
	failed := make(chan error, 8)
	for range cap(failed) {
		go func() {
			other, err := connect(t.Context(), s.base.String()) // as another process has its own pool
			if err == nil {
				defer other.admin.Close()
				err = other.clone(t.Context(), files, newName())
			}
			failed <- err
		}()
	}
	for range cap(failed) {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
}

func TestSweepDropsOnlyOldTestDatabases(t *testing.T) {
	t.Parallel()
	s := ownServer(t)
	fresh := newName()
	for _, name := range []string{fresh, "huicun_test_1000000000_1_1", "huicun_test_mine", "other"} {
		if _, err := s.admin.ExecContext(t.Context(), `CREATE DATABASE `+name); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := s.list(t.Context(), `SELECT datname FROM pg_database WHERE NOT datistemplate AND datname NOT IN ('postgres', 'huicun') ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{fresh, "huicun_test_mine", "other"}, got); diff != "" {
		t.Errorf("databases left (-want +got):\n%s", diff)
	}
}

func TestConnectRefusesWhatIsNoAddress(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"host=localhost user=x", "mysql://localhost/x", "://", ""} {
		if _, err := connect(t.Context(), address); err == nil || !strings.Contains(err.Error(), envURL) {
			t.Errorf("connect(%q) = %v, want an error that names %s", address, err, envURL)
		}
	}
}

func TestIdleServerEnds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := sharedAt(t, dir, time.Second, 100*time.Millisecond)
	second := sharedAt(t, dir, time.Second, 100*time.Millisecond)
	if first != second {
		t.Fatalf("two servers in one directory")
	}
	pidFile := filepath.Join(dir, "server", "pgdata", "postmaster.pid")
	if _, err := os.Stat(pidFile); err != nil {
		t.Fatalf("the server ended while in use: %v", err)
	}
	letGo(t, dir)
	if _, err := os.Stat(pidFile); !os.IsNotExist(err) {
		t.Fatalf("the idle server lives on: %v", err)
	}
}

// ownServer is a server for one test, which the watchdog ends soon after.
func ownServer(t *testing.T) *server {
	t.Helper()
	dir := t.TempDir()
	s, err := connect(t.Context(), sharedAt(t, dir, 0, 100*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.admin.Close()
		letGo(t, dir)
	})
	return s
}

// letGo ends the use of a server, as the end of this process would, and waits
// for the server's end, so that its directory can be removed.
func letGo(t *testing.T, dir string) {
	t.Helper()
	inUse.Lock()
	for _, f := range inUse.locks[dir] {
		f.Close()
	}
	delete(inUse.locks, dir)
	inUse.Unlock()
	watchdogDone, err := lockFile(filepath.Join(dir, "watchdog.lock"), syscall.LOCK_EX)
	if err != nil {
		t.Fatal(err)
	}
	watchdogDone.Close()
}

func sharedAt(t *testing.T, dir string, idle, interval time.Duration) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	address, err := sharedServer(ctx, dir, idle, interval)
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func open(t *testing.T, address string) *sql.DB {
	t.Helper()
	db, err := sql.Open("postgres", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func tables(t *testing.T, address string) []string {
	t.Helper()
	s, err := connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer s.admin.Close()
	names, err := s.list(t.Context(), `SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		New(b)
	}
}
