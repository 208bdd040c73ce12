package outbox_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"huicun/internal/outbox"
)

// rescuedStore gives its one item to somebody else while its worker runs.
type rescuedStore struct {
	outbox.Store
	claimed, touched int
	finished         []outbox.Outcome
}

func (s *rescuedStore) ClaimItems(context.Context, string, []string, int) ([]outbox.Item, error) {
	if s.claimed++; s.claimed > 1 {
		return nil, nil
	}
	return []outbox.Item{{ID: 1, Kind: "slow", Attempt: 1, MaxAttempts: 20}}, nil
}

func (s *rescuedStore) TouchItem(context.Context, outbox.Item) (bool, error) {
	s.touched++
	return s.touched < 3, nil
}

func (s *rescuedStore) FinishItem(_ context.Context, _ outbox.Item, o outbox.Outcome) error {
	s.finished = append(s.finished, o)
	return nil
}

func (s *rescuedStore) RescueItems(context.Context, time.Duration) (int64, error) { return 0, nil }
func (s *rescuedStore) PruneItems(context.Context, time.Time) (int64, error)      { return 0, nil }
func (s *rescuedStore) NextItemIn(context.Context, []string) (time.Duration, bool, error) {
	return 0, false, nil
}

// The handler of an item that went to another worker is told to end, and what
// it says is not recorded.
func TestHandlerOfARescuedItemEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		s, ended := &rescuedStore{}, make(chan struct{})
		r := outbox.Runner{Store: s, Handlers: map[string]outbox.Handler{
			"slow": func(ctx context.Context, _ outbox.Item) error {
				defer close(ended)
				<-ctx.Done()
				return ctx.Err()
			},
		}}
		done := make(chan error)
		go func() { done <- r.Run(ctx) }()
		<-ended
		stop()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if s.touched != 3 || len(s.finished) != 0 {
			t.Errorf("touched %d times, recorded %+v; want 3 times and nothing", s.touched, s.finished)
		}
	})
}
