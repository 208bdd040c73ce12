package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/server"
)

// fakeLiveFiles knows which messages name which files.
type fakeLiveFiles struct {
	mu    sync.Mutex
	named map[string]map[int64][]string // file, conversation, messages
	asked [][]int64
	fail  error
	gate  chan struct{} // where set, questions wait for it
	began chan struct{} // gets one for each question at the gate
}

func (l *fakeLiveFiles) FindFileMessages(ctx context.Context, s access.Scope, file string, convs []int64) (map[int64][]string, error) {
	if l.gate != nil {
		l.began <- struct{}{}
		select {
		case <-l.gate:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked = append(l.asked, convs)
	if l.fail != nil {
		return nil, l.fail
	}
	found := map[int64][]string{}
	for conv, messages := range l.named[file] {
		if slices.Contains(convs, conv) && s.All() {
			found[conv] = messages
		}
	}
	return found, nil
}

// tell sends a notice of a file.
func (l *fakeLive) tell(file string) {
	l.mu.Lock()
	on := l.on
	l.mu.Unlock()
	on(archive.LiveNotice{FileID: file})
}

// fileEvent is the data of an event `file`.
type fileEvent struct {
	Conversation string   `json:"conversation_id"`
	Messages     []string `json:"message_ids"`
}

func (w *watch) fileEvent() fileEvent {
	w.t.Helper()
	e := w.next()
	var got fileEvent
	if err := json.Unmarshal([]byte(e.Data), &got); err != nil || e.Name != "file" {
		w.t.Fatalf("event %+v: %v", e, err)
	}
	return got
}

// fileFixture also listens on a real socket, hs.
type fileFixture struct {
	*fixture
	hs *httptest.Server
}

func newFileFixture(t *testing.T, files *fakeLiveFiles) *fileFixture {
	t.Helper()
	f, hs := newLiveFixture(t, func(o *server.Options) { o.Live.Files = files })
	return &fileFixture{f, hs}
}

// Those who have the chat open learn which messages to read again; nobody else
// learns anything.
func TestLiveFiles(t *testing.T) {
	t.Parallel()
	files := &fakeLiveFiles{named: map[string]map[int64][]string{
		"f1": {7: {"m1", "m2"}, 8: {"n1"}}, "f2": {8: {"n2"}}, "f3": {7: {"m3"}},
	}}
	l := newFileFixture(t, files)
	mei, boss := l.signedIn("Mei"), l.signedIn("Boss")
	own := mei.watch(l.hs, "conversation=7")
	out := mei.watch(l.hs, "conversation=8")      // not in scope
	list := boss.watch(l.hs, "")                  // no chat open
	admin := boss.watch(l.hs, "conversation=7")   // the same chat
	missing := boss.watch(l.hs, "conversation=9") // no such chat
	for _, file := range []string{"f1", "f2", "f3", "nobody's"} {
		l.live.tell(file)
	}
	for _, w := range []*watch{own, admin} {
		var got []string
		for len(got) < 3 {
			e := w.fileEvent()
			if e.Conversation != "7" {
				t.Errorf("event of %s", e.Conversation)
			}
			got = append(got, e.Messages...)
		}
		slices.Sort(got)
		if diff := cmp.Diff([]string{"m1", "m2", "m3"}, got); diff != "" {
			t.Errorf("messages (-want +got):\n%s", diff)
		}
	}
	// The next thing that the others hear of is something else.
	l.live.violate(archive.LiveViolation{ID: 1, Severity: "low"})
	for i, w := range []*watch{out, list, missing, own, admin} {
		if e := w.next(); e.Name != "violation" {
			t.Errorf("stream %d: %+v", i, e)
		}
	}
}

// A burst is few questions for each file and few events.
func TestLiveFilesAreFolded(t *testing.T) {
	t.Parallel()
	const burst = 500
	files := &fakeLiveFiles{named: map[string]map[int64][]string{"first": {7: {"m0"}}}, gate: make(chan struct{}), began: make(chan struct{}, burst+1)}
	for i := range burst {
		files.named[fmt.Sprint("f", i)] = map[int64][]string{7: {fmt.Sprintf("m%03d", i), "all"}}
	}
	l := newFileFixture(t, files)
	b := l.signedIn("Boss")
	streams := []*watch{b.watch(l.hs, "conversation=7"), b.watch(l.hs, "conversation=7"), b.watch(l.hs, "conversation=7")}
	l.live.tell("first")
	<-files.began // the burst comes while this is being looked up
	for range 3 {
		for i := range burst {
			l.live.tell(fmt.Sprint("f", i))
		}
	}
	close(files.gate)
	for _, w := range streams {
		seen, events := map[string]int{}, 0
		for len(seen) < burst+2 {
			e := w.fileEvent()
			if len(e.Messages) > 200 {
				t.Errorf("an event of %d messages", len(e.Messages))
			}
			for _, m := range e.Messages {
				seen[m]++
			}
			events++
		}
		if events > 5 || seen["all"] != 1 {
			t.Errorf("%d events, one message in %d of them", events, seen["all"])
		}
	}
	files.mu.Lock()
	defer files.mu.Unlock()
	if len(files.asked) != burst+1 {
		t.Errorf("%d questions for %d files", len(files.asked), burst+1)
	}
}

// The scope counts when the event is sent.
func TestLiveFilesOfAChatThatLeftTheScope(t *testing.T) {
	t.Parallel()
	files := &fakeLiveFiles{named: map[string]map[int64][]string{"f": {7: {"m"}}}}
	l := newFileFixture(t, files)
	mei, boss := l.signedIn("Mei"), l.signedIn("Boss")
	own, admin := mei.watch(l.hs, "conversation=7"), boss.watch(l.hs, "conversation=7")
	l.live.tell("f")
	own.fileEvent()
	admin.fileEvent()
	l.archive.set(func() { delete(l.archive.scopes, "mei") })
	l.live.tell("f")
	admin.fileEvent()
	l.live.violate(archive.LiveViolation{ID: 1, Severity: "low"})
	if e := own.next(); e.Name != "violation" {
		t.Errorf("out of scope: %+v", e)
	}
}

// A database that does not answer costs the events of these files, nothing else.
func TestLiveFilesNotFound(t *testing.T) {
	t.Parallel()
	files := &fakeLiveFiles{fail: errors.New("down"), gate: make(chan struct{}), began: make(chan struct{}, 9), named: map[string]map[int64][]string{"f": {7: {"m"}}}}
	l := newFileFixture(t, files)
	w := l.signedIn("Mei").watch(l.hs, "conversation=7")
	l.live.tell("f")
	<-files.began
	files.gate <- struct{}{}
	files.mu.Lock()
	files.fail = nil
	files.mu.Unlock()
	l.live.tell("f")
	<-files.began
	files.gate <- struct{}{}
	if got := w.fileEvent(); len(got.Messages) != 1 {
		t.Errorf("%+v", got)
	}
}

// Nobody asks the database while nobody has a chat open.
func TestLiveFilesWithoutReaders(t *testing.T) {
	t.Parallel()
	files := &fakeLiveFiles{named: map[string]map[int64][]string{"f": {7: {"m"}}}}
	l := newFileFixture(t, files)
	b := l.signedIn("Boss")
	list := b.watch(l.hs, "")
	l.live.tell("f")
	l.live.violate(archive.LiveViolation{ID: 1, Severity: "low"})
	list.expect("violation 3.1 1")
	w := b.watch(l.hs, "conversation=7")
	for len(files.questions()) == 0 {
		l.live.tell("f")
		w.fileEvent()
	}
	for _, convs := range files.questions() {
		if diff := cmp.Diff([]int64{7}, convs); diff != "" {
			t.Errorf("asked about (-want +got):\n%s", diff)
		}
	}
}

func (l *fakeLiveFiles) questions() [][]int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.asked)
}
