package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/archive"
	"huicun/internal/ingest"
	"huicun/internal/store"
)

// refusing does not take some of the messages that open.
type refusing struct {
	*store.DB
	seqs []int64
}

func (r *refusing) ReleaseQuarantine(ctx context.Context, l ingest.Lease, opened []archive.Decoded, failed []ingest.Quarantined) (ingest.Saved, error) {
	if slices.ContainsFunc(opened, func(m archive.Decoded) bool { return slices.Contains(r.seqs, m.Seq) }) {
		return ingest.Saved{}, fmt.Errorf("%w: value out of range", ingest.ErrRefused)
	}
	return r.DB.ReleaseQuarantine(ctx, l, opened, failed)
}

func (r *refusing) SaveBatch(ctx context.Context, l ingest.Lease, b ingest.Batch) (ingest.Saved, error) {
	if slices.ContainsFunc(b.Messages, func(m archive.Decoded) bool { return slices.Contains(r.seqs, m.Seq) }) {
		return ingest.Saved{}, fmt.Errorf("%w: value out of range", ingest.ErrRefused)
	}
	return r.DB.SaveBatch(ctx, l, b)
}

// withLateKey pulls 30 messages of key version 2 that comes when all are in
// quarantine, and goes on until done.
func withLateKey(t *testing.T, db *store.DB, st ingest.Store, w *wecom, mend func(), done func(ingest.State) bool) {
	t.Helper()
	w.add(30, 2)
	keys := make(chan struct{}, 1)
	p := &ingest.Puller{Source: w, Store: st, Holder: "a", PageSize: 30, Interval: 10 * time.Millisecond, KeysChanged: keys}
	arrived := false
	pullUntil(t, db, func(s ingest.State) bool {
		if s.Quarantined == 30 && s.CaughtUpAt != nil && !arrived {
			arrived = true
			mend()
			keys <- struct{}{}
		}
		return arrived && done(s)
	}, p)
}

func (w *wecom) giveKey(version int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.versions[version] = true
}

// A message that the database does not take holds up none of the others.
func TestReleaseAroundWhatIsRefused(t *testing.T) {
	t.Parallel()
	db, w := openStore(t), &wecom{versions: map[int]bool{1: true}}
	picky := &refusing{db, []int64{7, 8, 30}}
	var kept []string
	withLateKey(t, db, picky, w, func() { w.giveKey(2) }, func(s ingest.State) bool {
		kept = nil
		if err := db.Select(&kept, `SELECT seq || ' ' || reason || ': ' || detail FROM quarantine WHERE released_at IS NULL AND attempts > 1 ORDER BY seq`); err != nil {
			t.Fatal(err)
		}
		return s.Stored == 27 && len(kept) == 3
	})
	const why = " decrypt_failed: it opens, and the database refuses it"
	if diff := cmp.Diff([]string{"7" + why, "8" + why, "30" + why}, kept); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
}

// While quarantine cannot be opened, the stream goes on.
func TestStreamGoesOnWhileQuarantineFails(t *testing.T) {
	t.Parallel()
	db, w := openStore(t), &wecom{versions: map[int]bool{1: true}}
	broken := &brokenRelease{DB: db}
	withLateKey(t, db, broken, w, func() {
		w.giveKey(2)
		w.add(40, 1)
	}, func(s ingest.State) bool { return s.Stored == 40 })
	s := readStatus(t, db)
	if !s.Recount.Agrees(s.State) || s.Quarantined != 30 || broken.asked == 0 {
		t.Errorf("rows %+v, counters %+v; quarantine was asked for %d times", *s.Recount, s.State, broken.asked)
	}
}

// slowRelease takes long for each chunk, by the puller's clock, and gives few
// records at a time.
type slowRelease struct {
	*store.DB
	clock  *atomic.Int64 // seconds
	during func(stored int64)
}

func (s *slowRelease) FindQuarantined(ctx context.Context, versions []int, after ingest.Place, _, most int) ([]ingest.Quarantined, error) {
	return s.DB.FindQuarantined(ctx, versions, after, 10, most)
}

func (s *slowRelease) ReleaseQuarantine(ctx context.Context, l ingest.Lease, opened []archive.Decoded, failed []ingest.Quarantined) (ingest.Saved, error) {
	s.clock.Add(5)
	saved, err := s.DB.ReleaseQuarantine(ctx, l, opened, failed)
	if st, serr := s.PullState(ctx); err == nil && serr == nil {
		s.during(st.Stored)
	}
	return saved, err
}

// However much is in quarantine, new messages are stored between its chunks,
// also when WeCom did not answer once.
func TestStreamGoesOnWhileQuarantineOpens(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		fail []error // of WeCom, after the first chunk
		want []int64 // stored after each chunk
	}{
		{"WeCom answers", nil, []int64{10, 21, 32}},
		{"WeCom fails once", []error{&ingest.SourceError{Class: ingest.ClassRetry, Err: errors.New("cut off")}}, []int64{10, 20, 32}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			testStreamBetweenChunks(t, tt.fail, tt.want)
		})
	}
}

func testStreamBetweenChunks(t *testing.T, fail []error, want []int64) {
	t.Helper()
	db, w := openStore(t), &wecom{versions: map[int]bool{1: true}}
	w.add(30, 2)
	var clock atomic.Int64
	keys := make(chan struct{}, 1)
	var stored []int64 // after each chunk; a message more comes each time
	slow := &slowRelease{DB: db, clock: &clock, during: func(n int64) {
		stored = append(stored, n)
		w.add(1, 1)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.fail, fail = append(w.fail, fail...), nil
	}}
	p := &ingest.Puller{
		Source: w, Store: slow, Holder: "a", PageSize: 100, Interval: 10 * time.Millisecond, KeysChanged: keys,
		Now: func() time.Time { return time.Unix(1767240000+clock.Load(), 0) },
	}
	arrived := false
	pullUntil(t, db, func(s ingest.State) bool {
		if s.Quarantined == 30 && s.CaughtUpAt != nil && !arrived {
			arrived = true
			w.giveKey(2)
			keys <- struct{}{}
		}
		return s.Stored == 33
	}, p)
	if diff := cmp.Diff(want, stored); diff != "" {
		t.Errorf("stored after each chunk (-want +got):\n%s", diff)
	}
}

// brokenRelease cannot read quarantine.
type brokenRelease struct {
	*store.DB
	asked int
}

func (b *brokenRelease) FindQuarantined(context.Context, []int, ingest.Place, int, int) ([]ingest.Quarantined, error) {
	b.asked++
	return nil, errors.New("quarantine cannot be read")
}
