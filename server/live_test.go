package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/audit"
	"huicun/server"
)

// watch is an open stream of events.
type watch struct {
	t    *testing.T
	resp *http.Response
	r    *bufio.Reader
}

type event struct{ ID, Name, Data string }

// newLiveFixture also listens on a real socket, since a recorder cannot stream,
// and passes events on.
func newLiveFixture(t *testing.T, change ...func(*server.Options)) (*fixture, *httptest.Server) {
	t.Helper()
	f := newFixture(t, change...)
	server.RecheckEvery(f.Server, 10*time.Millisecond)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	hs := httptest.NewServer(f.Server)
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		hs.Close()
	})
	<-f.live.listening
	return f, hs
}

// watch opens a stream and waits until the server is at it.
func (b *browser) watch(hs *httptest.Server, query string, header ...string) *watch {
	b.f.t.Helper()
	w := b.tryWatch(hs, query, header...)
	if w.resp.StatusCode != http.StatusOK {
		b.f.t.Fatalf("live: %s", w.resp.Status)
	}
	if got := w.line(); !strings.HasPrefix(got, "retry: ") {
		b.f.t.Fatalf("first line %q", got)
	}
	if got := w.line(); got != ": open" {
		b.f.t.Fatalf("second line %q", got)
	}
	return w
}

func (b *browser) tryWatch(hs *httptest.Server, query string, header ...string) *watch {
	b.f.t.Helper()
	r, err := http.NewRequestWithContext(b.f.t.Context(), http.MethodGet, hs.URL+"/api/v1/live?"+query, nil)
	if err != nil {
		b.f.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	for _, c := range b.jar {
		r.AddCookie(c)
	}
	resp, err := hs.Client().Do(r)
	if err != nil {
		b.f.t.Fatal(err)
	}
	b.f.t.Cleanup(func() { _ = resp.Body.Close() })
	return &watch{t: b.f.t, resp: resp, r: bufio.NewReader(resp.Body)}
}

func (w *watch) line() string {
	w.t.Helper()
	s, err := w.r.ReadString('\n')
	if err != nil {
		w.t.Fatalf("the stream ended: %v", err)
	}
	return strings.TrimSuffix(s, "\n")
}

// next reads one event.
func (w *watch) next() event {
	w.t.Helper()
	var e event
	for {
		field, val, _ := strings.Cut(w.line(), ": ")
		switch field {
		case "id":
			e.ID = val
		case "event":
			e.Name = val
		case "data":
			e.Data = val
		case "":
			if e != (event{}) {
				return e
			}
		}
	}
}

// expect reads events and compares name, id and what the data names.
func (w *watch) expect(want ...string) {
	w.t.Helper()
	var got []string
	for range want {
		e := w.next()
		got = append(got, e.Name+" "+e.ID+" "+objectOf(w.t, e))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("events (-want +got):\n%s", diff)
	}
}

// ended waits for the end of the stream.
func (w *watch) ended() {
	w.t.Helper()
	if _, err := io.ReadAll(w.r); err != nil {
		w.t.Errorf("the stream broke instead of ending: %v", err)
	}
}

func objectOf(t *testing.T, e event) string {
	t.Helper()
	var data *struct {
		ConversationID string `json:"conversation_id"`
		ViolationID    string `json:"violation_id"`
		Message, Last  *struct{ Seq, Text string }
		Persons        []string
	}
	if err := json.Unmarshal([]byte(e.Data), &data); err != nil {
		t.Fatalf("data of %s: %v", e.Name, err)
	}
	switch {
	case data == nil:
		return "-"
	case data.ViolationID != "":
		return data.ViolationID
	case data.Message != nil:
		return data.ConversationID + "#" + data.Message.Seq
	default:
		line, _, _ := strings.Cut(data.Last.Text, "\n")
		return data.ConversationID + " " + line + " " + strings.Join(data.Persons, ",")
	}
}

func TestLiveMessages(t *testing.T) {
	t.Parallel()
	f, hs := newLiveFixture(t)
	w := f.signedIn("Mei").watch(hs, "conversation=7")
	f.live.add(said(7, 1))
	w.expect("message 3.0 7#1", "conversation 4.0 7 第1句 shop")
	f.live.add(said(7, 2), said(8, 3), said(7, 4))
	w.expect("message 4.0 7#2", "conversation 4.0 8 第3句 shop", "message 4.0 7#4", "conversation 5.0 7 第4句 shop")
	if got := w.resp.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("content type %q", got)
	}
	if got := w.resp.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("cache control %q", got)
	}
}

