package audit

import (
	"context"
	"sync"
	"time"
)

// Store keeps the log.
type Store interface {
	// SaveAuditEntry appends one entry.
	SaveAuditEntry(ctx context.Context, e Entry) error
}

// maxMarks bounds the memory of what was recorded lately: about 100 bytes each.
const maxMarks = 100_000

// Recorder writes entries of reads, which have no transaction of their own.
// Changes are recorded by the store, in the transaction that makes them.
type Recorder struct {
	Store  Store
	Window time.Duration    // RecordOnce: one entry in so long; zero means 10 minutes
	Now    func() time.Time // nil: time.Now

	mu    sync.Mutex
	marks map[mark]time.Time
}

// mark is what two entries have in common that count as one.
type mark struct{ actor, action, object string }

// Record writes e. A caller whose entry cannot be written does not go on: what
// was not recorded was not done.
func (r *Recorder) Record(ctx context.Context, e Entry) error {
	return r.Store.SaveAuditEntry(ctx, e)
}

// RecordOnce writes e unless the same actor did the same to the same object
// within the window. The memory of it is that of the process: each replica
// writes its own first entry.
func (r *Recorder) RecordOnce(ctx context.Context, e Entry) error {
	m := mark{actor: e.Actor, action: e.Action, object: e.Object}
	if !r.begin(m) {
		return nil
	}
	if err := r.Record(ctx, e); err != nil {
		r.forget(m)
		return err
	}
	return nil
}

// RecordFirst writes e always, and counts as what RecordOnce looks for.
func (r *Recorder) RecordFirst(ctx context.Context, e Entry) error {
	m := mark{actor: e.Actor, action: e.Action, object: e.Object}
	r.begin(m)
	if err := r.Record(ctx, e); err != nil {
		r.forget(m)
		return err
	}
	return nil
}

// begin marks m as recorded now; false when it was within the window.
func (r *Recorder) begin(m mark) bool {
	now, window := r.clock()
	r.mu.Lock()
	defer r.mu.Unlock()
	if at, ok := r.marks[m]; ok && now.Sub(at) < window {
		return false
	}
	if r.marks == nil || len(r.marks) >= maxMarks {
		r.prune(now, window)
	}
	r.marks[m] = now
	return true
}

// prune drops marks that have run out, and all of them when none has: an entry
// too many is better than memory without bound.
func (r *Recorder) prune(now time.Time, window time.Duration) {
	kept := make(map[mark]time.Time)
	for m, at := range r.marks {
		if now.Sub(at) < window {
			kept[m] = at
		}
	}
	if len(kept) >= maxMarks {
		clear(kept)
	}
	r.marks = kept
}

func (r *Recorder) forget(m mark) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.marks, m)
}

func (r *Recorder) clock() (time.Time, time.Duration) {
	window := r.Window
	if window == 0 {
		window = 10 * time.Minute
	}
	if r.Now == nil {
		return time.Now(), window
	}
	return r.Now(), window
}
