package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/fault"
	"huicun/server/api"
)

// Times of a live stream.
const (
	liveHeartbeat = 15 * time.Second       // proxies cut what is silent for longer
	liveRecheck   = 3 * time.Second        // how long a revoked session may go on when no notice comes
	livePause     = 200 * time.Millisecond // between two reads, under load
	liveResetWait = 2 * time.Second        // after telling a stream to refetch
	liveWrite     = 10 * time.Second       // for a slow reader; it connects again
	liveRetry     = 2 * time.Second        // told to EventSource
)

// Live is where live events come from.
type Live struct {
	// Listen calls on for each notice until ctx ends. Where notices may have
	// been missed, it calls on with an empty one.
	Listen     func(ctx context.Context, on func(archive.LiveNotice)) error
	Source     LiveSource
	Violations LiveViolations
	Files      LiveFiles // nil: no events of files
}

// position is how far a stream has got. Its text is the id of an event:
// "batch" or "batch.violation".
type position struct{ batch, violation int64 }

func (p position) String() string { return text(p.batch) + "." + text(p.violation) }

// parsePosition reads the id of an event; violation is -1 when it has none.
func parsePosition(s string) (position, error) {
	batch, violation, both := strings.Cut(s, ".")
	p := position{violation: -1}
	var err error
	if p.batch, err = strconv.ParseInt(batch, 10, 64); err == nil && both {
		p.violation, err = strconv.ParseInt(violation, 10, 64)
	}
	if err != nil || p.batch < 0 || both && p.violation < 0 {
		return position{}, fault.Invalid("last_event_id", "no id of an event")
	}
	return p, nil
}

// StreamLive answers GET /live.
func (s *Server) StreamLive(ctx context.Context, req api.StreamLiveRequestObject) (api.StreamLiveResponseObject, error) {
	ctx, r := caller(ctx)
	l := &liveStream{s: s, ctx: ctx, r: r, viewer: r.viewer}
	var err error
	if conv := value(req.Params.Conversation); conv != "" {
		if l.conv, err = number(conv, "conversation"); err != nil {
			return nil, err
		}
		if l.noted, err = s.startReading(ctx, r, l.conv); err != nil {
			return nil, err
		}
	}
	if l.at, err = s.liveStart(ctx, r, value(req.Params.LastEventId)); err != nil {
		return nil, err
	}
	var end context.CancelFunc
	l.ctx, end = context.WithCancel(ctx) // what the stream waits for ends with it
	if l.stream, err = s.hub.open(string(r.session.ID), r.viewer.ID, l.conv, end); err != nil {
		end()
		return nil, err
	}
	return l, nil
}

// startReading notes that a conversation's messages will be sent in full, which
// is reading. Out of scope none will be sent, and nothing is noted before that
// changes.
func (s *Server) startReading(ctx context.Context, r *request, conv int64) (noted bool, err error) {
	ok, err := s.Archive.CanRead(ctx, r.viewer, conv)
	if err != nil || !ok {
		return false, err
	}
	return true, s.recordRead(ctx, r, conv)
}

// liveStart reads where a stream goes on: the header that EventSource sends
// when it connects again wins over the parameter of the first connection.
func (s *Server) liveStart(ctx context.Context, r *request, param string) (position, error) {
	id := r.lastEventID
	if id == "" {
		id = param
	}
	p := position{violation: -1}
	var err error
	if id != "" {
		p, err = parsePosition(id)
	} else {
		p.batch, err = s.Live.Source.LiveStart(ctx)
	}
	if err == nil && p.violation < 0 {
		p.violation, err = s.Live.Violations.LastViolationID(ctx)
	}
	return p, err
}

// liveStream is one open stream. It reads and writes in one goroutine.
type liveStream struct {
	s      *Server
	ctx    context.Context // of the request, until the hub ends the stream; the generated code passes none to the answer
	r      *request
	viewer access.Viewer  // as of the last look
	conv   int64          // its messages are sent in full; 0: none
	noted  bool           // that conv is being read
	at     position       // everything up to here was sent
	told   map[int64]bool // violations that were sent; a notice and a look back may both find one
	stream *stream
	w      http.ResponseWriter
	rc     *http.ResponseController
}

