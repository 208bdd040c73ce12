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

// talk appends made-up messages at the rate, until ctx ends.
func (s *Sim) talk(ctx context.Context) error {
	var due time.Time // of the next message
	for {
		perMin, changed := s.rate.get()
		var tick <-chan time.Time
		if perMin > 0 {
			due = nextDue(due, time.Now(), perMin)
			tick = time.After(time.Until(due))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
			due = time.Time{}
		case <-tick:
			if _, err := s.sayNext(); err != nil {
				return err
			}
		}
	}
}

// mostBehind is how much talk is made up for after a pause.
const mostBehind = time.Second

// nextDue gives the time of the message after the one that was due last. What
// each message takes does not add up: the rate is kept. After a long pause it
// goes on from now.
func nextDue(last, now time.Time, perMin float64) time.Time {
	interval := time.Duration(float64(time.Minute) / perMin)
	if last.IsZero() {
		return now.Add(interval)
	}
	if due := last.Add(interval); now.Sub(due) <= mostBehind {
		return due
	}
	return now
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
