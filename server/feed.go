package server

import (
	"context"
	"sync"
	"time"

	"huicun/internal/access"
	"huicun/internal/archive"
)

const (
	// feedAge is how long what was read for one stream serves others of the
	// same viewer: a scope that shrank without a notice holds after that.
	feedAge = time.Second
	// feedIdle is when a feed that nobody asks any more is forgotten.
	feedIdle = 10 * time.Second
)

// feeds read what is new once for all streams of a viewer in this process:
// a manager has several chats open, and each batch concerns them all.
type feeds struct {
	source LiveSource
	now    func() time.Time

	mu     sync.Mutex
	feeds  map[feedKey]*feed
	newest int64 // batch of the last notice
	epoch  int64 // grows when what was read before counts no more
}

// feedKey changes with the account: nothing that was read before its change is
// shown after it.
type feedKey struct {
	viewer  int64
	role    access.Role
	updated time.Time
}

// feed is what was read of late for one viewer: everything after batch from, up
// to batch to.
type feed struct {
	turn     chan struct{} // holds one while a stream looks here; the others wait, each as long as it likes
	epoch    int64
	from, to int64
	events   []archive.LiveEvent // of those batches, in order
	readAt   time.Time           // of the oldest of events
	asked    time.Time           // under feeds.mu
}

func newFeeds(source LiveSource) *feeds {
	return &feeds{source: source, now: time.Now, feeds: map[feedKey]*feed{}}
}

// notice has to come here before streams hear of it. A batch was stored; or
// notices may have been missed, or an account changed: what was read before
// counts no more.
func (f *feeds) notice(n archive.LiveNotice) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case n.ViolationID != 0, n.FileID != "": // have events of their own
	case n.BatchID != 0:
		f.newest = max(f.newest, n.BatchID)
	default:
		f.epoch++
		clear(f.feeds)
	}
}

// since is LiveSource.LiveSince of all conversations, read at most once for
// several streams. A stream that ends does not wait for another one's read.
func (f *feeds) since(ctx context.Context, v access.Viewer, after int64) (events []archive.LiveEvent, next int64, truncated bool, err error) {
	fd, newest, epoch := f.of(v)
	select {
	case fd.turn <- struct{}{}:
		defer func() { <-fd.turn }()
	case <-ctx.Done():
		return nil, after, false, ctx.Err()
	}
	now := f.now()
	if fd.epoch != epoch || now.Sub(fd.readAt) > feedAge || after < fd.from || fd.from == 0 {
		fd.epoch, fd.from, fd.to, fd.events, fd.readAt = epoch, 0, 0, nil, now
		events, next, truncated, err = f.source.LiveSince(ctx, v, after, 0)
		if err == nil && !truncated {
			fd.from, fd.to, fd.events = after, next, events
		}
		return events, next, truncated, err
	}
	if fd.to < newest || fd.to < after {
		more, upTo, tooMuch, err := f.source.LiveSince(ctx, v, fd.to, 0)
		if err != nil || tooMuch {
			fd.from = 0
			return nil, upTo, tooMuch, err
		}
		fd.events, fd.to = append(fd.events[:len(fd.events):len(fd.events)], more...), upTo
	}
	return eventsAfter(fd.events, after), max(after, fd.to), false, nil
}

// of gives the feed of a viewer, and the newest batch that there is.
func (f *feeds) of(v access.Viewer) (fd *feed, newest, epoch int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	key := feedKey{viewer: v.ID, role: v.Role, updated: v.UpdatedAt}
	fd = f.feeds[key]
	if fd == nil {
		for k, old := range f.feeds {
			if now.Sub(old.asked) > feedIdle {
				delete(f.feeds, k)
			}
		}
		fd = &feed{turn: make(chan struct{}, 1), epoch: f.epoch}
		f.feeds[key] = fd
	}
	fd.asked = now
	return fd, f.newest, f.epoch
}

// eventsAfter gives those of later batches; events are in the order of batches.
func eventsAfter(events []archive.LiveEvent, batch int64) []archive.LiveEvent {
	for i := range events {
		if events[i].BatchID > batch {
			return events[i:]
		}
	}
	return nil
}
