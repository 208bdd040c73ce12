package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"
)

// liveEvent is an event as far as the scope decides on it.
type liveEvent struct {
	name      string
	Chat      string `json:"conversation_id"`
	Violation string `json:"violation_id"`
	Message   *idOnly
	Last      *idOnly
	Persons   []string
	Messages  []string `json:"message_ids"`
}

// watcher is a viewer with an open stream, and maybe a chat.
type watcher struct {
	viewer  *refViewer
	session string
	chat    *refChat

	mu     sync.Mutex
	events []liveEvent
	text   strings.Builder
	grew   chan struct{} // something came
	ended  chan struct{}
}

// serveLive listens, for streams need a connection.
func (s *scopeSite) serveLive() *httptest.Server {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.app.server.Run(ctx) }()
	hs := httptest.NewServer(s.app.server)
	s.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			s.t.Errorf("Run: %v", err)
		}
		hs.Close()
	})
	return hs
}

// watch opens a stream in v's name and reads it until it ends.
func (s *scopeSite) watch(ctx context.Context, hs *httptest.Server, v *refViewer, chat *refChat) *watcher {
	s.t.Helper()
	query := url.Values{"last_event_id": {fmt.Sprintf("%d.%d", s.lastID(`SELECT last_batch_id FROM pull_state`), s.lastID(`SELECT COALESCE(max(id), 0) FROM violations`))}}
	if chat != nil {
		query.Set("conversation", fmt.Sprint(chat.id))
	}
	req := s.request(ctx, v, http.MethodGet, "/live?"+query.Encode(), nil)
	s.usage.count(v, req, http.StatusOK)
	out, err := http.NewRequestWithContext(ctx, http.MethodGet, hs.URL+req.URL.String(), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	out.Header = req.Header
	res, err := hs.Client().Do(out)
	if err != nil || res.StatusCode != http.StatusOK {
		s.t.Fatalf("%s: stream of %s: %v, %v", s.name, v.userid, res, err)
	}
	w := &watcher{viewer: v, session: v.session.token, chat: chat, grew: make(chan struct{}, 1), ended: make(chan struct{})}
	go w.read(res)
	return w
}

func (s *scopeSite) lastID(query string) (n int64) {
	s.t.Helper()
	if err := s.app.db.Get(&n, query); err != nil {
		s.t.Fatal(err)
	}
	return n
}

func (w *watcher) read(res *http.Response) {
	defer close(w.ended)
	defer func() { _ = res.Body.Close() }()
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	name := ""
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		w.mu.Lock()
		w.text.WriteString(lines.Text() + "\n")
		switch field {
		case "event":
			name = value
		case "data":
			e := liveEvent{name: name}
			if err := json.Unmarshal([]byte(value), &e); err != nil {
				e.name = "unreadable: " + err.Error()
			}
			w.events = append(w.events, e)
		}
		w.mu.Unlock()
		select {
		case w.grew <- struct{}{}:
		default:
		}
	}
}

// seen gives what has come so far.
func (w *watcher) seen() []liveEvent {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.events)
}

// await waits until ok, or the end of the stream, which it reports.
func (w *watcher) await(g *grower, what string, ok func([]liveEvent) bool) (open bool) {
	g.t.Helper()
	late := time.After(patience)
	for !ok(w.seen()) {
		select {
		case <-w.grew:
		case <-w.ended:
			return false
		case <-late:
			g.t.Fatalf("%s: the stream of %s waits in vain for %s; it has\n%s", g.name, w.viewer.userid, what, w.text.String())
		}
	}
	return true
}

// liveStep lets the company live on while viewers watch, and compares what they
// were told with what they may know.
func (g *grower) liveStep(hs *httptest.Server) {
	g.t.Helper()
	ctx, cancel := context.WithCancel(g.t.Context())
	var watchers []*watcher
	for _, v := range g.realm.viewers {
		if !v.disabled {
			chat := pickOne(g, g.realm.chats)
			if of := g.filesChat(); of != nil && g.chance(30) {
				chat = of
			}
			watchers = append(watchers, g.watch(ctx, hs, v, chat))
		}
	}
	g.live()
	before := map[*watcher]map[string]bool{}
	for _, w := range watchers {
		before[w] = map[string]bool{}
		for _, c := range g.realm.chats {
			before[w][fmt.Sprint(c.id)] = g.realm.seesChat(w.viewer, c)
		}
	}
	messages, violations := len(g.realm.messages), len(g.realm.violations)
	g.happen()
	g.sayFile()
	last, x := g.lastWord()
	g.checkFilesTold(watchers, before)
	for _, w := range watchers {
		if w.session != w.viewer.session.token && w.viewer.disabled {
			w.await(g, "its end", func([]liveEvent) bool { return false })
		}
	}
	for _, w := range watchers {
		g.checkStream(w, last, x, before[w], g.realm.messages[messages:], g.realm.violations[violations:])
	}
	cancel()
	for _, w := range watchers {
		<-w.ended
	}
}

// filesChat is where sayFile is said; nil before the first.
func (g *grower) filesChat() *refChat {
	return findOne(g.realm.chats, func(c *refChat) bool {
		return c.kind == "direct" && slices.Contains(c.members, publicEmployee) && slices.Contains(c.members, filesCustomer)
	})
}

