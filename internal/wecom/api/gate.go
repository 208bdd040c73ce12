package api

import (
	"context"
	"sync"
	"time"
)

// Pauses after WeCom's frequency limit: the minute's block, and, when it says
// so again, the hour's (developer.work.weixin.qq.com/document/path/90312).
const (
	pauseMinute = time.Minute
	pauseHour   = time.Hour
)

// gate bounds the calls of one API: so many at a time, none while it is
// blocked for too many calls.
type gate struct {
	slots chan struct{}

	mu        sync.Mutex
	openAt    time.Time
	pause     time.Duration // of the last block; 0 after a success
	pauseCode int
}

func newGate() *gate { return &gate{slots: make(chan struct{}, maxParallel)} }

func (c *Client) gate(op string) *gate {
	c.mu.Lock()
	defer c.mu.Unlock()
	g, ok := c.gates[op]
	if !ok {
		g = newGate()
		c.gates[op] = g
	}
	return g
}

// enter waits for a slot.
func (g *gate) enter(ctx context.Context) error {
	select {
	case g.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g *gate) leave() { <-g.slots }

// closed gives how long the gate stays closed and the code that closed it.
func (g *gate) closed(now time.Time) (time.Duration, int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.openAt.Sub(now), g.pauseCode
}

// limited closes the gate after a frequency error and gives for how long.
// Calls that were under way together count once.
func (g *gate) limited(now time.Time, code int) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	if left := g.openAt.Sub(now); left > 0 {
		return left
	}
	if g.pause == 0 {
		g.pause = pauseMinute
	} else {
		g.pause = pauseHour
	}
	g.openAt, g.pauseCode = now.Add(g.pause), code
	return g.pause
}

// passed says that a call went through: the next block is a first one again.
func (g *gate) passed(now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !now.Before(g.openAt) {
		g.pause = 0
	}
}