func TestLiveResumes(t *testing.T) {
	t.Parallel()
	f, hs := newLiveFixture(t)
	b := f.signedIn("Boss")
	f.live.add(said(7, 1))
	f.live.add(said(8, 2))
	f.live.violate(archive.LiveViolation{ID: 1, Severity: "low"})
	f.live.violate(archive.LiveViolation{ID: 2, Severity: "high", ConvID: 7, MessageID: messageID})

	w := b.watch(hs, "conversation=7&last_event_id=3.1")
	w.expect("violation 3.2 2", "message 3.2 7#1", "conversation 4.2 7 第1句 shop", "conversation 5.2 8 第2句 shop")

	// What EventSource sends by itself wins over the address.
	b.watch(hs, "conversation=7&last_event_id=3.1", "Last-Event-ID", "4.2").expect("conversation 5.2 8 第2句 shop")

	// A page knows only its batch: violations begin with the next one.
	w = b.watch(hs, "last_event_id=4")
	w.expect("conversation 5.2 8 第2句 shop")
	f.live.violate(archive.LiveViolation{ID: 3, Severity: "low"})
	w.expect("violation 5.3 3")
}

func TestLiveTooFarBehind(t *testing.T) {
	t.Parallel()
	f, hs := newLiveFixture(t)
	f.live.add(said(7, 1))
	f.live.set(func() { f.live.truncate = true })
	w := f.signedIn("Mei").watch(hs, "last_event_id=0.0")
	w.expect("reset 4.0 -")
}

func TestLiveTooManyViolations(t *testing.T) {
	t.Parallel()
	f, hs := newLiveFixture(t)
	for i := range int64(80) {
		f.live.violate(archive.LiveViolation{ID: i + 1, Severity: "low"})
	}
	w := f.signedIn("Mei").watch(hs, "last_event_id=3.0")
	w.expect("reset 3.80 -")
	f.live.violate(archive.LiveViolation{ID: 81, Severity: "low"})
	w.expect("violation 3.81 81")
}

func TestLiveKeepsToTheScope(t *testing.T) {
	t.Parallel()
	f, hs := newLiveFixture(t)
	f.live.set(func() { f.live.hidden["mei"] = 8 })
	mei, boss := f.signedIn("Mei").watch(hs, "conversation=8"), f.signedIn("Boss").watch(hs, "conversation=8")
	f.live.add(said(8, 1))
	boss.expect("message 3.0 8#1", "conversation 4.0 8 第1句 shop")
	f.live.violate(archive.LiveViolation{ID: 1, Severity: "high"}) // only admins see it
	boss.expect("violation 4.1 1")
	f.live.violate(archive.LiveViolation{ID: 2, Severity: "low"})
	boss.expect("violation 4.2 2")
	if e := mei.next(); e.Name != "violation" || objectOf(t, e) != "2" {
		t.Errorf("the viewer sees %+v", e)
	}
	f.live.add(said(7, 2))
	mei.expect("conversation 5.2 7 第2句 shop")
}

