package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/ingest"
	"huicun/internal/store"
	"huicun/internal/store/storetest"
)

// wecom is a source whose records are plain text; those of a version without a
// key stay closed.
type wecom struct {
	mu       sync.Mutex
	records  []ingest.Outer
	versions map[int]bool
	fail     []error // answers of the next calls of Page
	openErr  error   // of every call of Open
	overlap  int     // records repeated at the start of each page
	stuck    int     // answers that hold nothing but what was before the cursor
	asked    []int   // limits of the calls
}

func (w *wecom) add(n, version int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for range n {
		seq := int64(len(w.records) + 1)
		id := fmt.Sprintf("m%d", seq)
		body := fmt.Sprintf(`{"msgid":%q,"action":"send","from":"lin","tolist":["wang"],"roomid":"","msgtime":%d,"msgtype":"text","text":{"content":"%d"}}`,
			id, 1767240000000+seq*1000, seq)
		w.records = append(w.records, ingest.Outer{
			Seq: seq, MsgID: id, PublicKeyVer: version, ChatMsg: body, RandomKey: "k",
			JSON: fmt.Appendf(nil, `{"seq":%d,"msgid":%q,"publickey_ver":%d,"encrypt_random_key":"k","encrypt_chat_msg":%q}`, seq, id, version, body),
		})
	}
}

func (w *wecom) Page(_ context.Context, seq int64, limit int) ([]ingest.Outer, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, limit)
	if w.stuck > 0 && seq >= int64(limit) {
		w.stuck--
		return append([]ingest.Outer{}, w.records[seq-int64(limit):seq]...), nil
	}
	if len(w.fail) > 0 {
		err := w.fail[0]
		w.fail = w.fail[1:]
		return nil, err
	}
	var out []ingest.Outer
	for _, r := range w.records {
		if r.Seq > seq && len(out) < limit {
			out = append(out, r)
		}
	}
	if len(out) > 0 && seq > int64(w.overlap) {
		out = append(append([]ingest.Outer{}, w.records[seq-int64(w.overlap):seq]...), out...)
	}
	return out, nil
}

func (w *wecom) Open(_ context.Context, records []ingest.Outer) ([]ingest.Opened, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.openErr != nil {
		return nil, w.openErr
	}
	out := make([]ingest.Opened, len(records))
	for i, r := range records {
		if w.versions[r.PublicKeyVer] {
			out[i].Data = []byte(r.ChatMsg)
		} else {
			out[i] = ingest.Opened{Reason: ingest.ReasonKeyMissing, Detail: "no key"}
		}
	}
	return out, nil
}

func (w *wecom) KeyVersions() []int {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []int
	for v, ok := range w.versions {
		if ok {
			out = append(out, v)
		}
	}
	return out
}

