package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"huicun/internal/ingest"
	"huicun/internal/store"
)

func caughtUp(n int64) func(ingest.State) bool {
	return func(s ingest.State) bool { return s.Received == n && s.CaughtUpAt != nil }
}

// WeCom answers with old messages alone, a page full of them, again and again:
// that ends by itself or is on record, and pulling goes on.
func TestPullerPassesRepeatedPages(t *testing.T) {
	t.Parallel()
	db, w := openStore(t), &wecom{versions: map[int]bool{1: true}, stuck: 3}
	w.add(30, 1)
	p := &ingest.Puller{Source: w, Store: db, Holder: "a", PageSize: 5, Interval: 10 * time.Millisecond}
	pullUntil(t, db, caughtUp(30), p)
	checkExactlyOnce(t, db, w)
	pulls := readStatus(t, db).Pulls
	if !slices.ContainsFunc(pulls, func(p ingest.Pull) bool { return strings.Contains(p.Error, "it repeats itself") }) {
		t.Errorf("nothing on record of the repeated answers: %+v", pulls)
	}
}

// A source that repeats more records than a halved page has would never come
// to an end with pages of that size.
func TestPullerGrowsPagesPastAnOverlap(t *testing.T) {
	t.Parallel()
	db, w := openStore(t), &wecom{versions: map[int]bool{1: true}}
	w.add(40, 1)
	source := &overlapping{wecom: w, by: 6}
	for range 2 {
		w.fail = append(w.fail, &ingest.SourceError{Class: ingest.ClassTooLarge, Err: errors.New("too large")})
	}
	p := &ingest.Puller{Source: source, Store: db, Holder: "a", PageSize: 16, Interval: 10 * time.Millisecond}
	pullUntil(t, db, caughtUp(40), p)
	checkExactlyOnce(t, db, w)
}

// overlapping answers from some records before the cursor on.
type overlapping struct {
	*wecom
	by int64
}

func (o *overlapping) Page(ctx context.Context, seq int64, limit int) ([]ingest.Outer, error) {
	return o.wecom.Page(ctx, max(0, seq-o.by), limit)
}

// An old seq with a msgid that nobody has seen is a message like others.
func TestPullerKeepsLateMessagesBehindTheCursor(t *testing.T) {
	t.Parallel()
	db, w := openStore(t), &wecom{versions: map[int]bool{1: true}}
	w.add(9, 1)
	late := w.records[4]
	w.records = append(w.records[:4:4], w.records[5:]...)
	p := &ingest.Puller{Source: w, Store: db, Holder: "a", PageSize: 100, Interval: time.Hour}
	pullUntil(t, db, caughtUp(8), p)

	source := &overlapping{wecom: w, by: 9}
	w.records = slices.Insert(w.records, 4, late)
	p = &ingest.Puller{Source: source, Store: db, Holder: "b", PageSize: 100, Interval: 10 * time.Millisecond}
	pullUntil(t, db, func(s ingest.State) bool { return s.Received == 9 }, p)
	checkExactlyOnce(t, db, w)
	var batches int
	if err := db.Get(&batches, `SELECT count(*) FROM batches`); err != nil || batches != 2 {
		t.Errorf("%d steps of the ledger, %v; want 2: repeated answers are none", batches, err)
	}
}

// A record that is in quarantine and comes again, readable this time, in an
// answer that holds nothing newer, is taken.
func TestPullerTakesWhatIsReadableAtLast(t *testing.T) {
	t.Parallel()
	db, w := openStore(t), &wecom{versions: map[int]bool{1: true}}
	w.add(9, 1)
	w.records[4].PublicKeyVer = 2
	p := &ingest.Puller{Source: w, Store: db, Holder: "a", PageSize: 100, Interval: time.Hour}
	if st := pullUntil(t, db, caughtUp(9), p); st.Quarantined != 1 {
		t.Fatalf("%d in quarantine, want 1", st.Quarantined)
	}

	w.records[4].PublicKeyVer = 1
	p = &ingest.Puller{Source: &overlapping{wecom: w, by: 9}, Store: db, Holder: "b", PageSize: 100, Interval: 10 * time.Millisecond}
	st := pullUntil(t, db, func(s ingest.State) bool { return s.Stored == 9 }, p)
	if st.Quarantined != 0 || st.Received != 9 {
		t.Errorf("%d in quarantine of %d received, want 0 of 9", st.Quarantined, st.Received)
	}
	checkExactlyOnce(t, db, w)
}

