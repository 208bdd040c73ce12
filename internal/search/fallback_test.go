package search_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"huicun/internal/search"
)

// scripted is an engine that answers as it is told.
type scripted struct {
	name  string
	err   error
	takes time.Duration
	asked int
}

func (s *scripted) Name() string { return s.name }

func (s *scripted) Find(ctx context.Context, _ search.Query, _ int) ([]search.Ref, error) {
	s.asked++
	select {
	case <-ctx.Done():
		return nil, fmt.Errorf("find: %w", ctx.Err())
	case <-time.After(s.takes):
	}
	return []search.Ref{{ID: s.name}}, s.err
}

func (s *scripted) Count(ctx context.Context, q search.Query, _ int) (int, error) {
	refs, err := s.Find(ctx, q, 1)
	return len(refs), err
}

func (s *scripted) Coverage(context.Context) (search.Coverage, error) {
	return search.Coverage{Problem: s.name}, nil
}

func TestFallbackSaysWhy(t *testing.T) {
	for _, tt := range []struct {
		name    string
		primary scripted
		want    search.Answered
		took    time.Duration
		again   bool // it is asked the next time
	}{
		{"it answers", scripted{takes: 2 * time.Second}, search.Answered{Engine: "elastic"}, 2 * time.Second, true},
		{"it fails", scripted{err: errors.New("refused")}, search.Answered{Engine: "postgres", Fallback: search.Unavailable}, 0, false},
		{"it takes too long", scripted{takes: time.Hour}, search.Answered{Engine: "postgres", Fallback: search.TimedOut}, 3 * time.Second, false},
		{"it is being built", scripted{err: fmt.Errorf("x: %w", search.ErrBuilding)}, search.Answered{Engine: "postgres", Fallback: search.Building}, 0, true},
		{"it is behind", scripted{err: search.ErrBehind}, search.Answered{Engine: "postgres", Fallback: search.Behind}, 0, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tt.primary.name = "elastic"
				f := &search.Fallback{Primary: &tt.primary, Secondary: &scripted{name: "postgres"}}
				ask := func(ctx context.Context, e search.Engine) error {
					_, err := e.Find(ctx, search.Query{}, 1)
					return err
				}
				start := time.Now()
				got, err := f.Do(t.Context(), ask)
				if err != nil || got != tt.want || time.Since(start) != tt.took {
					t.Errorf("Do = %+v, %v after %v; want %+v after %v", got, err, time.Since(start), tt.want, tt.took)
				}
				if got, err := f.Do(t.Context(), ask); err != nil || got != tt.want {
					t.Errorf("the next time: %+v, %v; want %+v", got, err, tt.want)
				}
				if again := tt.primary.asked == 2; again != tt.again {
					t.Errorf("asked %d times; asked at once again: want %t", tt.primary.asked, tt.again)
				}
			})
		})
	}
}

func TestFallbackEndsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		primary := &scripted{name: "elastic", err: errors.New("refused")}
		f := &search.Fallback{Primary: primary, Secondary: &scripted{name: "postgres"}}
		if refs, err := f.Find(t.Context(), search.Query{}, 1); err != nil || refs[0].ID != "postgres" {
			t.Errorf("Find = %v, %v", refs, err)
		}
		primary.err = nil
		time.Sleep(5*time.Second - 1)
		if n, err := f.Count(t.Context(), search.Query{}, 1); err != nil || n != 1 || primary.asked != 1 {
			t.Errorf("Count = %d, %v; asked %d times within the pause", n, err, primary.asked)
		}
		time.Sleep(time.Nanosecond)
		if refs, err := f.Find(t.Context(), search.Query{}, 1); err != nil || refs[0].ID != "elastic" {
			t.Errorf("after the pause: %v, %v", refs, err)
		}
	})
}

func TestFallbackLeavesWhoGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		second := &scripted{name: "postgres"}
		f := &search.Fallback{Primary: &scripted{name: "elastic", takes: time.Hour}, Secondary: second}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := f.Find(ctx, search.Query{}, 1); !errors.Is(err, context.DeadlineExceeded) || second.asked != 0 {
			t.Errorf("Find = %v; the other one was asked %d times", err, second.asked)
		}
	})
}

func TestFallbackWithoutAnotherEngine(t *testing.T) {
	refused := errors.New("refused")
	f := &search.Fallback{Primary: &scripted{name: "postgres", err: refused}}
	if _, err := f.Find(t.Context(), search.Query{}, 1); !errors.Is(err, refused) {
		t.Errorf("Find = %v", err)
	}
}
