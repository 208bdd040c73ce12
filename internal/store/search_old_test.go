package store

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Messages with a link that were indexed without its address are indexed again.
func TestOldLinksAreIndexedAgain(t *testing.T) {
	t.Parallel()
	db, p := oldDB(t)
	if _, err := p.UpTo(t.Context(), 22); err != nil {
		t.Fatal(err)
	}
	db.MustExec(`INSERT INTO message_media (message_id, pos, conv_id, msgtime, seq, tab, kind)
SELECT CAST('00000000-0000-0000-0000-00000000000' || n AS uuid), pos, 1, now(), n, CASE WHEN n = 2 THEN 'file' ELSE 'link' END, 'link'
FROM generate_series(1, 3) n, generate_series(0, 1) pos`)
	if err := Migrate(t.Context(), db.DB.DB); err != nil {
		t.Fatal(err)
	}
	got := db.lines(t, `SELECT jsonb_array_elements_text(args->'message_ids') FROM outbox WHERE kind = 'index' ORDER BY 1`)
	if diff := cmp.Diff([]string{"00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000003"}, got); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

// What is stored already is indexed newest first, and not all at once: what
// comes meanwhile takes its turn.
func TestOldBatchesAreIndexedBitByBit(t *testing.T) {
	t.Parallel()
	db, p := oldDB(t)
	if _, err := p.UpTo(t.Context(), 8); err != nil {
		t.Fatal(err)
	}
	db.MustExec(`INSERT INTO batches (id, kind, from_seq, first_seq, last_seq, received, added, quarantined, duplicates)
SELECT n, 'page', n, n, n, 1, CASE WHEN n % 10 = 0 THEN 0 ELSE 1 END, 0, 0 FROM generate_series(1, 250) n`)
	if err := Migrate(t.Context(), db.DB.DB); err != nil {
		t.Fatal(err)
	}
	got := db.lines(t, `SELECT concat(extract(epoch FROM scheduled_at - created_at)::integer, ' s: ', count(*), ' from ', (array_agg(args->>'batch_id' ORDER BY id))[1])
FROM outbox WHERE kind = 'index' GROUP BY scheduled_at - created_at ORDER BY scheduled_at - created_at`)
	if diff := cmp.Diff([]string{"0 s: 100 from 249", "1 s: 100 from 138", "2 s: 25 from 27"}, got); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
	if got := db.lines(t, `SELECT index_batch_id::text FROM pull_state`); got[0] != "250" {
		t.Errorf("batches up to %s have their item, want 250", got[0])
	}
}
