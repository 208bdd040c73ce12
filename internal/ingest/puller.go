package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"huicun/internal/archive"
	"huicun/internal/ingest/chatdata"
)

// Times of the puller.
const (
	leaseTTL      = 9 * time.Second
	leaseRetry    = leaseTTL / 3 // how often a puller without the lease asks for it
	firstBackoff  = 250 * time.Millisecond
	longestBack   = time.Minute
	waitOnLimit   = time.Minute     // frequency limit 45009
	waitOnStop    = 2 * time.Minute // configuration errors: no hammering, repeated wrong secrets block the address
	windowLength  = 5 * 24 * time.Hour
	releaseChunk  = 500
	recheckFailed = time.Hour // quarantine that failed with a key present is tried again so often
)

// Puller is the loop that keeps the archive up to date while it holds the
// lease. Any number may run; one pulls.
type Puller struct {
	Source      Source
	Store       Store
	Holder      string          // name of this process in the lease
	PageSize    int             // 1 to 1000; 0 means 1000
	Interval    time.Duration   // between polls when nothing is new; 0 means 10 s
	Wake        <-chan struct{} // pull now; may be nil
	KeysChanged <-chan struct{} // a private key arrived; may be nil
	Now         func() time.Time
	// Step is called between the steps of a pull with the step's name; tests
	// stop the process there. May be nil.
	Step func(step string)

	healer healer
}

// Run pulls until ctx ends, then gives the lease back.
func (p *Puller) Run(ctx context.Context) error {
	p.defaults()
	for ctx.Err() == nil {
		held, err := UnderLease(ctx, p.Store, LeasePull, p.Holder, leaseTTL, p.pullLoop)
		switch {
		case ctx.Err() != nil:
		case err != nil && held:
			slog.WarnContext(ctx, "pulling interrupted", "err", err)
			p.sleep(ctx, firstBackoff)
		case err != nil:
			slog.ErrorContext(ctx, "pull lease not readable", "err", err)
			p.sleep(ctx, leaseRetry)
		case !held:
			p.sleep(ctx, leaseRetry)
		}
	}
	return nil
}

func (p *Puller) defaults() {
	if p.PageSize == 0 {
		p.PageSize = 1000
	}
	if p.Interval == 0 {
		p.Interval = 10 * time.Second
	}
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.Step == nil {
		p.Step = func(string) {}
	}
}

// pullLoop alternates between catching up, looking after quarantine and
// waiting.
func (p *Puller) pullLoop(ctx context.Context, lease Lease) error {
	slog.InfoContext(ctx, "pull lease taken", "token", lease.Token)
	back, sizes := backoff{}, newSizer(p.PageSize)
	rel, turn := releaser{puller: p, lease: lease}, releaseTurn
	for ctx.Err() == nil {
		if err := rel.run(ctx, turn); err != nil {
			if ctx.Err() != nil || errors.Is(err, ErrLeaseLost) {
				return err
			}
			slog.WarnContext(ctx, "quarantine not tried; the stream goes on", "err", err)
		}
		n, err := p.catchUp(ctx, lease, sizes)
		turn = releaseTurn
		if n > 0 {
			back = backoff{} // it goes on, if with interruptions
		}
		var se *SourceError
		switch {
		case errors.Is(err, ErrLeaseLost), errors.Is(err, ErrCursorMoved), ctx.Err() != nil:
			return err
		case err == nil:
			back = backoff{}
			rel.again(p.wait(ctx, rel.pause(p.Interval), true))
			continue
		case !errors.As(err, &se):
			se = p.storeError(err, sizes)
		}
		wait := p.onSourceError(ctx, se, &back, sizes)
		turn = max(releaseTurn, wait)
		rel.again(p.wait(ctx, wait, se.Class != ClassStop && se.Class != ClassWait))
	}
	return ctx.Err()
}

// storeError words a failure of the database. Where that refused the content
// of a page, smaller pages tell the good from the bad.
func (p *Puller) storeError(err error, sizes *sizer) *SourceError {
	if errors.Is(err, ErrRefused) {
		sizes.shrink()
	}
	return &SourceError{Class: ClassStore, Err: fmt.Errorf("messages could not be stored: %w", err)}
}

// onSourceError records the failure and says how long to wait.
func (p *Puller) onSourceError(ctx context.Context, se *SourceError, back *backoff, sizes *sizer) time.Duration {
	slog.WarnContext(ctx, "pull failed", "class", string(se.Class), "code", se.Code, "err", se.Err)
	p.recordError(ctx, se)
	switch se.Class {
	case ClassTooLarge:
		if sizes.shrink() {
			return 0
		}
		return waitOnStop
	case ClassWait:
		p.healer.rest(p.Now())
		return waitOnLimit
	case ClassStop:
		return waitOnStop
	default:
		return back.next()
	}
}

// recordError notes the failure where huicun status finds it.
func (p *Puller) recordError(ctx context.Context, se *SourceError) {
	now := p.Now()
	st, err := p.Store.PullState(ctx)
	if err == nil {
		err = p.Store.RecordPull(ctx, Pull{
			StartedAt: now, FinishedAt: now, Holder: p.Holder, FromSeq: st.Seq, Calls: 1, Outcome: OutcomeError,
			ErrorClass: string(se.Class), ErrorCode: se.Code, Error: se.Error(),
		})
	}
	if err != nil && ctx.Err() == nil {
		slog.WarnContext(ctx, "pull not recorded", "err", err)
	}
}

