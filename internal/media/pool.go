package media

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// pool runs work that is claimed from the database, some at a time.
type pool struct {
	workers int
	wake    <-chan struct{} // something may be due; may be nil
	next    func(ctx context.Context) (time.Duration, bool, error)
	claim   func(ctx context.Context) (work func(context.Context), err error) // nil: nothing is due
}

// run claims and works until ctx ends and what is in hand has returned.
func (p *pool) run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	slots := make(chan struct{}, p.workers)
	for {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		work, err := p.claim(ctx)
		if work == nil {
			<-slots
			if err != nil && ctx.Err() == nil {
				slog.ErrorContext(ctx, "media claim failed", "err", err)
			}
			p.idle(ctx)
			continue
		}
		wg.Go(func() {
			defer func() { <-slots }()
			work(ctx)
		})
	}
}

// idle waits for a wake-up, the next that is due, or the poll interval.
func (p *pool) idle(ctx context.Context) {
	wait := pollInterval
	if in, ok, err := p.next(ctx); err == nil && ok {
		wait = min(wait, max(in, 50*time.Millisecond))
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-p.wake:
	case <-t.C:
	}
}

// seen calls a claim and sees it through: one that is cut short may stand in the
// database all the same.
func seen[T any](ctx context.Context, claim func(context.Context) (T, bool, error)) (T, bool, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	return claim(ctx)
}

// errLost ends work whose claim ran out.
var errLost = errors.New("the claim was lost")

// hold keeps a claim while its work is done. The context ends with errLost when
// the claim is gone, or was not kept for so long that it may be.
func hold(ctx context.Context, lease time.Duration, keep func(context.Context) (bool, error)) (held context.Context, done func()) {
	held, cancel := context.WithCancelCause(ctx)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		kept := time.Now()
		t := time.NewTicker(lease / 4)
		defer t.Stop()
		for {
			select {
			case <-held.Done():
				return
			case <-t.C:
			}
			ok, err := keep(held)
			switch {
			case held.Err() != nil:
				return
			case err == nil && ok:
				kept = time.Now()
			case err == nil || time.Since(kept) > lease*3/4:
				cancel(errLost)
			default:
				slog.WarnContext(ctx, "media claim not renewed", "err", err)
			}
		}
	}()
	return held, func() { cancel(nil); <-stopped }
}
