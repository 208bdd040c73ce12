package store

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lib/pq"

	"huicun/internal/search"
)

// Messages with a link that were indexed without its address are indexed again,
// newest first, and not all at once.
func TestOldLinksAreIndexedAgain(t *testing.T) {
	t.Parallel()
	db, p := oldDB(t)
	if _, err := p.UpTo(t.Context(), 22); err != nil {
		t.Fatal(err)
	}
	db.MustExec(`CREATE TABLE search_messages_all PARTITION OF search_messages DEFAULT`)
	grams := func(f search.Flags) pq.Int32Array { return DocumentGrams(search.Document{MsgType: "link", Flags: f}) }
	db.MustExec(`INSERT INTO search_messages (id, msgtime, seq, conv_id, from_id, msgtype, flags, body, grams, change)
SELECT CAST('00000000-0000-0000-0000-' || lpad(CAST(n AS text), 12, '0') AS uuid), now(), n, 1, 'lin', 'link', 0, 'x', CASE WHEN n % 2 = 0 THEN $1::integer[] ELSE $2 END, n
FROM generate_series(1, 6000) n`, grams(search.HasLink|search.HasFile), grams(search.HasFile|search.HasQR))
	if err := Migrate(t.Context(), db.DB.DB); err != nil {
		t.Fatal(err)
	}
	got := db.lines(t, `SELECT concat(extract(epoch FROM scheduled_at - created_at)::integer, ' s: ', sum(jsonb_array_length(args->'message_ids')), ' to ', max(right(args->'message_ids'->>0, 4)))
FROM outbox WHERE kind = 'index' GROUP BY scheduled_at - created_at ORDER BY scheduled_at - created_at`)
	if diff := cmp.Diff([]string{"0 s: 2000 to 6000", "1 s: 1000 to 2000"}, got); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
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
