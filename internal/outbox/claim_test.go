package outbox_test

import (
	"context"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"huicun/internal/outbox"
	"huicun/internal/store"
	"huicun/internal/store/storetest"
)

// Whatever the plan of the database is, no more items are claimed than are asked
// for: this one runs a subquery again for each row.
func TestClaimsNoMoreThanAskedFor(t *testing.T) {
	t.Parallel()
	u, err := url.Parse(storetest.New(t))
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("options", "-c enable_hashjoin=off -c enable_mergejoin=off -c enable_hashagg=off -c enable_sort=off -c enable_material=off")
	u.RawQuery = q.Encode()
	db, err := store.Open(t.Context(), store.Options{URL: u.String(), MaxConns: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	harness{db, t, nil}.add("a", 20)
	for left := 20; left > 0; left -= 4 {
		items, err := db.ClaimItems(t.Context(), "w", []string{"a"}, 4)
		if err != nil || len(items) != 4 {
			t.Fatalf("%d items claimed of %d, %v; want 4", len(items), left, err)
		}
	}
}

// generous gives more items than it is asked for.
type generous struct {
	outbox.Store
	left atomic.Int64
}

func (g *generous) ClaimItems(_ context.Context, _ string, kinds []string, n int) ([]outbox.Item, error) {
	items := make([]outbox.Item, min(g.left.Load(), int64(n)+3))
	for i := range items {
		items[i] = outbox.Item{ID: g.left.Add(-1), Kind: kinds[0], Attempt: 1, MaxAttempts: 3}
	}
	return items, nil
}

func (g *generous) FinishItem(context.Context, outbox.Item, outbox.Outcome) error { return nil }

// A store that gives too much does not bring the work to a stop.
func TestMoreItemsThanSlots(t *testing.T) {
	t.Parallel()
	const all = 40
	g := &generous{Store: newHarness(t)}
	g.left.Store(all)
	var ran atomic.Int64
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	r := &outbox.Runner{Store: g, Worker: "w", Workers: 2, Handlers: map[string]outbox.Handler{"a": func(context.Context, outbox.Item) error {
		if ran.Add(1) == all {
			cancel()
		}
		return nil
	}}}
	if err := r.Run(ctx); err != nil || ran.Load() != all {
		t.Errorf("%d of %d items were run, %v", ran.Load(), all, err)
	}
}
