package ingest

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"huicun/internal/archive"
)

// maxPageBytes bounds what is opened and stored at a time: a thousand messages
// of a megabyte would be more than one statement can carry.
const maxPageBytes = 32 << 20

// growAfter pages in a row that were stored the next one may be larger again.
const growAfter = 4

// sizer is the number of records that a page is asked for with. It is safe for
// concurrent use.
type sizer struct {
	most int

	mu     sync.Mutex
	now    int
	stored int // pages in a row
}

func newSizer(most int) *sizer { return &sizer{most: most, now: most} }

func (s *sizer) size() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// shrink halves the pages; false: they have one record already.
func (s *sizer) shrink() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stored = 0
	if s.now == 1 {
		return false
	}
	s.now /= 2
	return true
}

// grow doubles the pages; false: they are as large as may be.
func (s *sizer) grow() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.growLocked()
}

func (s *sizer) growLocked() bool {
	if s.now == s.most {
		return false
	}
	s.now = min(s.most, s.now*2)
	return true
}

// pageStored lets pages that were halved grow again.
func (s *sizer) pageStored() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stored++; s.stored >= growAfter {
		s.stored = 0
		s.growLocked()
	}
}

// page is a fetched page, or a part of one, on its way through the pipeline.
type page struct {
	from    int64
	started time.Time
	records []Outer
}

// split cuts a page into parts that are small enough, in order of seq: each
// part begins where the one before ends.
func (pg page) split(most int) []page {
	if sizeOf(pg.records) <= most {
		return []page{pg}
	}
	slices.SortStableFunc(pg.records, func(a, b Outer) int { return cmp.Compare(a.Seq, b.Seq) })
	var parts []page
	from, begin, size := pg.from, 0, 0
	for i, r := range pg.records {
		n := sizeOf(pg.records[i : i+1])
		if i > begin && size+n > most && r.Seq > pg.records[i-1].Seq && pg.records[i-1].Seq > from {
			parts = append(parts, page{from: from, started: pg.started, records: pg.records[begin:i]})
			from, begin, size = pg.records[i-1].Seq, i, 0
		}
		size += n
	}
	return append(parts, page{from: from, started: pg.started, records: pg.records[begin:]})
}

func sizeOf(records []Outer) int {
	n := 0
	for i := range records {
		n += len(records[i].ChatMsg) + len(records[i].JSON)
	}
	return n
}

// last is the largest seq of the page, or the cursor that it was asked for with.
func (pg page) last() int64 {
	last := pg.from
	for i := range pg.records {
		last = max(last, pg.records[i].Seq)
	}
	return last
}

// fetch sends pages until nothing is newer.
func (p *Puller) fetch(ctx context.Context, seq int64, sizes *sizer, pages chan<- page) (*Pull, error) {
	for {
		pg, limit := page{from: seq, started: p.Now()}, sizes.size()
		p.Step("fetch")
		var err error
		if pg.records, err = p.Source.Page(ctx, seq, limit); err != nil {
			return nil, err
		}
		received := len(pg.records)
		next := pg.last()
		if next == seq && received > 0 {
			if received >= limit && sizes.grow() {
				continue // something newer may stand behind what was repeated
			}
			if pg.records, err = p.unknown(ctx, pg.records); err != nil {
				return nil, err
			}
		}
		if len(pg.records) > 0 {
			if err := send(ctx, pages, pg.split(maxPageBytes)); err != nil {
				return nil, err
			}
		}
		switch {
		case next > seq:
			seq = next
		case received >= limit:
			return nil, &SourceError{Class: ClassRetry, Err: fmt.Errorf("WeCom answered %d messages after seq %d, none of them newer: it repeats itself", received, seq)}
		default:
			if received > 0 {
				slog.WarnContext(ctx, "WeCom repeated old messages", "seq", seq, "received", received, "unknown", len(pg.records))
			}
			return &Pull{StartedAt: pg.started, FinishedAt: p.Now(), Holder: p.Holder, FromSeq: seq, Calls: 1, Outcome: OutcomeEmpty}, nil
		}
	}
}

// unknown gives those records of an answer without anything newer that are not
// stored, or in quarantine only: they may be readable this time. The others are
// not worth opening again at every poll.
func (p *Puller) unknown(ctx context.Context, records []Outer) ([]Outer, error) {
	ids := make([]string, len(records))
	for i := range records {
		ids[i] = archive.MessageID(records[i].MsgID)
	}
	stored, err := p.Store.FindStored(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("look up repeated messages: %w", err)
	}
	var fresh []Outer
	for i, id := range ids {
		if !stored[id] {
			fresh = append(fresh, records[i])
		}
	}
	return fresh, nil
}

func send(ctx context.Context, to chan<- page, pages []page) error {
	for _, pg := range pages {
		select {
		case to <- pg:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
