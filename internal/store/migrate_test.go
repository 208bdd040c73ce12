package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/lib/pq"
	"github.com/pressly/goose/v3"

	"huicun/internal/search"
	"huicun/internal/store/storetest"
)

// oldDB is a database with the first schema, and rows in it.
func oldDB(t *testing.T) (*DB, *goose.Provider) {
	t.Helper()
	db, err := Open(t.Context(), Options{URL: storetest.NewEmpty(t), MaxConns: 6})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	p, err := provider(db.DB.DB)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	db.MustExec(`
INSERT INTO viewers (person, userid, role) VALUES ('boss', 'Boss', 'admin'), ('mei', 'Mei', 'viewer');
INSERT INTO violations (dedupe_key, kind, severity, occurred_at) VALUES ('a', 'word', 'high', now()), ('b', 'word', 'low', now());
INSERT INTO alerts (violation_id, viewer_id, userid) SELECT n.id, w.id, w.userid FROM violations n, viewers w;
INSERT INTO outbox (kind, args, state) VALUES ('push', '{}', 'discarded'), ('push', '{}', 'discarded')`)
	return db, p
}

// lines reads one column of text.
func (db *DB) lines(t *testing.T, query string) []string {
	t.Helper()
	got := []string{}
	if err := db.SelectContext(t.Context(), &got, query); err != nil {
		t.Fatal(err)
	}
	return got
}

// schema is what the catalogs say of tables, constraints and indexes.
func (db *DB) schema(t *testing.T) []string {
	t.Helper()
	return db.lines(t, `
SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default)
FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid))
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT concat_ws(' ', indexdef) FROM pg_indexes WHERE schemaname = 'public'
ORDER BY 1`)
}

// unfinished are the indexes and constraints that do not hold.
const sqlTestUnfinished = `
SELECT CAST(indexrelid::regclass AS text) FROM pg_index WHERE NOT indisvalid
UNION ALL SELECT CAST(conname AS text) FROM pg_constraint WHERE NOT convalidated`

func TestMigrateWithRowsUpAndDown(t *testing.T) {
	t.Parallel()
	db, p := oldDB(t)
	first := db.schema(t)
	if err := Migrate(t.Context(), db.DB.DB); err != nil {
		t.Fatal(err)
	}
	newest := db.schema(t)
	if got := db.lines(t, sqlTestUnfinished); len(got) != 0 {
		t.Errorf("after Migrate %v do not hold", got)
	}
	const sqlAlerts = `SELECT concat_ws('|', violation_id, userid) FROM alerts ORDER BY 1`
	old := []string{"1|Boss", "1|Mei", "2|Boss", "2|Mei"}
	if diff := cmp.Diff(old, db.lines(t, sqlAlerts)); diff != "" {
		t.Errorf("alerts (-want +got):\n%s", diff)
	}
	db.MustExec(`
INSERT INTO alarms (subject, cause, since, step) VALUES ('pull', 'network', now(), 1);
INSERT INTO alerts (alarm_id, step, viewer_id, userid) VALUES (1, 1, 1, 'Boss')`)
	for query, want := range map[string]string{
		`INSERT INTO alerts (alarm_id, step, viewer_id, userid) VALUES (1, 1, 1, 'Boss')`:  "alerts_alarm_once",
		`INSERT INTO alerts (violation_id, viewer_id, userid) VALUES (1, 1, 'Boss')`:       "alerts_once",
		`INSERT INTO alerts (viewer_id, userid) VALUES (1, 'Boss')`:                        "alerts_about",
		`INSERT INTO alerts (violation_id, alarm_id, viewer_id, userid) VALUES (1,1,2,'')`: "alerts_about",
	} {
		_, err := db.Exec(query)
		if pe, ok := errors.AsType[*pq.Error](err); !ok || pe.Constraint != want {
			t.Errorf("%s: %v, want %s", query, err, want)
		}
	}
	if _, err := p.DownTo(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, db.schema(t)); diff != "" {
		t.Errorf("schema after down (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(old, db.lines(t, sqlAlerts)); diff != "" {
		t.Errorf("alerts after down (-want +got):\n%s", diff)
	}
	if err := Migrate(t.Context(), db.DB.DB); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(newest, db.schema(t)); diff != "" {
		t.Errorf("schema after down and up (-want +got):\n%s", diff)
	}
}

// A run that is cut while it builds an index leaves it there, invalid; so does
// one that finds doubles.
func TestMigrateBuildsUnfinishedIndexesAgain(t *testing.T) {
	t.Parallel()
	db, p := oldDB(t)
	if _, err := p.UpTo(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	db.MustExec(`ALTER TABLE alerts DROP CONSTRAINT alerts_once`)
	db.MustExec(`INSERT INTO alerts (violation_id, viewer_id, userid) VALUES (1, 1, 'Boss')`)
	for _, query := range []string{
		`CREATE UNIQUE INDEX CONCURRENTLY outbox_discarded ON outbox (kind)`,
		`CREATE UNIQUE INDEX CONCURRENTLY alerts_alarm_once ON alerts (violation_id, viewer_id)`,
	} {
		if _, err := db.Exec(query); err == nil {
			t.Fatalf("%s: done, want doubles to stop it", query)
		}
	}
	if got := db.lines(t, sqlTestUnfinished+` AND conname <> 'alerts_about' ORDER BY 1`); len(got) != 2 {
		t.Fatalf("unfinished are %v, want two", got)
	}
	if err := Migrate(t.Context(), db.DB.DB); err != nil {
		t.Fatal(err)
	}
	if got := db.lines(t, sqlTestUnfinished); len(got) != 0 {
		t.Errorf("after Migrate %v do not hold", got)
	}
	want := []string{
		`CREATE INDEX outbox_discarded ON public.outbox USING btree (kind) WHERE (state = 'discarded'::text)`,
		`CREATE UNIQUE INDEX alerts_alarm_once ON public.alerts USING btree (alarm_id, step, viewer_id) WHERE (alarm_id IS NOT NULL)`,
	}
	got := db.lines(t, `SELECT indexdef FROM pg_indexes WHERE indexname IN ('outbox_discarded', 'alerts_alarm_once') ORDER BY 1`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("indexes (-want +got):\n%s", diff)
	}
}

// While work holds a table that has to change, a migration gives up soon and
// leaves nothing; then it is done.
func TestMigrationQueuesNobodyForLong(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		table   string
		version int64 // that has to change it
	}{{"alerts", 2}, {"pull_state", 5}, {"pull_state", 6}, {"alarms", 6}} {
		t.Run(fmt.Sprintf("%s %d", tt.table, tt.version), func(t *testing.T) {
			t.Parallel()
			db, p := oldDB(t)
			if _, err := p.UpTo(t.Context(), tt.version-1); err != nil {
				t.Fatal(err)
			}
			before := db.schema(t)
			tx, err := db.BeginTxx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = tx.Rollback() }()
			if _, err := tx.Exec(`LOCK TABLE ` + tt.table + ` IN ACCESS SHARE MODE`); err != nil {
				t.Fatal(err)
			}
			_, err = p.Up(t.Context())
			if pe, ok := errors.AsType[*pq.Error](err); !ok || pe.Code != stateLockTimeout {
				t.Fatalf("Up beside a transaction: %v, want %s", err, stateLockTimeout)
			}
			if diff := cmp.Diff(before, db.schema(t)); diff != "" {
				t.Errorf("a migration that gave up changed (-want +got):\n%s", diff)
			}
			if err := tx.Rollback(); err != nil {
				t.Fatal(err)
			}
			if err := Migrate(t.Context(), db.DB.DB); err != nil {
				t.Errorf("Migrate after it: %v", err)
			}
		})
	}
}

