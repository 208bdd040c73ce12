package server

import (
	"context"
	"sync"

	"huicun/internal/archive"
	"huicun/internal/fault"
)

const (
	maxStreamsPerSession = 8  // tabs of one browser
	maxQueuedViolations  = 64 // of one stream, before it is told to refetch
)

// hub tells the open streams of this process what is new. Each then reads for
// itself, within its own scope.
type hub struct {
	max int

	mu      sync.Mutex
	closed  bool
	streams map[*stream]struct{}
	counts  map[string]int // by session
}

// stream is the hub's end of one live connection.
type stream struct {
	session    string
	viewer     int64
	conv       int64         // that is open; 0: none
	wake       chan struct{} // batches were stored
	violations chan int64
	missed     chan struct{} // violations were found that did not reach the channel
	recheck    chan struct{} // the viewer's account or sessions changed
	files      chan struct{} // there are fileMessages
	end        func()        // ends the stream

	fileMessages map[string]struct{} // of conv, whose files changed; under hub.mu
}

func newHub(limit int) *hub {
	return &hub{max: limit, streams: map[*stream]struct{}{}, counts: map[string]int{}}
}

// run passes notices on until listening ends, then closes all streams: those
// who watch connect again, to a process that listens.
func (h *hub) run(ctx context.Context, listen func(context.Context, func(archive.LiveNotice)) error) error {
	defer h.close()
	return listen(ctx, h.notice)
}

// open adds a stream of a session of a viewer who has conv open; end is called once, when it is
// to end or has left.
func (h *hub) open(session string, viewer, conv int64, end func()) (*stream, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.closed:
		return nil, fault.Unavailable("shutting down", nil)
	case len(h.streams) >= h.max:
		return nil, fault.Unavailable("too many live streams", nil)
	case h.counts[session] >= maxStreamsPerSession:
		return nil, &fault.Error{Code: fault.CodeRateLimited, Message: "too many live streams of one session"}
	}
	st := &stream{
		session: session, viewer: viewer, conv: conv, wake: make(chan struct{}, 1), violations: make(chan int64, maxQueuedViolations),
		missed: make(chan struct{}, 1), recheck: make(chan struct{}, 1), end: end,
		files: make(chan struct{}, 1), fileMessages: map[string]struct{}{},
	}
	h.streams[st] = struct{}{}
	h.counts[session]++
	return st, nil
}

// leave removes a stream.
func (h *hub) leave(st *stream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.remove(st)
}

func (h *hub) remove(st *stream) {
	if _, ok := h.streams[st]; !ok {
		return
	}
	delete(h.streams, st)
	if h.counts[st.session]--; h.counts[st.session] == 0 {
		delete(h.counts, st.session)
	}
	st.end()
}

// endSession ends the streams of a session that is over.
func (h *hub) endSession(session string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for st := range h.streams {
		if st.session == session {
			h.remove(st)
		}
	}
}

func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for st := range h.streams {
		h.remove(st)
	}
}

// notice tells the streams that it concerns; an empty one means that some may
// have been missed. It never waits: a stream that has not looked yet will see
// this too.
func (h *hub) notice(n archive.LiveNotice) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for st := range h.streams {
		switch {
		case n.ViewerID != 0:
			if st.viewer == n.ViewerID {
				signal(st.recheck)
			}
		case n.ViolationID != 0:
			st.queue(n.ViolationID)
		case n.BatchID != 0:
			signal(st.wake)
		case n.FileID != "": // goes through fileTeller
		default:
			signal(st.wake)
			signal(st.missed)
		}
	}
}

func (st *stream) queue(violation int64) {
	select {
	case st.violations <- violation:
	default:
		signal(st.missed)
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