// errLiveOver ends a stream without anything being wrong.
var errLiveOver = errors.New("stream over")

// VisitStreamLiveResponse writes events until somebody ends the stream.
func (l *liveStream) VisitStreamLiveResponse(w http.ResponseWriter) error {
	defer l.s.hub.leave(l.stream)
	l.w, l.rc = w, http.NewResponseController(w)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // nginx would hold events back
	w.WriteHeader(http.StatusOK)
	err := l.run()
	if err != nil && !errors.Is(err, errLiveOver) && l.ctx.Err() == nil {
		slog.WarnContext(l.ctx, "live stream ended", "err", err, "request_id", l.r.id)
	}
	return nil
}

func (l *liveStream) run() error {
	if err := l.write(fmt.Sprintf("retry: %d\n: open\n\n", liveRetry.Milliseconds())); err != nil {
		return err
	}
	heartbeat := time.NewTicker(liveHeartbeat)
	defer heartbeat.Stop()
	recheck := time.NewTicker(l.s.liveRecheck)
	defer recheck.Stop()
	rest := time.NewTimer(0) // fires when the pause after a read is over
	defer rest.Stop()
	resting, due := true, true
	if err := l.catchUpViolations(); err != nil {
		return err
	}
	for {
		var err error
		select {
		case <-l.ctx.Done():
			return errLiveOver
		case <-heartbeat.C:
			err = l.write(": still here\n\n")
		case <-recheck.C:
			err = l.recheck()
		case <-l.stream.recheck:
			err = l.recheck()
		case id := <-l.stream.violations:
			err = l.sendViolation(id)
		case <-l.stream.missed:
			err = l.catchUpViolations()
		case <-l.stream.files:
			err = l.sendFiles()
		case <-l.stream.wake:
			due = true
		case <-rest.C:
			resting = false
		}
		if err == nil && due && !resting {
			var pause time.Duration
			pause, err = l.catchUp()
			rest.Reset(pause)
			due, resting = false, true
		}
		if err != nil {
			return err
		}
	}
}

// catchUp sends what is new and says how long to wait before looking again.
func (l *liveStream) catchUp() (time.Duration, error) {
	var events []archive.LiveEvent
	var next int64
	var truncated bool
	err := l.readWhole(func() (missed bool, err error) {
		events, next, truncated, err = l.s.feeds.since(l.ctx, l.viewer, l.at.batch)
		return next > l.at.batch, err
	})
	if err != nil {
		return 0, err
	}
	if truncated {
		l.at.batch = next
		return liveResetWait, l.event("reset", nil)
	}
	if err := l.sendBatches(events); err != nil {
		return 0, err
	}
	l.at.batch = max(l.at.batch, next)
	return livePause, nil
}

// sendBatches sends events. Only the last of a batch carries the id of the
// batch, so that a cut before it repeats some and loses none.
func (l *liveStream) sendBatches(events []archive.LiveEvent) error {
	if err := l.noteReading(events); err != nil {
		return err
	}
	last := lastOfConversations(events)
	var batch []frame
	for i, e := range events {
		batch = append(batch, l.frames(e, last[e.Entry.ConvID] == i)...)
		if i+1 < len(events) && events[i+1].BatchID == e.BatchID {
			continue
		}
		for j, f := range batch {
			if j+1 == len(batch) {
				l.at.batch = e.BatchID
			}
			if err := l.event(f.name, f.data); err != nil {
				return err
			}
		}
		batch = batch[:0]
	}
	return nil
}

// noteReading notes the reading of a conversation that came into scope after the
// stream was opened.
func (l *liveStream) noteReading(events []archive.LiveEvent) error {
	if l.noted || !slices.ContainsFunc(events, func(e archive.LiveEvent) bool { return e.Entry.ConvID == l.conv }) {
		return nil
	}
	l.noted = true
	return l.s.recordRead(l.ctx, l.r, l.conv)
}