func TestRetryLocked(t *testing.T) {
	locked := fmt.Errorf("goose: %w", &pq.Error{Code: stateLockTimeout, Message: "canceling statement due to lock timeout"})
	broken := errors.New("broken")
	for _, tt := range []struct {
		name    string
		answers []error // the last one again and again
		calls   int
		want    string // part of the error; "": none
	}{
		{"at once", []error{nil}, 1, ""},
		{"after a while", []error{locked, locked, nil}, 3, ""},
		{"another failure", []error{locked, broken}, 2, "migrate: broken"},
		{"never", []error{locked}, lockTries, "a long transaction or a backup"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				err := retryLocked(t.Context(), func() error {
					calls++
					return tt.answers[min(calls, len(tt.answers))-1]
				})
				if calls != tt.calls || (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
					t.Errorf("%d calls, %v; want %d, %q", calls, err, tt.calls, tt.want)
				}
			})
		})
	}
}

func TestRetryLockedEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	err := retryLocked(ctx, func() error {
		cancel()
		return &pq.Error{Code: stateLockTimeout}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("retryLocked: %v, want %v", err, context.Canceled)
	}
}

// Names that have keys are read again as names are.
func TestNamesAreReadAgain(t *testing.T) {
	t.Parallel()
	db, p := oldDB(t)
	if _, err := p.UpTo(t.Context(), 20); err != nil {
		t.Fatal(err)
	}
	db.MustExec(`
INSERT INTO employees (person, userid, name) VALUES ('qin', 'Qin', '秦姐');
DELETE FROM name_changes;
DELETE FROM outbox WHERE kind = 'names';
INSERT INTO name_keys (kind, inside, key, form, source, owner, name) VALUES (1, false, 'qinju', 1, 0, 'qin', '秦姐')`)
	if _, err := p.UpTo(t.Context(), 21); err != nil {
		t.Fatal(err)
	}
	if n := db.lines(t, `SELECT kind FROM outbox WHERE kind = 'names' AND state = 'available'`); len(n) != 1 {
		t.Errorf("%d items are to make keys, want 1", len(n))
	}
	if n, err := db.SaveNameKeys(t.Context(), 10, search.NameKeys); n != 1 || err != nil {
		t.Fatalf("keys of %d names were made, %v; want 1", n, err)
	}
	want := []string{"jie", "qinjie", "qj", "姐", "秦姐"}
	if diff := cmp.Diff(want, db.lines(t, `SELECT key FROM name_keys WHERE owner = 'qin' AND name = '秦姐' ORDER BY key COLLATE "C"`)); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}
