package wecomsim

import (
	"maps"
	"sync"
)

// counters are the figures of GET /sim/stats.
type counters struct {
	mu        sync.Mutex
	calls     map[string]int
	delivered int // callbacks that were answered with 200
	failed    int // callbacks given up
	pulled    uint64
}

func newCounters() *counters { return &counters{calls: map[string]int{}} }

// maxPaths bounds the number of different paths counted.
const maxPaths = 200

func (c *counters) call(path string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.calls[path]; !known && len(c.calls) >= maxPaths {
		path = "other"
	}
	c.calls[path]++
}

func (c *counters) callback(ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ok {
		c.delivered++
	} else {
		c.failed++
	}
}

// served notes the newest seq that was ever given out.
func (c *counters) served(seq uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pulled = max(c.pulled, seq)
}

// callbackStats are the results of deliveries.
type callbackStats struct {
	Delivered int `json:"delivered"`
	Failed    int `json:"failed"`
}

func (c *counters) snapshot() (calls map[string]int, cb callbackStats, pulled uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.calls), callbackStats{c.delivered, c.failed}, c.pulled
}
