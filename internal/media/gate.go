package media

import (
	"context"
	"sync"
	"time"
)

// Pauses of all workers, by class: they double while nothing goes well.
var pauses = map[Class]struct{ first, longest time.Duration }{
	ClassWait:  {time.Minute, 10 * time.Minute},
	ClassStop:  {time.Minute, 10 * time.Minute},
	ClassStore: {15 * time.Second, 5 * time.Minute},
}

// gate lets all workers pass, or none for a while.
type gate struct {
	mu    sync.Mutex
	until time.Time     // closed until then
	pause time.Duration // the last one; 0: all is well
}

// close closes the gate for the pause of a class and tells how long it stays
// closed. Who comes late, while it is closed, changes nothing.
func (g *gate) close(now time.Time, c Class) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	if left := g.until.Sub(now); left > 0 {
		return left
	}
	g.pause = min(max(2*g.pause, pauses[c].first), pauses[c].longest)
	g.until = now.Add(g.pause)
	return g.pause
}

// well says that the work goes well again.
func (g *gate) well() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pause = 0
}

// wait returns once the gate is open, or with the error of ctx.
func (g *gate) wait(ctx context.Context, now func() time.Time) error {
	for {
		g.mu.Lock()
		left := g.until.Sub(now())
		g.mu.Unlock()
		if left <= 0 {
			return ctx.Err()
		}
		if err := sleep(ctx, left); err != nil {
			return err
		}
	}
}

// sleep waits for d, or returns the error of ctx.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
