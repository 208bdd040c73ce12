package server

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/access"
	"huicun/internal/archive"
)

// countingSource has one message a batch and counts who reads.
type countingSource struct {
	last  int64
	reads []int64 // after what
	err   error
	most  int // more are too much
}

func (s *countingSource) LiveStart(context.Context) (int64, error) { return s.last, nil }

func (s *countingSource) LiveSince(_ context.Context, _ access.Viewer, after, _ int64) ([]archive.LiveEvent, int64, bool, error) {
	s.reads = append(s.reads, after)
	if s.err != nil {
		return nil, after, false, s.err
	}
	if s.most > 0 && s.last-after > int64(s.most) {
		return nil, s.last, true, nil
	}
	var events []archive.LiveEvent
	for b := after + 1; b <= s.last; b++ {
		events = append(events, archive.LiveEvent{BatchID: b})
	}
	return events, s.last, false, nil
}

func batchesOf(events []archive.LiveEvent) []int64 {
	ids := []int64{}
	for _, e := range events {
		ids = append(ids, e.BatchID)
	}
	return ids
}

func TestFeedIsReadOnceForAllStreamsOfAViewer(t *testing.T) {
	now := time.Now()
	source := &countingSource{last: 5}
	f := newFeeds(source)
	f.now = func() time.Time { return now }
	one, two := access.Viewer{ID: 1}, access.Viewer{ID: 2}
	changed := access.Viewer{ID: 1, UpdatedAt: now}
	for _, step := range []struct {
		name  string
		do    func()
		v     access.Viewer
		after int64
		want  []int64
		reads int // so far
	}{
		{"the first stream reads", nil, one, 3, []int64{4, 5}, 1},
		{"the second does not", nil, one, 3, []int64{4, 5}, 1},
		{"one that is ahead gets the rest", nil, one, 4, []int64{5}, 1},
		{"one that has everything gets nothing", nil, one, 5, []int64{}, 1},
		{"another viewer reads for itself", nil, two, 3, []int64{4, 5}, 2},
		{"a new batch is read", func() { source.last = 7; f.notice(archive.LiveNotice{BatchID: 7}) }, one, 5, []int64{6, 7}, 3},
		{"and is there for those who lag", nil, one, 3, []int64{4, 5, 6, 7}, 3},
		{"one that is further behind reads", nil, one, 1, []int64{2, 3, 4, 5, 6, 7}, 4},
		{"a violation changes nothing", func() { f.notice(archive.LiveNotice{ViolationID: 9}) }, one, 6, []int64{7}, 4},
		{"a changed account reads again", nil, changed, 6, []int64{7}, 5},
		{"so do all after a notice of an account", func() { f.notice(archive.LiveNotice{ViewerID: 3}) }, one, 6, []int64{7}, 6},
		{"and after notices may have been missed", func() { f.notice(archive.LiveNotice{}) }, one, 6, []int64{7}, 7},
		{"what is old is read again", func() { now = now.Add(feedAge + time.Millisecond) }, one, 6, []int64{7}, 8},
		{"a stream that knows of more has it read", func() { source.last = 8 }, one, 8, []int64{}, 9},
	} {
		if step.do != nil {
			step.do()
		}
		events, next, truncated, err := f.since(t.Context(), step.v, step.after)
		if err != nil || truncated || next != source.last {
			t.Errorf("%s: next %d, truncated %v, %v", step.name, next, truncated, err)
		}
		if diff := cmp.Diff(step.want, batchesOf(events)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.name, diff)
		}
		if len(source.reads) != step.reads {
			t.Errorf("%s: %d reads, want %d", step.name, len(source.reads), step.reads)
		}
	}
	now = now.Add(feedIdle + time.Millisecond)
	if _, _, _, err := f.since(t.Context(), access.Viewer{ID: 4}, 8); err != nil || len(f.feeds) != 1 {
		t.Errorf("%d feeds are kept, want that of the last viewer only; %v", len(f.feeds), err)
	}
}

func TestFeedAfterFailureAndTooMuch(t *testing.T) {
	source := &countingSource{last: 3, most: 10}
	f := newFeeds(source)
	v := access.Viewer{ID: 1}
	if _, _, _, err := f.since(t.Context(), v, 1); err != nil {
		t.Fatal(err)
	}
	source.last, source.err = 4, errors.New("no database")
	f.notice(archive.LiveNotice{BatchID: 4})
	if _, _, _, err := f.since(t.Context(), v, 3); err == nil {
		t.Error("a read that failed gave events")
	}
	source.err = nil
	if events, _, _, err := f.since(t.Context(), v, 2); err != nil || len(events) != 2 {
		t.Errorf("after the failure: %d events, %v", len(events), err)
	}
	source.last = 30
	f.notice(archive.LiveNotice{BatchID: 30})
	if _, next, truncated, err := f.since(t.Context(), v, 4); err != nil || !truncated || next != 30 {
		t.Errorf("too much: next %d, truncated %v, %v", next, truncated, err)
	}
	if events, next, truncated, err := f.since(t.Context(), v, 30); err != nil || truncated || next != 30 || len(events) != 0 {
		t.Errorf("after it: %d events, next %d, truncated %v, %v", len(events), next, truncated, err)
	}
}

// slowSource says when it is asked, and answers when it is let or left.
type slowSource struct {
	asked  chan struct{}
	answer chan struct{}
}

func (s *slowSource) LiveStart(context.Context) (int64, error) { return 1, nil }

func (s *slowSource) LiveSince(ctx context.Context, _ access.Viewer, after, _ int64) ([]archive.LiveEvent, int64, bool, error) {
	s.asked <- struct{}{}
	select {
	case <-s.answer:
		return []archive.LiveEvent{{BatchID: after + 1}}, after + 1, false, nil
	case <-ctx.Done():
		return nil, after, false, ctx.Err()
	}
}

// A stream that ends while another one of its viewer reads leaves at once; one
// that ends while it reads itself leaves the reading to the next.
func TestFeedIsLeftByStreamsThatEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &slowSource{asked: make(chan struct{}, 1), answer: make(chan struct{})}
		f := newFeeds(source)
		stream := func() (end context.CancelFunc, ended <-chan error) {
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() {
				events, next, _, err := f.since(ctx, access.Viewer{ID: 1}, 3)
				if err == nil && (len(events) != 1 || next != 4) {
					err = fmt.Errorf("%d events, next %d", len(events), next)
				}
				done <- err
			}()
			synctest.Wait()
			return cancel, done
		}
		endReader, reader := stream()
		<-source.asked
		endWaiting, waiting := stream()
		endLast, last := stream()
		defer endLast()

		endWaiting()
		synctest.Wait()
		select {
		case err := <-waiting:
			if !errors.Is(err, context.Canceled) {
				t.Errorf("the stream that ended: %v", err)
			}
		default:
			t.Error("a stream that ended waits for another one's read")
		}
		endReader()
		if err := <-reader; !errors.Is(err, context.Canceled) {
			t.Errorf("the stream that ended while it read: %v", err)
		}
		<-source.asked
		close(source.answer)
		if err := <-last; err != nil {
			t.Errorf("the stream that stayed: %v", err)
		}
	})
}
