package wecomsim

import (
	"math"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"

	"huicun/internal/fault"
)

// hold keeps messages back until they are released, encrypted before that, so
// that whoever measures the other side does not measure the simulator too. Its
// zero value holds nothing back.
type hold struct {
	mu     sync.Mutex
	on     bool
	before uint64                   // seq before the first message
	last   uint64                   // newest seq that was released
	sealed map[uint64]sealedMessage // what the last release prepared
}

// cut gives how many of limit messages after seq may be given out.
func (h *hold) cut(seq uint64, limit int) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.on || h.last == math.MaxUint64 {
		return limit
	}
	seq = max(seq, h.before)
	if seq >= h.last {
		return 0
	}
	return int(min(uint64(limit), h.last-seq))
}

// prepared gives the message as it was encrypted ahead, if it was.
func (h *hold) prepared(seq uint64) (sealedMessage, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	m, ok := h.sealed[seq]
	return m, ok
}

// releaseRequest is the body of POST /sim/release.
type releaseRequest struct {
	ToSeq uint64 `json:"to_seq"` // newest message to let out; 0 = all, now and later
}

// releaseAnswer tells what was let out.
type releaseAnswer struct {
	Released int `json:"released"`
	Bytes    int `json:"bytes"` // of plaintext
}

// postRelease lets messages out, after encrypting them on all cores. What it
// encrypted stays in memory until the next release.
func (s *Sim) postRelease(q releaseRequest) (any, error) {
	if !s.cfg.Hold {
		return nil, fault.Conflict("start wecomsim with -hold to hold messages back")
	}
	s.hold.mu.Lock()
	first := max(s.hold.last+1, s.cfg.StartSeq)
	s.hold.mu.Unlock()
	if q.ToSeq == 0 {
		s.hold.release(math.MaxUint64, nil)
		return releaseAnswer{}, nil
	}
	if q.ToSeq < first || q.ToSeq >= s.stream.next() {
		return nil, fault.Invalid("to_seq", "must be %d..%d", first, s.stream.next()-1)
	}
	page, err := s.stream.from(first, int(q.ToSeq-first+1))
	if err != nil {
		return nil, err
	}
	sealed, err := s.sealAll(page)
	if err != nil {
		return nil, err
	}
	s.hold.release(q.ToSeq, sealed)
	return releaseAnswer{Released: len(page), Bytes: pageBytes(page)}, nil
}

func (h *hold) release(last uint64, sealed map[uint64]sealedMessage) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last, h.sealed = last, sealed
}

// sealAll encrypts messages on all cores.
func (s *Sim) sealAll(page []Message) (map[uint64]sealedMessage, error) {
	done := make([]sealedMessage, len(page))
	var g errgroup.Group
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		g.Go(func() (err error) {
			for i := w; i < len(page) && err == nil; i += workers {
				done[i], err = s.seal(page[i])
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	sealed := make(map[uint64]sealedMessage, len(done))
	for _, m := range done {
		sealed[m.Seq] = m
	}
	return sealed, nil
}