func openStore(t *testing.T) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: storetest.New(t), MaxConns: 6})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// readStatus is a snapshot with up to 100 rows of each list, and the rows counted.
func readStatus(t *testing.T, db *store.DB) ingest.Snapshot {
	t.Helper()
	s, err := db.ReadStatus(t.Context(), 100, true)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// pullUntil runs pullers until done is true of the state.
func pullUntil(t *testing.T, db *store.DB, done func(ingest.State) bool, ps ...*ingest.Puller) ingest.State {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	for _, p := range ps {
		wg.Go(func() { _ = p.Run(ctx) })
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		st, err := db.PullState(ctx)
		if err != nil {
			t.Fatalf("state: %v", err)
		}
		if done(st) {
			return st
		}
	}
	panic("unreachable")
}

func checkExactlyOnce(t *testing.T, db *store.DB, w *wecom) {
	t.Helper()
	var got []string
	if err := db.Select(&got, `SELECT convert_from(raw, 'UTF8') FROM messages ORDER BY seq`); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, r := range w.records {
		want = append(want, r.ChatMsg)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("stored messages (-want +got):\n%s", diff)
	}
	if c := readStatus(t, db).Recount; c.MsgIDs != int64(len(want)) {
		t.Errorf("Recount = %+v, want %d msgids", *c, len(want))
	}
}

func TestPullerStoresEverythingOnce(t *testing.T) {
	t.Parallel()
	db, w := openStore(t), &wecom{versions: map[int]bool{1: true}, overlap: 3}
	w.add(250, 1)
	p := &ingest.Puller{Source: w, Store: db, Holder: "a", PageSize: 40, Interval: 10 * time.Millisecond}
	pullUntil(t, db, func(s ingest.State) bool { return s.CaughtUpAt != nil && s.Stored == 250 }, p)
	checkExactlyOnce(t, db, w)
}

func TestTwoPullersStoreNothingTwice(t *testing.T) {
	t.Parallel()
	db, w := openStore(t), &wecom{versions: map[int]bool{1: true}}
	w.add(300, 1)
	pullers := make([]*ingest.Puller, 3)
	for i := range pullers {
		pullers[i] = &ingest.Puller{Source: w, Store: db, Holder: fmt.Sprint("p", i), PageSize: 7, Interval: 10 * time.Millisecond}
	}
	pullUntil(t, db, func(s ingest.State) bool { return s.Stored == 300 }, pullers...)
	checkExactlyOnce(t, db, w)
}

// A puller that ends at any step of a pull leaves nothing half done, and the
// next one goes on.
func TestPullerResumesAfterEachStep(t *testing.T) {
	t.Parallel()
	db, w := openStore(t), &wecom{versions: map[int]bool{1: true}}
	w.add(200, 1)
	for i, step := range []string{"fetch", "open", "save", "saved", "fetch", "save"} {
		ctx, cancel := context.WithCancel(t.Context())
		var n atomic.Int64 // steps are told by several goroutines
		p := &ingest.Puller{Source: w, Store: db, Holder: fmt.Sprint("p", i), PageSize: 15, Interval: time.Hour}
		p.Step = func(s string) {
			if n.Add(1) > int64(i) && s == step {
				cancel()
			}
		}
		if err := p.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if s := readStatus(t, db); !s.Recount.Agrees(s.State) {
			t.Fatalf("after stop at %s: rows %+v, counters %+v", step, *s.Recount, s.State)
		}
	}
	p := &ingest.Puller{Source: w, Store: db, Holder: "last", PageSize: 15, Interval: 10 * time.Millisecond}
	pullUntil(t, db, func(s ingest.State) bool { return s.Stored == 200 }, p)
	checkExactlyOnce(t, db, w)
}

func TestQuarantineOpensWhenTheKeyArrives(t *testing.T) {
	t.Parallel()
	db, w := openStore(t), &wecom{versions: map[int]bool{1: true}}
	w.add(20, 1)
	w.add(30, 2)
	w.add(10, 1)
	keys := make(chan struct{}, 1)
	p := &ingest.Puller{Source: w, Store: db, Holder: "a", PageSize: 25, Interval: time.Hour, KeysChanged: keys}
	arrived := false
	st := pullUntil(t, db, func(s ingest.State) bool {
		if s.Received == 60 && s.Quarantined == 30 && s.CaughtUpAt != nil && !arrived {
			arrived = true
			w.mu.Lock()
			w.versions[2] = true
			w.mu.Unlock()
			keys <- struct{}{}
		}
		return s.Stored == 60
	}, p)
	if st.Quarantined != 0 {
		t.Errorf("%d still in quarantine", st.Quarantined)
	}
	checkExactlyOnce(t, db, w)
}

func TestPullerActsOnErrorClasses(t *testing.T) {
	t.Parallel()
	db, w := openStore(t), &wecom{versions: map[int]bool{1: true}}
	w.add(30, 1)
	w.fail = []error{&ingest.SourceError{Class: ingest.ClassTooLarge, Code: 301058, Err: errors.New("too large")}}
	p := &ingest.Puller{Source: w, Store: db, Holder: "a", PageSize: 20, Interval: 10 * time.Millisecond}
	pullUntil(t, db, func(s ingest.State) bool { return s.Stored == 30 }, p)
	var codes, sizes []int
	for _, p := range readStatus(t, db).Pulls {
		switch p.Outcome {
		case ingest.OutcomeError:
			codes = append(codes, p.ErrorCode)
		case ingest.OutcomeStored:
			sizes = append(sizes, p.Received)
		}
	}
	if diff := cmp.Diff([]int{301058}, codes); diff != "" {
		t.Errorf("recorded errors (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{10, 10, 10}, sizes); diff != "" {
		t.Errorf("page sizes, halved (-want +got):\n%s", diff)
	}
}

// While pages cannot be opened or quarantine cannot be read, nothing claims to
// be up to date, the failure is on record, and the stream goes on.
func TestPullerTellsThatItIsStuck(t *testing.T) {
	t.Parallel()
	db, w := openStore(t), &wecom{versions: map[int]bool{1: true}}
	w.add(30, 1)
	w.openErr = &ingest.SourceError{Class: ingest.ClassRetry, Err: errors.New("the helper does not start")}
	p := &ingest.Puller{Source: w, Store: db, Holder: "a", PageSize: 7, Interval: 10 * time.Millisecond}
	st := pullUntil(t, db, func(s ingest.State) bool { return s.LastErrorAt != nil }, p)
	if st.CaughtUpAt != nil || st.LastSuccessAt != nil || st.Stored != 0 {
		t.Errorf("nothing was opened, and the state says %+v", st)
	}
	w.mu.Lock()
	w.openErr = nil
	w.mu.Unlock()
	p.Holder = "b"
	pullUntil(t, db, func(s ingest.State) bool { return s.Stored == 30 && s.CaughtUpAt != nil }, p)
	checkExactlyOnce(t, db, w)
}
