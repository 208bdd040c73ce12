package wecomsim

import (
	"context"
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

// sayNext appends the next message of the live generator.
func (s *Sim) sayNext() (Message, error) {
	s.saying.Lock()
	defer s.saying.Unlock()
	_, _, n := s.stream.counts()
	r := s.company.corpus.Live(n, s.cfg.Now())
	return s.stream.append(newMessage{Body: r.JSON, Live: true})
}
