package wecomsim

import (
	"fmt"
	"sync"
)

// Message is one message of the archive, as the simulator knows it.
type Message struct {
	Seq        uint64
	MsgID      string
	KeyVersion uint32 // publickey_ver
	Body       []byte // the decrypted JSON, byte for byte
}

// newMessage is what is to be appended.
type newMessage struct {
	Body    []byte
	Live    bool // made by the live generator
	Skipped int  // how many turns of the live generator were left out before this one
}

// messageEntry is an appended message in the journal.
type messageEntry struct {
	MsgID string `json:"msgid"`
	Body  []byte `json:"body"`
	Live  bool   `json:"live,omitempty"`
	// Skipped counts the live generator's turns that were left out before.
	Skipped int `json:"skipped,omitempty"`
}

// stream is the archive: what existed at the start, then what was appended. It
// is safe for concurrent use.
type stream struct {
	start   uint64 // seq of the first message
	base    source
	journal *journal
	keys    *keyRing

	mu      sync.RWMutex
	added   []record
	live    int           // how many of added the live generator made
	turn    int           // the live generator's next turn: live and those left out
	changed chan struct{} // closed when something is appended
}

func newStream(start uint64, base source, keys *keyRing) *stream {
	return &stream{start: start, base: base, keys: keys, changed: make(chan struct{})}
}

// replay takes over an entry of the journal.
func (s *stream) replay(e messageEntry) {
	s.added = append(s.added, record{MsgID: e.MsgID, Body: e.Body})
	s.countLocked(e)
}

// countLocked notes what an appended message means to the live generator.
func (s *stream) countLocked(e messageEntry) {
	if e.Live {
		s.live++
		s.turn += 1 + e.Skipped
	}
}

// nextTurn is the turn that the live generator comes to next.
func (s *stream) nextTurn() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.turn
}

// append stores a message at the end of the stream.
func (s *stream) append(m newMessage) (Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seq := s.nextLocked()
	r := record{MsgID: msgIDOf(m.Body, seq), Body: m.Body}
	e := messageEntry{MsgID: r.MsgID, Body: r.Body, Live: m.Live, Skipped: m.Skipped}
	if err := s.journal.write(entry{Message: &e}); err != nil {
		return Message{}, err
	}
	s.added = append(s.added, r)
	s.countLocked(e)
	close(s.changed)
	s.changed = make(chan struct{})
	return s.message(seq, r), nil
}

// next is the seq that the next message will get.
func (s *stream) next() uint64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.nextLocked()
}

func (s *stream) nextLocked() uint64 {
	return s.start + uint64(s.base.Len()) + uint64(len(s.added))
}

// atNext calls do with the seq of the next message; nothing is appended
// meanwhile.
func (s *stream) atNext(do func(next uint64) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return do(s.nextLocked())
}

// counts gives the number of messages at the start, appended, and among these
// the ones of the live generator.
func (s *stream) counts() (base, added, live int) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.base.Len(), len(s.added), s.live
}

// wait gives a channel that is closed at the next append.
func (s *stream) wait() <-chan struct{} {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.changed
}

// from gives at most limit messages with seq and up, in order.
func (s *stream) from(seq uint64, limit int) ([]Message, error) {
	s.mu.RLock()
	added, next := s.added, s.nextLocked() // elements are never changed
	s.mu.RUnlock()
	seq = max(seq, s.start)
	if seq >= next {
		return nil, nil
	}
	n := min(uint64(limit), next-seq)
	out := make([]Message, 0, n)
	for ; n > 0; n-- {
		r, err := s.record(seq, added)
		if err != nil {
			return nil, err
		}
		out = append(out, s.message(seq, r))
		seq++
	}
	return out, nil
}

func (s *stream) record(seq uint64, added []record) (record, error) {
	i := seq - s.start
	if n := uint64(s.base.Len()); i >= n {
		return added[i-n], nil
	}
	r, err := s.base.Record(int(i))
	if err != nil {
		return record{}, fmt.Errorf("wecomsim: message %d: %w", seq, err)
	}
	return r, nil
}

func (s *stream) message(seq uint64, r record) Message {
	return Message{Seq: seq, MsgID: r.MsgID, KeyVersion: s.keys.versionAt(seq), Body: r.Body}
}
