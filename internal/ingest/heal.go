package ingest

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"huicun/internal/archive"
)

// Bounds of asking again. The calls count towards WeCom's frequency limit, 600
// a minute in its older documents: with a wrong private key all that is in
// quarantine would be asked for, and the stream refused with 45009.
const (
	healCalls = 60          // between two passes over all of quarantine, an hour
	healEvery = time.Second // at most one call
)

// healer remembers records that have their key and did not open. As long as
// WeCom keeps them, what was damaged on its way comes whole when asked for
// again. It is safe for concurrent use.
type healer struct {
	mu      sync.Mutex
	begun   time.Time // of the budget
	left    int       // calls
	next    time.Time // no call before
	waiting []Quarantined
}

// renew gives the budget of another pass.
func (h *healer) renew(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.begun.IsZero() || now.Sub(h.begun) >= recheckFailed {
		h.begun, h.left = now, healCalls
	}
}

// note remembers those records that may come whole, as far as the budget goes;
// those beyond it have another chance at the next pass.
func (h *healer) note(records []Quarantined, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, q := range records {
		if len(h.waiting) >= h.left {
			return
		}
		same := func(w Quarantined) bool { return w.ID == q.ID }
		if q.healable(now) && !slices.ContainsFunc(h.waiting, same) {
			q.OuterJSON = nil // not needed again
			h.waiting = append(h.waiting, q)
		}
	}
}

// healable reports whether WeCom may still have the record, and better.
func (q Quarantined) healable(now time.Time) bool {
	damaged := q.Reason == ReasonKeyWrong || q.Reason == ReasonDecryptFailed && q.Detail != DetailRefused
	return damaged && q.Seq > 0 && (q.ReceivedAt.IsZero() || now.Sub(q.ReceivedAt) < windowLength)
}

// take gives the record to ask for now, if any.
func (h *healer) take(now time.Time) (Quarantined, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.waiting) == 0 || now.Before(h.next) {
		return Quarantined{}, false
	}
	q := h.waiting[0]
	h.waiting = h.waiting[1:]
	h.left--
	h.next = now.Add(healEvery)
	return q, true
}

// rest lets a minute pass before the next call.
func (h *healer) rest(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.next = now.Add(waitOnLimit)
}

// pause is d, or less when there is something to ask for before.
func (h *healer) pause(now time.Time, d time.Duration) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.waiting) == 0 {
		return d
	}
	return max(0, min(d, h.next.Sub(now)))
}

// heal asks once more for one record, and stores it if it comes whole. Where it
// does not, it stays as it is.
func (r *releaser) heal(ctx context.Context) error {
	p := r.puller
	q, ok := p.healer.take(p.Now())
	if !ok {
		return nil
	}
	fresh, err := p.Source.Page(ctx, q.Seq-1, 1)
	if err != nil {
		if ctx.Err() == nil {
			slog.WarnContext(ctx, "a damaged message could not be asked for again", "seq", q.Seq, "err", err)
		}
		p.healer.rest(p.Now())
		return nil // the stream meets the same, and says so
	}
	if len(fresh) != 1 || fresh[0].Seq != q.Seq || fresh[0].MsgID != q.MsgID || fresh[0].Broken != "" {
		return nil
	}
	opened, err := p.Source.Open(ctx, fresh)
	if err != nil || opened[0].Reason != "" {
		return err
	}
	slog.WarnContext(ctx, "a damaged message was asked for again and came whole", "seq", q.Seq, "was", q.Reason)
	return r.release(ctx, []archive.Decoded{decode(fresh[0], opened[0].Data, p.Now())}, fresh, nil)
}
