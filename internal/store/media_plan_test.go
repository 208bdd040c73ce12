package store

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/store/storetest"
)

// plan explains a statement without running it, or (analyze) running it.
func (db *DB) plan(t *testing.T, explain, text string, args ...any) string {
	t.Helper()
	tx, err := db.BeginTxx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	var lines []string
	if err := tx.SelectContext(t.Context(), &lines, explain+" "+text, args...); err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

// Beside many files that wait and many that are there, a claim and a page read a
// handful of rows, from their indexes. HUICUN_TEST_MEDIA sets how many files.
func TestMediaIsFoundByIndex(t *testing.T) {
	t.Parallel()
	db, err := Open(t.Context(), Options{URL: storetest.New(t), MaxConns: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	n := 20_000
	if s := os.Getenv("HUICUN_TEST_MEDIA"); s != "" {
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	db.MustExec(`INSERT INTO media (id, sdkfileid, kind, msgtime, state, sha256, waits, due_at, error_class, failing_since)
SELECT gen_random_uuid(), 'f' || n, 'image', now() - n * interval '1 second', CASE WHEN n % 11 = 0 THEN 'ready' ELSE 'pending' END,
	CASE WHEN n % 11 = 0 THEN sha256(n::text::bytea) END, n % 2 = 1, now() + interval '1 hour', CASE WHEN n % 5 = 1 THEN 'retry' ELSE '' END, now()
FROM generate_series(1, $1::integer) n`, n)
	db.MustExec(`INSERT INTO message_media (message_id, pos, conv_id, msgtime, seq, tab, kind)
SELECT gen_random_uuid(), 0, n % 5, now() - n * interval '1 second', n, 'visual', 'image' FROM generate_series(1, $1::integer) n`, n/2)
	db.MustExec(`INSERT INTO media_objects (sha256, size_bytes, md5, mime, work, work_due_at)
SELECT sha256(n::text::bytea), n, '', 'image/jpeg', CASE WHEN n % 2 = 0 THEN 'done' ELSE 'pending' END, now() + interval '1 hour' FROM generate_series(1, $1::integer) n`, n/2)
	db.MustExec(`ANALYZE media_objects`)
	db.MustExec(`ANALYZE media`)
	db.MustExec(`ANALYZE message_media`)
	urgent := time.Now().Add(-time.Hour)
	var q query
	for _, tt := range []struct {
		index, text string
		args        []any
	}{
		{"media_waits", sqlPutBackMedia, nil},
		{"media_due", sqlClaimUrgent, []any{"w", 1000, urgent}},
		{"media_due", sqlClaimNewest, []any{"w", 1000}},
		{"media_due", sqlNextMedia, nil},
		{"media_objects_due", sqlClaimObject, []any{1000}},
		{"media_objects_due", sqlNextObject, nil},
		{"message_media_conv", q.mediaPlaces(access.System()), []any{1, archive.TabVisual, urgent, n / 4, "ffffffff-ffff-ffff-ffff-ffffffffffff", 0, 100}},
	} {
		plan := db.plan(t, "EXPLAIN", tt.text, tt.args...)
		if !strings.Contains(plan, tt.index) || strings.Contains(plan, "Seq Scan") || strings.Contains(plan, "Sort") {
			t.Errorf("the index %s is not used:\n%s\n%s", tt.index, tt.text, plan)
		}
		if testing.Verbose() {
			t.Log(db.plan(t, "EXPLAIN (ANALYZE, BUFFERS)", tt.text, tt.args...))
		}
	}
}