// frame is an event that is about to be sent.
type frame struct {
	name string
	data any
}

// lastOfConversations gives the index of each conversation's newest event.
func lastOfConversations(events []archive.LiveEvent) map[int64]int {
	last := map[int64]int{}
	for i, e := range events {
		if j, ok := last[e.Entry.ConvID]; !ok || !e.Entry.SentAt.Before(events[j].Entry.SentAt) {
			last[e.Entry.ConvID] = i
		}
	}
	return last
}

// frames are the message, for whom has its chat open, and the news of the
// conversation, once.
func (l *liveStream) frames(e archive.LiveEvent, last bool) []frame {
	conv, persons := text(e.Entry.ConvID), notNil(e.Persons)
	var out []frame
	if e.Entry.ConvID == l.conv {
		out = append(out, frame{"message", api.MessageEvent{ConversationId: conv, Message: l.s.shower(l.viewer).message(e.Entry)}})
	}
	if last {
		out = append(out, frame{"conversation", api.ConversationEvent{
			ConversationId: conv,
			Last: api.LastMessage{
				Id: e.Entry.ID, SentAt: e.Entry.SentAt.UTC(), Msgtype: e.Entry.MsgType,
				Text: preview(e.Entry.Text), Sender: newPerson(e.Entry.Sender),
			},
			Persons: &persons,
		}})
	}
	return out
}

// sendViolation sends a violation that was found just now, if the viewer may
// see it. Ids may come out of order.
func (l *liveStream) sendViolation(id int64) error {
	var found []archive.LiveViolation
	err := l.readWhole(func() (missed bool, err error) {
		found, err = l.s.Live.Violations.FindLiveViolations(l.ctx, l.viewer.Scope(), id-1, 1)
		return len(found) == 0, err
	})
	if err != nil {
		return err
	}
	l.at.violation = max(l.at.violation, id)
	if len(found) == 0 || found[0].ID != id {
		return nil
	}
	return l.violation(found[0])
}

// catchUpViolations sends what was found while nobody listened.
func (l *liveStream) catchUpViolations() error {
	var found []archive.LiveViolation
	err := l.readWhole(func() (missed bool, err error) {
		found, err = l.s.Live.Violations.FindLiveViolations(l.ctx, l.viewer.Scope(), l.at.violation, maxQueuedViolations+1)
		return true, err
	})
	if err != nil {
		return err
	}
	if len(found) > maxQueuedViolations {
		if l.at.violation, err = l.s.Live.Violations.LastViolationID(l.ctx); err != nil {
			return err
		}
		return l.event("reset", nil)
	}
	for _, v := range found {
		l.at.violation = v.ID
		if err := l.violation(v); err != nil {
			return err
		}
	}
	return nil
}

func (l *liveStream) violation(v archive.LiveViolation) error {
	if l.told[v.ID] {
		return nil
	}
	if l.told == nil || len(l.told) > 10*maxQueuedViolations {
		l.told = map[int64]bool{}
	}
	l.told[v.ID] = true
	e := api.ViolationEvent{ViolationId: text(v.ID), MessageId: optional(v.MessageID), Severity: api.Severity(v.Severity)}
	if v.ConvID != 0 {
		e.ConversationId = optional(text(v.ConvID))
	}
	return l.event("violation", e)
}

func (l *liveStream) event(name string, data any) error {
	b, err := json.Marshal(data)
	if err != nil {
		return err
	}
	var msg strings.Builder
	msg.Grow(len(b) + 64)
	msg.WriteString("event: " + name + "\nid: " + l.at.String() + "\ndata: ")
	msg.Write(b) // json.Marshal writes no line breaks
	msg.WriteString("\n\n")
	return l.write(msg.String())
}

// write sends at once. A reader that takes too long is dropped.
func (l *liveStream) write(msg string) error {
	err := l.rc.SetWriteDeadline(time.Now().Add(liveWrite))
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := l.w.Write([]byte(msg)); err != nil {
		return errLiveOver
	}
	if err := l.rc.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return errLiveOver
	}
	return nil
}
