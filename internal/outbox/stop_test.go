package outbox_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/outbox"
)

// lateStore gives its one item when the runner has been told to stop.
type lateStore struct {
	outbox.Store
	stop     context.CancelFunc
	finished []outbox.Outcome
}

func (s *lateStore) ClaimItems(ctx context.Context, _ string, _ []string, _ int) ([]outbox.Item, error) {
	s.stop()
	if err := ctx.Err(); err != nil {
		return nil, err // the claim stands, and nobody knows
	}
	return []outbox.Item{{ID: 1, Kind: "late", Attempt: 1}}, nil
}

func (s *lateStore) FinishItem(_ context.Context, _ outbox.Item, o outbox.Outcome) error {
	s.finished = append(s.finished, o)
	return nil
}

func (s *lateStore) RescueItems(context.Context, time.Duration) (int64, error) { return 0, nil }
func (s *lateStore) PruneItems(context.Context, time.Time) (int64, error)      { return 0, nil }
func (s *lateStore) NextItemIn(context.Context, []string) (time.Duration, bool, error) {
	return 0, false, nil
}

// Items that were claimed while the runner stopped go back at once, uncounted.
func TestItemsClaimedDuringTheStopGoBack(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := &lateStore{stop: cancel}
	r := outbox.Runner{Store: s, Now: func() time.Time { return now }, Handlers: map[string]outbox.Handler{
		"late": func(context.Context, outbox.Item) error {
			t.Error("the item was begun after the stop")
			return nil
		},
	}}
	if err := r.Run(ctx); err != nil {
		t.Fatal(err)
	}
	want := []outbox.Outcome{{State: outbox.StateRetryable}}
	if diff := cmp.Diff(want, s.finished); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
}
