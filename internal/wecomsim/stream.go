package wecomsim

import (
	"fmt"
	"sort"
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
	MsgID   string // "" = the one in Body
	Gap     int    // how many seqs are left out before this one
	Live    bool   // made by the live generator
	Skipped int    // how many turns of the live generator were left out before this one
}

// messageEntry is an appended message in the journal.
type messageEntry struct {
	MsgID string `json:"msgid"`
	Body  []byte `json:"body"`
	Live  bool   `json:"live,omitempty"`
	// Skipped counts the live generator's turns that were left out before.
	Skipped int `json:"skipped,omitempty"`
	Gap     int `json:"gap,omitempty"` // seqs left out before this one
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
	jumps   []jump        // where seqs are left out, in order
	live    int           // how many of added the live generator made
	turn    int           // the live generator's next turn: live and those left out
	changed chan struct{} // closed when something is appended
}

// jump says that seqs are left out before a message.
type jump struct {
	index   int    // of the message, from 0
	skipped uint64 // seqs left out from the start of the stream up to here
}

func newStream(start uint64, base source, jumps []jump, keys *keyRing) *stream {
	return &stream{start: start, base: base, jumps: jumps, keys: keys, changed: make(chan struct{})}
}

// replay takes over an entry of the journal.
func (s *stream) replay(e messageEntry) {
	s.jumps = appendJump(s.jumps, s.lenLocked(), e.Gap)
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
	seq := s.nextLocked() + uint64(m.Gap)
	r := record{MsgID: m.MsgID, Body: m.Body}
	if r.MsgID == "" {
		r.MsgID = msgIDOf(m.Body, seq)
	}
	e := messageEntry{MsgID: r.MsgID, Body: r.Body, Live: m.Live, Skipped: m.Skipped, Gap: m.Gap}
	if err := s.journal.write(entry{Message: &e}); err != nil {
		return Message{}, err
	}
	s.jumps = appendJump(s.jumps, s.lenLocked(), m.Gap)
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

func (s *stream) nextLocked() uint64 { return seqAt(s.start, s.jumps, s.lenLocked()) }

func (s *stream) lenLocked() int { return s.base.Len() + len(s.added) }

// appendJump notes that gap seqs are left out before message i.
func appendJump(jumps []jump, i, gap int) []jump {
	if gap == 0 {
		return jumps
	}
	skipped := uint64(gap)
	if n := len(jumps); n > 0 {
		skipped += jumps[n-1].skipped
	}
	return append(jumps, jump{index: i, skipped: skipped})
}

// seqAt gives the seq of message i of a stream.
func seqAt(start uint64, jumps []jump, i int) uint64 {
	seq := start + uint64(i)
	if n := sort.Search(len(jumps), func(j int) bool { return jumps[j].index > i }); n > 0 {
		seq += jumps[n-1].skipped
	}
	return seq
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
	v := s.view()
	return v.read(v.index(seq), limit)
}

// before gives at most limit messages with smaller seqs than seq, in order.
func (s *stream) before(seq uint64, limit int) ([]Message, error) {
	v := s.view()
	end := v.index(seq)
	first := max(end-limit, 0)
	return v.read(first, end-first)
}

// streamView is the stream at one moment; what it refers to never changes.
type streamView struct {
	*stream
	added []record
	jumps []jump
}

func (s *stream) view() streamView {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return streamView{s, s.added, s.jumps}
}

func (v streamView) len() int { return v.base.Len() + len(v.added) }

// index gives the first message with seq or more.
func (v streamView) index(seq uint64) int {
	return sort.Search(v.len(), func(i int) bool { return seqAt(v.start, v.jumps, i) >= seq })
}

// read gives at most limit messages from message first on.
func (v streamView) read(first, limit int) ([]Message, error) {
	n := min(limit, v.len()-first)
	if n <= 0 {
		return nil, nil
	}
	out := make([]Message, 0, n)
	for i := first; i < first+n; i++ {
		seq := seqAt(v.start, v.jumps, i)
		r, err := v.record(i, seq)
		if err != nil {
			return nil, err
		}
		out = append(out, v.message(seq, r))
	}
	return out, nil
}

func (v streamView) record(i int, seq uint64) (record, error) {
	if n := v.base.Len(); i >= n {
		return v.added[i-n], nil
	}
	r, err := v.base.Record(i)
	if err != nil {
		return record{}, fmt.Errorf("wecomsim: message %d: %w", seq, err)
	}
	return r, nil
}

func (s *stream) message(seq uint64, r record) Message {
	return Message{Seq: seq, MsgID: r.MsgID, KeyVersion: s.keys.versionAt(seq), Body: r.Body}
}