// Who becomes an admin between the look at the account and the read finds
// nothing as who they were: it is read again, and nothing skipped.
func TestLiveReadsAgainWhenTheAccountChanged(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		tell func(f *fixture)
		want []string
	}{
		{"messages", func(f *fixture) { f.live.add(said(7, 2)) }, []string{"message 4.0 7#2", "conversation 5.0 7 第2句 shop"}},
		{"a violation", func(f *fixture) { f.live.violate(archive.LiveViolation{ID: 1, Severity: "high"}) }, []string{"violation 4.1 1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f, hs := newLiveFixture(t)
			b := f.signedIn("Mei")
			w := b.watch(hs, "conversation=7&last_event_id=3.0")
			f.live.add(said(7, 1))
			w.expect("message 3.0 7#1", "conversation 4.0 7 第1句 shop")
			changed := false
			f.live.set(func() {
				f.live.reading = func(s access.Scope) bool {
					if !changed && f.live.batch+int64(len(f.live.violations)) > 4 {
						changed = true
						f.exec(`UPDATE viewers SET role = 'admin', updated_at = now() + interval '1 second' WHERE person = 'mei'`)
					}
					return !s.All()
				}
			})
			tt.tell(f)
			w.expect(tt.want...)
		})
	}
}

// Whoever has a chat open that comes into scope only then reads it from then on.
func TestLiveNotesReadingThatBeginsLater(t *testing.T) {
	t.Parallel()
	f, hs := newLiveFixture(t)
	f.archive.scopes = nil
	f.live.set(func() { f.live.hidden["mei"] = 7 })
	w := f.signedIn("Mei").watch(hs, "conversation=7")
	f.live.add(said(7, 1), said(8, 2))
	w.expect("conversation 4.0 8 第2句 shop")
	noted := func() (n int) {
		for _, a := range f.actions() {
			if strings.Contains(a, audit.ConversationRead) {
				n++
			}
		}
		return n
	}
	if n := noted(); n != 0 {
		t.Errorf("%d readings noted of a chat out of scope", n)
	}
	f.live.set(func() { delete(f.live.hidden, "mei") })
	f.live.add(said(7, 3))
	w.expect("message 4.0 7#3", "conversation 5.0 7 第3句 shop")
	if n := noted(); n != 1 {
		t.Errorf("%d readings noted, want 1", n)
	}
}

func TestLiveEndsWithTheSession(t *testing.T) {
	t.Parallel()
	f, hs := newLiveFixture(t)
	b := f.signedIn("Mei")
	w := b.watch(hs, "")
	b.json("DELETE", "/api/v1/session", "", http.StatusNoContent, nil)
	w.ended()

	w = f.signedIn("Mei").watch(hs, "")
	f.exec(`UPDATE viewers SET disabled = true WHERE person = 'mei'`) // as another replica would do it
	w.ended()
}

func TestLiveStreamsAreBounded(t *testing.T) {
	t.Parallel()
	f, hs := newLiveFixture(t)
	b := f.signedIn("Mei")
	for range 8 {
		b.watch(hs, "")
	}
	if got := b.tryWatch(hs, "").resp.StatusCode; got != http.StatusTooManyRequests {
		t.Errorf("the ninth stream of a session: %d, want 429", got)
	}
	f.signedIn("Boss").watch(hs, "")
}

func TestLiveEndsWithTheServer(t *testing.T) {
	t.Parallel()
	f, hs := newLiveFixture(t)
	b := f.signedIn("Mei")
	w := b.watch(hs, "")
	f.Close()
	w.ended()
	if got := b.tryWatch(hs, "").resp.StatusCode; got != http.StatusServiceUnavailable {
		t.Errorf("a stream of a closed server: %d, want 503", got)
	}
}

// The reads of two streams that no database answers end with the server.
func TestLiveEndsWithTheServerWhileTheDatabaseIsSilent(t *testing.T) {
	t.Parallel()
	f, hs := newLiveFixture(t)
	f.live.silent = make(chan struct{}, 9)
	b := f.signedIn("Mei")
	reads, waits := b.watch(hs, ""), b.watch(hs, "")
	<-f.live.silent
	f.Close()
	reads.ended()
	waits.ended()
}

func TestLiveOfNoConversation(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.signedIn("Mei")
	b.refused("GET", "/api/v1/live?conversation=x", "", "not_found", "")
	b.refused("GET", "/api/v1/live?last_event_id=1.x", "", "invalid", "last_event_id")
	b.refused("GET", "/api/v1/live?last_event_id=-1", "", "invalid", "last_event_id")
}
