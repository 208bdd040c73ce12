package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"golang.org/x/sync/errgroup"
)

// Handler does the work of one kind of item.
type Handler func(ctx context.Context, item Item) error

// Store is what the runner needs of the database.
type Store interface {
	// ClaimItems marks up to n due items of the given kinds running and
	// returns them.
	ClaimItems(ctx context.Context, worker string, kinds []string, n int) ([]Item, error)
	// FinishItem records what became of a claimed item, unless it was rescued
	// meanwhile: then it belongs to whoever has it now.
	FinishItem(ctx context.Context, item Item, o Outcome) error
	// RescueItems puts items back whose worker has been silent for so long by
	// the database's clock, and discards those that have had all attempts.
	RescueItems(ctx context.Context, silent time.Duration) (int64, error)
	// NextItemIn tells how soon the next item of these kinds is due by the
	// database's clock; ok is false when there is none.
	NextItemIn(ctx context.Context, kinds []string) (in time.Duration, ok bool, err error)
	// TouchItem tells that the worker still works on the item; ok is false when
	// it was rescued meanwhile.
	TouchItem(ctx context.Context, item Item) (ok bool, err error)
	// PruneItems deletes completed items finished before.
	PruneItems(ctx context.Context, before time.Time) (int64, error)
}

const (
	pollInterval  = 2 * time.Second  // safety net beside NOTIFY
	rescueAfter   = 2 * time.Minute  // a worker that has not touched its item for so long is dead
	touchInterval = 20 * time.Second // how often running items are touched
	keepCompleted = 7 * 24 * time.Hour
	claimTimeout  = 10 * time.Second
	finishTimeout = 10 * time.Second
)

// Runner claims items and hands them to handlers.
type Runner struct {
	Store    Store
	Handlers map[string]Handler
	Wake     <-chan struct{} // an item was written; may be nil
	Workers  int             // items at a time; 0 means 4
	Worker   string          // name in outbox.claimed_by
	Now      func() time.Time
}

// errRescued ends a handler whose item was given to another worker: this one
// was silent for too long.
var errRescued = errors.New("the item has gone to another worker")

// Run works until ctx ends. Items in hand are then finished if they are quick,
// or put back uncounted.
func (r *Runner) Run(ctx context.Context) error {
	if r.Now == nil {
		r.Now = time.Now
	}
	if r.Workers == 0 {
		r.Workers = 4
	}
	slots := make(chan struct{}, r.Workers)
	var g errgroup.Group
	defer func() { _ = g.Wait() }()
	g.Go(func() error { r.housekeep(ctx); return nil })
	for ctx.Err() == nil {
		n, err := r.claimInto(ctx, &g, slots)
		if err != nil && ctx.Err() == nil {
			slog.ErrorContext(ctx, "outbox claim failed", "err", err)
		}
		if err == nil && n > 0 {
			continue
		}
		r.idle(ctx)
	}
	return nil
}

// claimInto claims as many items as there are free slots (waiting for one) and
// starts them.
func (r *Runner) claimInto(ctx context.Context, g *errgroup.Group, slots chan struct{}) (int, error) {
	select {
	case slots <- struct{}{}:
	case <-ctx.Done():
		return 0, nil
	}
	free := 1
	for free < r.Workers {
		select {
		case slots <- struct{}{}:
			free++
			continue
		default:
		}
		break
	}
	// A claim that is cut short may stand in the database all the same, and
	// its items would wait for a rescue: it is seen through, and what came too
	// late goes back.
	cctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), claimTimeout)
	defer cancel()
	items, err := r.Store.ClaimItems(cctx, r.Worker, r.kinds(), free)
	for range free - len(items) {
		<-slots
	}
	for i, item := range items {
		g.Go(func() error {
			if i < free { // what is more than was asked for has no slot to give back
				defer func() { <-slots }()
			}
			r.runItem(ctx, item)
			return nil
		})
	}
	return len(items), err
}

func (r *Runner) kinds() []string {
	kinds := make([]string, 0, len(r.Handlers))
	for k := range r.Handlers {
		kinds = append(kinds, k)
	}
	return kinds
}

// idle waits for a wake-up, the next due item or the poll interval.
func (r *Runner) idle(ctx context.Context) {
	wait := pollInterval
	if in, ok, err := r.Store.NextItemIn(ctx, r.kinds()); err == nil && ok {
		wait = min(wait, max(in, 10*time.Millisecond))
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-r.Wake:
	case <-t.C:
	}
}

// runItem runs one handler and records the outcome, also when ctx has ended.
func (r *Runner) runItem(ctx context.Context, item Item) {
	work, stopTouch := r.touch(ctx, item)
	err := r.call(work, item)
	rescued := errors.Is(context.Cause(work), errRescued)
	stopTouch()
	if rescued {
		slog.WarnContext(ctx, "outbox item left to the worker that has it now", "kind", item.Kind, "item", item.ID, "attempt", item.Attempt)
		return
	}
	o := outcome(item, err, ctx.Err() != nil)
	if o.Error != "" {
		slog.WarnContext(ctx, "outbox item failed", "kind", item.Kind, "item", item.ID, "attempt", item.Attempt, "state", o.State, "err", err)
	}
	fctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
	defer cancel()
	if err := r.Store.FinishItem(fctx, item, o); err != nil {
		slog.ErrorContext(ctx, "outbox item not recorded; it will run again", "kind", item.Kind, "item", item.ID, "err", err)
	}
}

func (r *Runner) call(ctx context.Context, item Item) (err error) {
	defer func() {
		if p := recover(); p != nil {
			slog.ErrorContext(ctx, "outbox handler panicked", "kind", item.Kind, "item", item.ID, "stack", string(debug.Stack()))
			err = fmt.Errorf("handler panicked")
		}
	}()
	if err := ctx.Err(); err != nil {
		return err
	}
	h, ok := r.Handlers[item.Kind]
	if !ok {
		return Permanent(fmt.Errorf("no handler for kind %q", item.Kind))
	}
	return h(ctx, item)
}

// touch keeps the item from being rescued while its handler runs. The handler's
// context ends when it was rescued all the same.
func (r *Runner) touch(ctx context.Context, item Item) (work context.Context, stop func()) {
	work, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		t := time.NewTicker(touchInterval)
		defer t.Stop()
		for {
			select {
			case <-work.Done():
				return
			case <-t.C:
			}
			ok, err := r.Store.TouchItem(work, item)
			switch {
			case work.Err() != nil:
			case err != nil:
				slog.WarnContext(ctx, "outbox touch failed", "item", item.ID, "err", err)
			case !ok:
				cancel(errRescued)
			}
		}
	}()
	return work, func() { cancel(nil); <-done }
}

// housekeep rescues items of dead workers and prunes old ones.
func (r *Runner) housekeep(ctx context.Context) {
	t := time.NewTicker(rescueAfter / 4)
	defer t.Stop()
	for {
		now := r.Now()
		if n, err := r.Store.RescueItems(ctx, rescueAfter); err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "outbox rescue failed", "err", err)
		} else if n > 0 {
			slog.WarnContext(ctx, "outbox items of a dead worker put back", "items", n)
		}
		if _, err := r.Store.PruneItems(ctx, now.Add(-keepCompleted)); err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "outbox prune failed", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}
