package wecomsim

import (
	"encoding/binary"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Fault is one thing that goes wrong on demand. Which parameters a kind takes,
// and what a zero stands for, is in the table of docs/wecomsim.md.
type Fault struct {
	Kind string `json:"kind"`

	// When it strikes. Chances are counted from 1 for each fault on its own: calls,
	// messages or events, as the kind says. Without any of these it strikes each time.
	After       int     `json:"after,omitempty"`       // the first chances pass unharmed
	Every       int     `json:"every,omitempty"`       // of the rest only each n-th; 0 = all
	Probability float64 `json:"probability,omitempty"` // of these only so many, drawn from the seed; 0 = all
	Times       int     `json:"times,omitempty"`       // stop after so many; 0 = never

	// What it does.
	Path    string `json:"path,omitempty"`     // calls below /cgi-bin/ that it concerns, "*" at the end for a prefix; "" = all
	Code    int    `json:"code,omitempty"`     // errcode or HTTP status
	Bytes   int    `json:"bytes,omitempty"`    // where to cut, or bytes a second
	DelayMS int    `json:"delay_ms,omitempty"` // milliseconds
	Count   int    `json:"count,omitempty"`    // messages, numbers or receivers
	Seconds int    `json:"seconds,omitempty"`  // of a clock or a window
}

// concerns tells whether a call belongs to the fault. path is that of the
// request; "" = the kind has nothing to do with calls.
func (f Fault) concerns(path string) bool {
	want, prefix := strings.CutSuffix(strings.TrimPrefix(f.Path, apiRoot), "*")
	if want == "" {
		return true
	}
	path = strings.TrimPrefix(path, apiRoot)
	return path == want || prefix && strings.HasPrefix(path, want)
}

// activeFault is a fault that is switched on, and what it has done.
type activeFault struct {
	Fault
	id       int
	lane     uint64 // tells faults of one set apart when numbers are drawn
	seen     int    // chances so far
	struck   int
	accepted int // forged or replayed callbacks that were answered with 200
	files    map[string]bool
}

// hit is one stroke of a fault.
type hit struct {
	Fault
	roll  uint64 // drawn from the seed, another at each stroke
	owner *activeFault
}

// faultSet decides when faults strike. The same set with the same seed strikes
// at the same chances. It is safe for concurrent use.
type faultSet struct {
	mu      sync.Mutex
	seed    uint64
	active  []*activeFault
	strokes map[string]int // by kind, since the start of the program
	lastID  int
}

func newFaultSet(seed uint64, faults []Fault) *faultSet {
	s := &faultSet{strokes: map[string]int{}}
	s.replace(seed, faults)
	return s
}

// replace puts other faults in the place of all; their chances count from 1.
func (s *faultSet) replace(seed uint64, faults []Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seed, s.active = seed, nil
	for _, f := range faults {
		s.addLocked(f)
	}
}

// add switches one more fault on and leaves the others as they are.
func (s *faultSet) add(f Fault) (id int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addLocked(f)
}

func (s *faultSet) addLocked(f Fault) int {
	s.lastID++
	nth := uint64(0)
	for _, a := range s.active {
		if a.Kind == f.Kind {
			nth++
		}
	}
	s.active = append(s.active, &activeFault{Fault: f, id: s.lastID, lane: mix(hashOf(f.Kind), nth), files: map[string]bool{}})
	return s.lastID
}

// remove switches one fault off; false = there is none with this id.
func (s *faultSet) remove(id int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.active)
	s.active = slices.DeleteFunc(s.active, func(a *activeFault) bool { return a.id == id })
	return len(s.active) < before
}

// none tells that nothing is switched on.
func (s *faultSet) none() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.active) == 0
}

// strike tells whether a fault of a kind strikes now. path is that of the call
// that gives the chance, or "". Of several that could, the first does.
func (s *faultSet) strike(kind, path string) (hit, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found hit
	for _, a := range s.active {
		if a.Kind != kind || !a.concerns(path) {
			continue
		}
		a.seen++
		roll := mix(s.seed, a.lane, uint64(a.seen))
		if found.owner == nil && a.due(roll) {
			a.struck++
			s.strokes[kind]++
			found = hit{Fault: a.Fault, roll: mix(roll, 1), owner: a}
		}
	}
	return found, found.owner != nil
}

// due decides about the chance that has just been counted.
func (a *activeFault) due(roll uint64) bool {
	n := a.seen - a.After
	switch {
	case n <= 0, a.Every > 1 && n%a.Every != 0, a.Times > 0 && a.struck >= a.Times:
		return false
	default:
		return a.Probability == 0 || unit(roll) < a.Probability
	}
}

// lasting gives the sum of the seconds of a kind that holds as long as it is
// switched on; ok = there is one.
func (s *faultSet) lasting(kind string) (seconds int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.active {
		if a.Kind == kind {
			seconds, ok = seconds+a.Seconds, true
		}
	}
	return seconds, ok
}

// skew is how far a clock is off.
func (s *faultSet) skew(kind string) time.Duration {
	seconds, _ := s.lasting(kind)
	return time.Duration(seconds) * time.Second
}

// accepted notes that a receiver took what it should have refused.
func (s *faultSet) accepted(h hit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h.owner.accepted++
}

// faultState is an active fault as GET /sim/faults shows it.
type faultState struct {
	ID int `json:"id"`
	Fault
	Seen     int `json:"seen"`
	Struck   int `json:"struck"`
	Accepted int `json:"accepted"`
}

// snapshot gives the seed, what is switched on, and how often each kind struck
// since the start.
func (s *faultSet) snapshot() (seed uint64, active []faultState, strokes map[string]int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	active = make([]faultState, 0, len(s.active))
	for _, a := range s.active {
		active = append(active, faultState{a.id, a.Fault, a.seen, a.struck, a.accepted})
	}
	return s.seed, active, maps.Clone(s.strokes)
}

// mix draws a number from others (splitmix64).
func mix(of ...uint64) uint64 {
	var z uint64
	for _, n := range of {
		z += n + 0x9e3779b97f4a7c15
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		z ^= z >> 31
	}
	return z
}

// unit turns a drawn number into one of 0..1, 1 excluded.
func unit(n uint64) float64 { return float64(n>>11) / (1 << 53) }

// hashOf turns a name into a number.
func hashOf(text string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text)) // never fails
	return binary.BigEndian.Uint64(h.Sum(nil))
}