// sayFile has a message with a file said where nearly every viewer may read.
func (g *grower) sayFile() {
	g.t.Helper()
	for {
		m, raw := g.raw(publicEmployee, []string{filesCustomer}, "")
		g.store1(m, raw)
		if slices.ContainsFunc(m.places, func(p refPlace) bool { return p.file != nil && p.file.state == "pending" }) {
			return
		}
	}
}

// lastWord is said where nearly every viewer hears it, and violates a rule.
func (g *grower) lastWord() (*refMessage, *refViolation) {
	m, raw := g.raw(publicEmployee, []string{publicCustomer}, "")
	g.store1(m, raw)
	x := &refViolation{key: fmt.Sprintf("scope:%d", g.next("viol")), kind: "word", rule: g.realm.rules[0], at: m.at, state: "open", chat: m.chat, message: m}
	x.employees = []string{m.from}
	g.storeViolation(x)
	return m, x
}

// checkStream compares what came with what may and must come: chats that came
// into view in between may have been told of or not.
func (g *grower) checkStream(w *watcher, last *refMessage, x *refViolation, before map[string]bool, messages []*refMessage, violations []*refViolation) {
	g.t.Helper()
	if !g.realm.seesChat(w.viewer, last.chat) || !w.await(g, "the last word", func(events []liveEvent) bool { return heardBoth(events, last, x) }) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if !w.viewer.disabled {
			g.checkMarks(w.viewer, "the stream", w.text.String())
		}
		return
	}
	g.checkMarks(w.viewer, "the stream", w.text.String())
	must, may := map[string]bool{}, map[string]bool{}
	var own []string // of the chat that is open
	for _, m := range messages {
		chat := fmt.Sprint(m.chat.id)
		if g.realm.seesChat(w.viewer, m.chat) {
			may[chat] = true
			known, was := before[chat]
			must[chat] = must[chat] || known && was
			if m.chat == w.chat && was {
				own = append(own, m.id)
			}
		}
	}
	var gotOwn, gotViolations, wantViolations []string
	chats := map[string]bool{}
	for _, e := range w.seen() {
		switch e.name {
		case "message":
			gotOwn = append(gotOwn, e.Message.ID)
		case "conversation":
			chats[e.Chat] = true
			g.checkConversationEvent(w.viewer, e, messages)
		case "file":
			g.checkFileEvent(w, e)
		case "violation":
			gotViolations = append(gotViolations, e.Violation)
		default:
			g.t.Errorf("%s: the stream of %s has %q", g.name, w.viewer.userid, e.name)
		}
	}
	for _, v := range violations {
		if g.realm.seesViolation(w.viewer, v) {
			wantViolations = append(wantViolations, fmt.Sprint(v.id))
		}
	}
	sorted := cmp.Transformer("sort", func(list []string) []string { return slices.Sorted(slices.Values(list)) })
	if diff := cmp.Diff(wantViolations, gotViolations, sorted); diff != "" {
		g.t.Errorf("%s: violations in the stream of %s (-want +got):\n%s", g.name, w.viewer.userid, diff)
	}
	if w.chat != nil && must[fmt.Sprint(w.chat.id)] || len(gotOwn) > 0 && !may[fmt.Sprint(w.chat.id)] {
		if diff := cmp.Diff(own, gotOwn, sorted); diff != "" {
			g.t.Errorf("%s: messages of chat %d in the stream of %s (-want +got):\n%s", g.name, w.chat.id, w.viewer.userid, diff)
		}
	}
	for chat := range must {
		if must[chat] && !chats[chat] {
			g.t.Errorf("%s: the stream of %s does not tell of chat %s", g.name, w.viewer.userid, chat)
		}
	}
	for chat := range chats {
		if !may[chat] {
			g.t.Errorf("%s: the stream of %s tells of chat %s", g.name, w.viewer.userid, chat)
		}
	}
}

func heardBoth(events []liveEvent, last *refMessage, x *refViolation) bool {
	return slices.ContainsFunc(events, func(e liveEvent) bool { return e.Last != nil && e.Last.ID == last.id }) &&
		slices.ContainsFunc(events, func(e liveEvent) bool { return e.Violation == fmt.Sprint(x.id) })
}

// checkConversationEvent compares the message that it names, and who of the
// viewer's employees takes part.
func (g *grower) checkConversationEvent(v *refViewer, e liveEvent, messages []*refMessage) {
	g.t.Helper()
	m := findOne(messages, func(m *refMessage) bool { return e.Last != nil && m.id == e.Last.ID })
	if m == nil || fmt.Sprint(m.chat.id) != e.Chat {
		g.t.Errorf("%s: the stream of %s names %+v as the last message of chat %s", g.name, v.userid, e.Last, e.Chat)
		return
	}
	for _, p := range e.Persons { // the chat may have grown since
		if !slices.Contains(m.chat.members, p) || !g.realm.sees(v, p) {
			g.t.Errorf("%s: the stream of %s names %s in chat %s", g.name, v.userid, p, e.Chat)
		}
	}
	if len(e.Persons) == 0 && !v.admin {
		g.t.Errorf("%s: the stream of %s names nobody in chat %s", g.name, v.userid, e.Chat)
	}
}
