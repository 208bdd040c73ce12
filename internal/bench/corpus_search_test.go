package bench

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/ingest/chatdata"
	"huicun/internal/outbox"
	"huicun/internal/search"
	"huicun/internal/store"
	"huicun/internal/store/storetest"
)

// indexAll does the items that wait, as huicun does.
func indexAll(t *testing.T, db *store.DB) {
	t.Helper()
	x := &search.Indexer{Store: db, Decode: chatdata.Content}
	for {
		items, err := db.ClaimItems(t.Context(), "test", []string{search.KindIndex}, 50)
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range items {
			if err := x.Handle(t.Context(), item); err != nil {
				t.Fatal(err)
			}
			if err := db.FinishItem(t.Context(), item, outbox.Outcome{State: outbox.StateCompleted, Count: true}); err != nil {
				t.Fatal(err)
			}
		}
		if len(items) == 0 {
			return
		}
	}
}

// Documents that were loaded by COPY are those that the indexer makes.
func TestLoadedDocumentsEqualIndexedOnes(t *testing.T) {
	t.Parallel()
	c := smallCorpus(6500)
	const columns = `msgtime, seq, id, conv_id, from_id, msgtype, flags, body, exact, grams, tableoid::regclass::text AS part FROM search_messages`
	compared := map[string]string{
		"documents": `SELECT ` + columns + ` ORDER BY seq`,
		"state":     `SELECT indexed, change >= indexed AS counted, change >= (SELECT max(m.change) FROM search_messages m) AS numbered FROM search_state`,
		"indexes": `SELECT tablename, regexp_replace(indexdef, 'INDEX \S+', '') AS def FROM pg_indexes WHERE tablename LIKE 'search_messages%'
			ORDER BY tablename, regexp_replace(indexdef, 'INDEX \S+', '')`,
		"flagged": `SELECT flags & 24 AS flags, count(*) > 0 AS any FROM search_messages WHERE flags & 24 <> 0 GROUP BY 1 ORDER BY 1`,
	}
	want := map[string][]string{}
	for _, leave := range []int{0, 3, 7} {
		x := storetest.NewDB(t)
		db := openStore(t, x)
		got, err := c.load(t.Context(), x, loadOptions{progress: func(int) {}, search: true, leave: leave})
		if err != nil || got.batches != 7 {
			t.Fatalf("%d batches, %v", got.batches, err)
		}
		if leave > 0 {
			if err := indexBatches(t.Context(), db, got.batches-int64(leave)+1, got.batches); err != nil {
				t.Fatal(err)
			}
		}
		indexAll(t, db)
		for what, q := range compared {
			if leave == 0 {
				want[what] = rows(t, x, q)
			} else if diff := cmp.Diff(want[what], rows(t, x, q)); diff != "" {
				t.Errorf("%s, %d batches left to the indexer (-loaded +indexed):\n%.2000s", what, leave, diff)
			}
		}
	}
	if len(want["flagged"]) != 2 || len(want["documents"]) != 6500 {
		t.Errorf("%d documents; revoked and sensitive: %v", len(want["documents"]), want["flagged"])
	}
}
