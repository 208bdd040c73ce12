package ingest_test

import (
	"context"
	"testing"
	"time"

	"huicun/internal/ingest"
)

// damaged breaks records on their way, each so many times.
type damaged struct {
	*wecom
	times map[string]int
}

func (d *damaged) Page(ctx context.Context, seq int64, limit int) ([]ingest.Outer, error) {
	records, err := d.wecom.Page(ctx, seq, limit)
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, r := range records {
		if d.times[r.MsgID] > 0 {
			d.times[r.MsgID]--
			records[i].RandomKey = "damaged"
		}
	}
	return records, err
}

func (d *damaged) Open(ctx context.Context, records []ingest.Outer) ([]ingest.Opened, error) {
	opened, err := d.wecom.Open(ctx, records)
	for i, r := range records {
		if r.RandomKey == "damaged" && err == nil {
			opened[i] = ingest.Opened{Reason: ingest.ReasonKeyWrong, Detail: "damaged"}
		}
	}
	return opened, err
}

// A record that came damaged is asked for again soon; one that comes damaged
// twice waits in quarantine, and opens when quarantine is tried again.
func TestDamagedRecordsAreAskedForAgain(t *testing.T) {
	t.Parallel()
	db, w := openStore(t), &wecom{versions: map[int]bool{1: true}}
	w.add(20, 1)
	source := &damaged{wecom: w, times: map[string]int{"m3": 1, "m7": 2}}
	p := &ingest.Puller{Source: source, Store: db, Holder: "a", PageSize: 100, Interval: time.Hour}
	pullUntil(t, db, func(s ingest.State) bool { return s.Received == 20 && s.Quarantined == 1 }, p)
	p = &ingest.Puller{Source: source, Store: db, Holder: "b", PageSize: 100, Interval: time.Hour}
	pullUntil(t, db, func(s ingest.State) bool { return s.Stored == 20 }, p)
	checkExactlyOnce(t, db, w)
}
