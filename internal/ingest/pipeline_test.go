package ingest_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"huicun/internal/ingest"
)

// slowFirst is a source that opens the first page only when the second has come
// to be opened, and fails once on the page that starts at failAt.
type slowFirst struct {
	*wecom
	second chan struct{}
	once   sync.Once
	failAt int64
	failed bool
	mu     sync.Mutex
}

func (s *slowFirst) Open(ctx context.Context, records []ingest.Outer) ([]ingest.Opened, error) {
	switch records[0].Seq {
	case 1:
		select {
		case <-s.second:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	case 11:
		s.once.Do(func() { close(s.second) })
	}
	s.mu.Lock()
	fail := records[0].Seq == s.failAt && !s.failed
	s.failed = s.failed || fail
	s.mu.Unlock()
	if fail {
		return nil, &ingest.SourceError{Class: ingest.ClassRetry, Err: errors.New("the helper ended")}
	}
	return s.wecom.Open(ctx, records)
}

func TestPagesAreOpenedSideBySideAndStoredInOrder(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		failAt int64 // first seq of the page that does not open at first
	}{
		{"all pages open", 0},
		{"the first page fails once", 1},
		{"the second page fails once", 11},
		{"the last page fails once", 41},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			db := openStore(t)
			w := &wecom{versions: map[int]bool{1: true}}
			w.add(50, 1)
			src := &slowFirst{wecom: w, second: make(chan struct{}), failAt: tt.failAt}
			p := &ingest.Puller{Source: src, Store: db, Holder: "a", PageSize: 10}
			st := pullUntil(t, db, func(s ingest.State) bool { return s.Seq == 50 }, p)
			if st.Stored != 50 || st.Received != 50 || st.Duplicates != 0 {
				t.Errorf("state %+v, want 50 messages, none delivered twice", st)
			}
			checkExactlyOnce(t, db, w)
		})
	}
}