// open decrypts a page.
func (p *Puller) open(ctx context.Context, pg page, st State) (Batch, error) {
	p.Step("open")
	records := pg.records
	tryable := make([]Outer, 0, len(records))
	for _, r := range records {
		if r.Broken == "" {
			tryable = append(tryable, r)
		}
	}
	opened, err := p.Source.Open(ctx, tryable)
	if err != nil {
		return Batch{}, err
	}
	b := Batch{FromSeq: pg.from, Received: len(records)}
	now, next := p.Now(), 0
	for _, r := range records {
		o := Opened{Reason: ReasonMalformed, Detail: r.Broken}
		if r.Broken == "" {
			o, next = opened[next], next+1
		}
		if o.Reason != "" {
			b.Quarantined = append(b.Quarantined, quarantined(r, o))
			continue
		}
		b.Messages = append(b.Messages, decode(r, o.Data, now))
	}
	b.FirstSeq, b.LastSeq, b.Gaps = span(records, pg.from, now, st)
	b.Pull = Pull{StartedAt: pg.started, FinishedAt: now, Holder: p.Holder, FromSeq: pg.from, Calls: 1, Received: len(records), Outcome: OutcomeStored}
	return b, nil
}

func quarantined(r Outer, o Opened) Quarantined {
	return Quarantined{
		ID: archive.MessageID(r.MsgID), Seq: r.Seq, MsgID: r.MsgID, PublicKeyVer: r.PublicKeyVer,
		Reason: o.Reason, Detail: o.Detail, OuterJSON: r.JSON,
	}
}

func decode(r Outer, raw []byte, now time.Time) archive.Decoded {
	return chatdata.Decode(chatdata.Outer{MsgID: r.MsgID, Seq: r.Seq, PublicKeyVer: r.PublicKeyVer, PulledAt: now}, raw)
}

// span gives the first and last seq of a page and the numbers skipped since
// from. Records need not be sorted.
func span(records []Outer, from int64, now time.Time, st State) (first, last int64, gaps []Gap) {
	seen := make(map[int64]bool, len(records))
	first, last = records[0].Seq, from
	for _, r := range records {
		seen[r.Seq] = true
		first, last = min(first, r.Seq), max(last, r.Seq)
	}
	prev := from
	for s := range sortedAfter(seen, from) {
		if s > prev+1 && prev > 0 {
			kind := GapSkipped
			if prev == st.Seq && st.LastSuccessAt != nil && now.Sub(*st.LastSuccessAt) > windowLength {
				kind = GapWindow
			}
			gaps = append(gaps, Gap{AfterSeq: prev, BeforeSeq: s, Kind: kind})
		}
		prev = s
	}
	return first, last, gaps
}

// save stores a page. A message that the database refuses, when no other is
// beside it, goes into quarantine: it holds up none of those behind it.
func (p *Puller) save(ctx context.Context, lease Lease, pg page, b Batch) error {
	p.Step("save")
	err := p.store(ctx, lease, b)
	if errors.Is(err, ErrRefused) && len(b.Messages) == 1 {
		m := b.Messages[0]
		slog.ErrorContext(ctx, "a message that opened cannot be stored; it goes into quarantine", "seq", m.Seq, "err", err)
		is := func(r Outer) bool { return r.Seq == m.Seq && archive.MessageID(r.MsgID) == m.ID }
		if i := slices.IndexFunc(pg.records, is); i >= 0 {
			b.Messages, b.Quarantined = nil, append(b.Quarantined, quarantined(pg.records[i], notStorable))
			err = p.store(ctx, lease, b)
		}
	}
	if err != nil {
		return err
	}
	p.Step("saved")
	return nil
}

// store stores one batch, making room for its months first.
func (p *Puller) store(ctx context.Context, lease Lease, b Batch) error {
	times := make([]time.Time, len(b.Messages))
	for i := range b.Messages {
		times[i] = b.Messages[i].SentAt
	}
	if err := p.Store.EnsurePartitions(ctx, times...); err != nil {
		return err
	}
	saved, err := p.Store.SaveBatch(ctx, lease, b)
	if err != nil {
		return fmt.Errorf("save batch after seq %d: %w", b.FromSeq, err)
	}
	slog.InfoContext(ctx, "batch stored", "from_seq", b.FromSeq, "to_seq", b.LastSeq,
		"added", saved.Added, "quarantined", saved.Quarantined, "duplicates", saved.Duplicates)
	return nil
}

// wait pauses for d, or less when woken; it reports whether keys changed.
func (p *Puller) wait(ctx context.Context, d time.Duration, wakeable bool) (keysChanged bool) {
	var wake <-chan struct{}
	if wakeable {
		wake = p.Wake
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-wake:
	case <-p.KeysChanged:
		return true
	case <-t.C:
	}
	return false
}

func (p *Puller) sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// backoff doubles from a quarter of a second to a minute.
type backoff struct{ d time.Duration }

func (b *backoff) next() time.Duration {
	if b.d == 0 {
		b.d = firstBackoff
	} else {
		b.d = min(b.d*2, longestBack)
	}
	return b.d
}
