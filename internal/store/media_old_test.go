package store

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lib/pq"

	"huicun/internal/store/storetest"
)

// The batches of an old archive wait for their media item by the hundred
// thousand: rules and alerts find their work without reading past them.
func TestWorkIsFoundBesideManyOldBatches(t *testing.T) {
	t.Parallel()
	db, err := Open(t.Context(), Options{URL: storetest.New(t), MaxConns: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	db.MustExec(`INSERT INTO outbox (kind, args) SELECT 'media', '{}' FROM generate_series(1, 20000)`)
	db.MustExec(`ANALYZE outbox`)
	kinds := pq.Array([]string{"scan", "callback"})
	for text, args := range map[string][]any{sqlClaimItems: {"w", kinds, 4}, sqlNextItemIn: {kinds}} {
		if plan := db.plan(t, "EXPLAIN", text, args...); !strings.Contains(plan, "outbox_kind") || strings.Contains(plan, "Seq Scan") {
			t.Errorf("the index outbox_kind is not used:\n%s\n%s", text, plan)
		}
	}
}

// Newest first, and not all at once: what comes meanwhile takes its turn.
func TestOldBatchesAreLookedThroughBitByBit(t *testing.T) {
	t.Parallel()
	db, p := oldDB(t)
	if _, err := p.UpTo(t.Context(), 5); err != nil {
		t.Fatal(err)
	}
	db.MustExec(`INSERT INTO batches (id, kind, from_seq, first_seq, last_seq, received, added, quarantined, duplicates)
SELECT n, 'page', n, n, n, 1, CASE WHEN n % 10 = 0 THEN 0 ELSE 1 END, 0, 0 FROM generate_series(1, 250) n`)
	if err := Migrate(t.Context(), db.DB.DB); err != nil {
		t.Fatal(err)
	}
	got := db.lines(t, `SELECT concat(extract(epoch FROM scheduled_at - created_at)::integer, ' s: ', count(*), ' from ', (array_agg(args->>'batch_id' ORDER BY id))[1])
FROM outbox WHERE kind = 'media' GROUP BY scheduled_at - created_at ORDER BY scheduled_at - created_at`)
	if diff := cmp.Diff([]string{"0 s: 100 from 249", "1 s: 100 from 138", "2 s: 25 from 27"}, got); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
}

// Going back to the version before leaves what is held with its file.
func TestHeldContentSurvivesAStepBack(t *testing.T) {
	t.Parallel()
	db, p := oldDB(t)
	if err := Migrate(t.Context(), db.DB.DB); err != nil {
		t.Fatal(err)
	}
	db.MustExec(`INSERT INTO media_objects (sha256, size_bytes, md5, mime) VALUES ('\x01', 4, '', 'image/jpeg')`)
	db.MustExec(`INSERT INTO media (id, sdkfileid, kind, msgtime, state) VALUES
	('00000000-0000-0000-0000-000000000001', 'x', 'image', now(), 'pending'), ('00000000-0000-0000-0000-000000000002', 'y', 'image', now(), 'pending')`)
	db.MustExec(`INSERT INTO media_held (media_id, sha256, flag) VALUES ('00000000-0000-0000-0000-000000000001', '\x01', 'size')`)
	if _, err := p.DownTo(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	got := db.lines(t, `SELECT concat_ws(' ', sdkfileid, state, flag, encode(sha256, 'hex')) FROM media ORDER BY sdkfileid`)
	if diff := cmp.Diff([]string{"x ready size 01", "y pending "}, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}