// Failures now and then do not slow down what goes on between them.
func TestBackoffEndsWithProgress(t *testing.T) {
	t.Parallel()
	db, w := openStore(t), &wecom{versions: map[int]bool{1: true}}
	w.add(60, 1)
	p := &ingest.Puller{Source: &flaky{wecom: w, every: 2}, Store: db, Holder: "a", PageSize: 5, Interval: 10 * time.Millisecond}
	// A dozen failures: with pauses that grow they would outlast pullUntil.
	pullUntil(t, db, func(s ingest.State) bool { return s.Received == 60 }, p)
	checkExactlyOnce(t, db, w)
}

// flaky fails at every so many calls.
type flaky struct {
	*wecom
	every, calls int
}

func (f *flaky) Page(ctx context.Context, seq int64, limit int) ([]ingest.Outer, error) {
	if f.calls++; f.calls%f.every == 0 {
		return nil, &ingest.SourceError{Class: ingest.ClassRetry, Err: errors.New("cut off")}
	}
	return f.wecom.Page(ctx, seq, limit)
}

// What the database does not take is told from what it does by smaller pages;
// a database that is away makes no page smaller.
func TestPullerHalvesPagesThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		err  error
		want int // the smallest page that is asked for
	}{
		{"refused", fmt.Errorf("%w: value too long", ingest.ErrRefused), 5},
		{"away", errors.New("connection refused"), 20},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			db, w := openStore(t), &wecom{versions: map[int]bool{1: true}}
			w.add(20, 1)
			picky := &pickyStore{DB: db, fail: []error{tt.err, tt.err}}
			p := &ingest.Puller{Source: w, Store: picky, Holder: "a", PageSize: 20, Interval: time.Hour}
			pullUntil(t, db, caughtUp(20), p)
			checkExactlyOnce(t, db, w)
			if got := slices.Min(w.asked); got != tt.want {
				t.Errorf("the smallest page asked for has %d records, want %d", got, tt.want)
			}
		})
	}
}

// One message that the database never takes holds up none of those behind it.
func TestPullerStoresAroundWhatIsRefused(t *testing.T) {
	t.Parallel()
	db, w := openStore(t), &wecom{versions: map[int]bool{1: true}}
	w.add(12, 1)
	p := &ingest.Puller{Source: w, Store: &refusing{db, []int64{6}}, Holder: "a", PageSize: 4, Interval: time.Hour}
	st := pullUntil(t, db, caughtUp(12), p)
	if st.Stored != 11 || st.Quarantined != 1 {
		t.Errorf("%d stored, %d in quarantine, want 11 and 1", st.Stored, st.Quarantined)
	}
	var kept []string
	err := db.Select(&kept, `SELECT seq || ' ' || msgid || ' ' || detail FROM quarantine`)
	if want := "6 m6 it opens, and the database refuses it"; err != nil || !slices.Equal(kept, []string{want}) {
		t.Errorf("quarantine holds %q, %v, want %q", kept, err, want)
	}
}

// pickyStore fails to save.
type pickyStore struct {
	*store.DB
	fail []error
}

func (s *pickyStore) SaveBatch(ctx context.Context, l ingest.Lease, b ingest.Batch) (ingest.Saved, error) {
	if len(s.fail) > 0 {
		err := s.fail[0]
		s.fail = s.fail[1:]
		return ingest.Saved{}, err
	}
	return s.DB.SaveBatch(ctx, l, b)
}
