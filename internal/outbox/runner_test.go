package outbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/outbox"
	"huicun/internal/store"
	"huicun/internal/store/storetest"
)

type row struct {
	State   string `db:"state"`
	Attempt int    `db:"attempt"`
	Errors  int    `db:"errors"`
}

type harness struct {
	*store.DB
	t    *testing.T
	wake chan struct{}
}

func newHarness(t *testing.T) harness {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: storetest.New(t), MaxConns: 8})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.Exec(`DELETE FROM outbox`); err != nil { // what the migrations left to be done
		t.Fatal(err)
	}
	return harness{db, t, make(chan struct{}, 1)}
}

func (h harness) add(kind string, n int) {
	h.t.Helper()
	for i := range n {
		if _, err := h.Exec(`INSERT INTO outbox (kind, args, max_attempts) VALUES ($1, $2, 3)`, kind, fmt.Sprintf(`{"n":%d}`, i)); err != nil {
			h.t.Fatal(err)
		}
	}
}

// run runs a runner until stop is closed.
func (h harness) run(handlers map[string]outbox.Handler, stop <-chan struct{}) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), 2*time.Minute)
	defer cancel()
	done := make(chan error)
	r := &outbox.Runner{Store: h.DB, Handlers: handlers, Wake: h.wake, Worker: "w"}
	go func() { done <- r.Run(ctx) }()
	select {
	case <-stop:
	case <-ctx.Done():
		h.t.Error("the items were not done in time")
	}
	cancel()
	if err := <-done; err != nil {
		h.t.Error(err)
	}
}

func (h harness) rows() []row {
	h.t.Helper()
	var rows []row
	if err := h.Select(&rows, `SELECT state, attempt, cardinality(errors) AS errors FROM outbox ORDER BY id`); err != nil {
		h.t.Fatal(err)
	}
	return rows
}

func TestEveryItemRunsOnceWithTwoRunners(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.add("count", 200)
	var mu sync.Mutex
	seen, all := map[string]int{}, make(chan struct{})
	handler := func(_ context.Context, it outbox.Item) error {
		mu.Lock()
		defer mu.Unlock()
		if seen[string(it.Args)]++; len(seen) == 200 {
			select {
			case <-all:
			default:
				close(all)
			}
		}
		return nil
	}
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() { h.run(map[string]outbox.Handler{"count": handler}, all) })
	}
	wg.Wait()
	for args, n := range seen {
		if n != 1 {
			t.Errorf("item %s ran %d times", args, n)
		}
	}
}

func TestOutcomes(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	for _, kind := range []string{"good", "permanent", "snoozed", "panics"} {
		h.add(kind, 1)
	}
	var wg sync.WaitGroup
	wg.Add(4)
	first := func(f func() error) outbox.Handler {
		var once sync.Once
		return func(context.Context, outbox.Item) error {
			defer once.Do(wg.Done)
			return f()
		}
	}
	stop := make(chan struct{})
	go func() { wg.Wait(); close(stop) }()
	h.run(map[string]outbox.Handler{
		"good":      first(func() error { return nil }),
		"permanent": first(func() error { return outbox.Permanent(errors.New("no use")) }),
		"snoozed":   first(func() error { return outbox.Snooze(time.Hour) }),
		"panics":    first(func() error { panic("secret text") }),
	}, stop)
	want := []row{{"completed", 1, 0}, {"discarded", 1, 1}, {"retryable", 0, 0}, {"retryable", 1, 1}}
	if diff := cmp.Diff(want, h.rows()); diff != "" {
		t.Errorf("outbox (-want +got):\n%s", diff)
	}
}

// An item whose worker was stopped goes back uncounted; one whose worker died
// is rescued.
func TestStoppedAndDeadWorkers(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.add("slow", 1)
	begun := make(chan struct{})
	h.run(map[string]outbox.Handler{"slow": func(ctx context.Context, _ outbox.Item) error {
		close(begun)
		<-ctx.Done()
		return ctx.Err()
	}}, begun)
	if diff := cmp.Diff([]row{{"retryable", 0, 0}}, h.rows()); diff != "" {
		t.Errorf("after a stop (-want +got):\n%s", diff)
	}
	items, err := h.ClaimItems(t.Context(), "dead", []string{"slow"}, 5)
	if err != nil || len(items) != 1 {
		t.Fatalf("ClaimItems = %v, %v", items, err)
	}
	if again, err := h.ClaimItems(t.Context(), "other", []string{"slow"}, 5); err != nil || len(again) != 0 {
		t.Errorf("a running item was claimed again: %v, %v", again, err)
	}
	dead := items[0]
	if n, err := h.RescueItems(t.Context(), time.Hour); err != nil || n != 0 {
		t.Errorf("RescueItems of a living worker = %d, %v", n, err)
	}
	if n, err := h.RescueItems(t.Context(), -time.Minute); err != nil || n != 1 {
		t.Errorf("RescueItems = %d, %v", n, err)
	}
	var args struct{ N int }
	items, err = h.ClaimItems(t.Context(), "other", []string{"slow"}, 5)
	if err != nil || len(items) != 1 || json.Unmarshal(items[0].Args, &args) != nil || items[0].Attempt != 2 {
		t.Errorf("after rescue: %+v, %v", items, err)
	}
	// The dead worker comes back: the item is another's now.
	if err := h.FinishItem(t.Context(), dead, outbox.Outcome{State: outbox.StateDiscarded, Error: "late", Count: true}); err != nil {
		t.Fatal(err)
	}
	if got := h.rows()[0]; got.State != outbox.StateRunning {
		t.Errorf("the item of another worker became %+v", got)
	}
	for range 2 { // the third attempt is the last
		if _, err := h.RescueItems(t.Context(), -time.Minute); err != nil {
			t.Fatal(err)
		}
		if _, err := h.ClaimItems(t.Context(), "third", []string{"slow"}, 5); err != nil {
			t.Fatal(err)
		}
	}
	if got := h.rows()[0]; got.State != outbox.StateDiscarded {
		t.Errorf("after the last attempt died: %+v, want discarded", got)
	}
}
