package ingest_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"huicun/internal/ingest"
)

// Numbers that are missing after a pause longer than WeCom's window are told
// from numbers that WeCom merely skipped.
func TestGapsTellOfWeComsWindow(t *testing.T) {
	t.Parallel()
	db, w := openStore(t), &wecom{versions: map[int]bool{1: true}}
	w.add(5, 1)
	p := &ingest.Puller{Source: w, Store: db, Holder: "a", PageSize: 3, Interval: time.Hour}
	pullUntil(t, db, caughtUp(5), p)
	if _, err := db.Exec(`UPDATE pull_state SET last_success_at = now() - interval '6 days'`); err != nil {
		t.Fatal(err)
	}
	w.add(9, 1) // 6 to 14, of which 6 to 8, too old by now, and 11 are missing
	w.records = slices.DeleteFunc(w.records, func(r ingest.Outer) bool { return r.Seq >= 6 && r.Seq <= 8 || r.Seq == 11 })
	p = &ingest.Puller{Source: w, Store: db, Holder: "b", PageSize: 3, Interval: time.Hour}
	pullUntil(t, db, func(s ingest.State) bool { return s.Received == 10 }, p)
	checkExactlyOnce(t, db, w)
	s := readStatus(t, db)
	want := []ingest.Gap{{AfterSeq: 10, BeforeSeq: 12, Kind: ingest.GapSkipped}, {AfterSeq: 5, BeforeSeq: 9, Kind: ingest.GapWindow}}
	if diff := cmp.Diff(want, s.Gaps, cmpopts.IgnoreFields(ingest.Gap{}, "NoticedAt")); diff != "" || s.GapTotal != 2 {
		t.Errorf("gaps (-want +got): %d\n%s", s.GapTotal, diff)
	}
}
