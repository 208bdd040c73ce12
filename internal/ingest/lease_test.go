package ingest_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/ingest"
)

// grants answers TakeLease: each call takes the next answer, the last one
// stands.
type grants struct {
	answers []grant
	calls   int
	dropped int
}

type grant struct {
	token int64
	ok    bool
	err   error
	hang  bool // until the caller gives up
}

func (g *grants) TakeLease(ctx context.Context, name, holder string, _ time.Duration) (ingest.Lease, bool, error) {
	a := g.answers[min(g.calls, len(g.answers)-1)]
	g.calls++
	if a.hang {
		<-ctx.Done()
		a.err = ctx.Err()
	}
	return ingest.Lease{Name: name, Holder: holder, Token: a.token}, a.ok, a.err
}

func (g *grants) DropLease(context.Context, ingest.Lease) error {
	g.dropped++
	return nil
}

func TestUnderLease(t *testing.T) {
	t.Parallel()
	const ttl = 9 * time.Second
	away, broken := grant{err: errors.New("no database")}, errors.New("f failed")
	type result struct {
		Held, Ran bool
		Err       error
		Dropped   int
	}
	for _, tt := range []struct {
		name    string
		answers []grant
		work    time.Duration // f takes so long, unless its context ends
		fails   error
		want    result
	}{
		{"kept until f is done", []grant{{token: 1, ok: true}}, time.Minute, nil, result{true, true, nil, 1}},
		{"f fails", []grant{{token: 1, ok: true}}, 0, broken, result{true, true, broken, 1}},
		{"somebody else has it", []grant{{}}, time.Minute, nil, result{}},
		{"not readable", []grant{away}, time.Minute, nil, result{Err: away.err}},
		{"somebody else takes it", []grant{{token: 1, ok: true}, {token: 1, ok: true}, {}}, time.Minute, nil, result{true, true, ingest.ErrLeaseLost, 1}},
		{"it lapsed and came back under another token", []grant{{token: 1, ok: true}, {token: 2, ok: true}}, time.Minute, nil, result{true, true, ingest.ErrLeaseLost, 1}},
		{"the database is away for a moment", []grant{{token: 1, ok: true}, away, {token: 1, ok: true}}, time.Minute, nil, result{true, true, nil, 1}},
		{"the database is away for longer than the lease lives", []grant{{token: 1, ok: true}, away}, time.Minute, nil, result{true, true, ingest.ErrLeaseLost, 1}},
		{"the database does not answer", []grant{{token: 1, ok: true}, {hang: true}}, time.Minute, nil, result{true, true, ingest.ErrLeaseLost, 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := &grants{answers: tt.answers}
				var got result
				got.Held, got.Err = ingest.UnderLease(t.Context(), g, "work", "me", ttl, func(ctx context.Context, l ingest.Lease) error {
					got.Ran = true
					if l.Token != 1 || l.Holder != "me" {
						t.Errorf("lease = %+v", l)
					}
					timer := time.NewTimer(tt.work)
					defer timer.Stop()
					select {
					case <-ctx.Done():
						return ctx.Err()
					case <-timer.C:
						return tt.fails
					}
				})
				got.Dropped = g.dropped
				same := cmp.Comparer(func(a, b error) bool { return errors.Is(a, b) || errors.Is(b, a) })
				if diff := cmp.Diff(tt.want, got, same); diff != "" {
					t.Errorf("UnderLease (-want +got):\n%s", diff)
				}
			})
		})
	}
}
