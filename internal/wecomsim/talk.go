package wecomsim

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"huicun/internal/fault"
)

const maxRate = 60000 // messages a minute

// rateControl is the rate of new made-up messages; it can be turned while they
// come.
type rateControl struct {
	mu      sync.Mutex
	perMin  float64
	changed chan struct{}
}

func newRateControl(perMin float64) *rateControl {
	return &rateControl{perMin: perMin, changed: make(chan struct{})}
}

// get gives the rate and a channel that is closed when it changes.
func (r *rateControl) get() (perMin float64, changed <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.perMin, r.changed
}

func (r *rateControl) set(perMin float64) error {
	if !(perMin >= 0 && perMin <= maxRate) { // also refuses NaN
		return fault.Invalid("per_minute", "must be 0..%d", maxRate)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.perMin = perMin
	close(r.changed)
	r.changed = make(chan struct{})
	return nil
}

// talk appends a made-up message at each tick of the rate, until ctx ends.
func (s *Sim) talk(ctx context.Context) error {
	for {
		perMin, changed := s.rate.get()
		var tick <-chan time.Time
		if perMin > 0 {
			tick = time.After(time.Duration(float64(time.Minute) / perMin))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		case <-tick:
			if _, err := s.sayNext(); err != nil {
				return err
			}
		}
	}
}

// sayNext appends the next message of the live generator. It leaves out the
// turns of pairs that are parted; groups go on, so there is always a next one.
func (s *Sim) sayNext() (Message, error) {
	s.saying.Lock()
	defer s.saying.Unlock()
	n, now := s.stream.nextTurn(), s.now(kindMessageClock)
	for skipped := 0; ; skipped++ {
		r := s.company.corpus.Live(n+skipped, now)
		if s.directory.silences(r.JSON) {
			continue
		}
		return s.append(newMessage{Body: r.JSON, Live: true, Skipped: skipped})
	}
}

// silences tells whether a message of two people cannot be sent because one of
// them has deleted the other.
func (d *directory) silences(body []byte) bool {
	var h header
	if json.Unmarshal(body, &h) != nil || h.RoomID != "" || len(h.ToList) != 1 {
		return false
	}
	return d.areParted(h.From, h.ToList[0]) || d.areParted(h.ToList[0], h.From)
}
