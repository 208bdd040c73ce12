package bench

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"huicun/internal/store/storetest"
)

// A benchmark that cannot say lost or doubled is worth nothing.
func TestAlertsAreCounted(t *testing.T) {
	t.Parallel()
	begin := time.Now()
	told := func(user, about string, after time.Duration) appMessage {
		m := appMessage{UserID: user, SentAt: begin.Add(after)}
		m.Content.URL = "https://archive.example.com/c/1?m=" + about + "&a=1"
		return m
	}
	dropped := told("a", "three", time.Second)
	dropped.Dropped = true
	for _, tt := range []struct {
		name string
		got  []appMessage
		want AlertResult
	}{
		{
			"all came",
			[]appMessage{told("A", "one", time.Second), told("b", "two", 3*time.Second), told("a", "three", 2*time.Second)},
			AlertResult{Sent: 3, Quantiles: Quantiles{Count: 3, P50: 2000, P95: 3000, P99: 3000, Max: 3000}},
		},
		{
			"one was lost",
			[]appMessage{told("a", "one", time.Second), told("b", "two", time.Second)},
			AlertResult{Sent: 2, Lost: 1, Quantiles: Quantiles{Count: 2, P50: 1000, P95: 1000, P99: 1000, Max: 1000}},
		},
		{
			"one came twice",
			[]appMessage{told("a", "one", time.Second), told("a", "one", 9*time.Second), told("b", "two", time.Second), told("a", "three", time.Second)},
			AlertResult{Sent: 4, Duplicate: 1, Quantiles: Quantiles{Count: 3, P50: 1000, P95: 1000, P99: 1000, Max: 1000}},
		},
		{
			"one went to somebody else, one nowhere",
			[]appMessage{told("b", "one", time.Second), dropped, told("b", "four", time.Second)},
			AlertResult{Stray: 3, Lost: 3},
		},
	} {
		said := map[string]*utterance{"one": {userid: "a", at: begin}, "two": {userid: "b", at: begin}, "three": {userid: "a", at: begin}}
		var got AlertResult
		got.count(said, tt.got)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestShownMessagesAreCounted(t *testing.T) {
	t.Parallel()
	at := time.Now()
	for _, tt := range []struct {
		name   string
		events []liveMessage
		want   LiveResult
	}{
		{"both showed", []liveMessage{{"one", 7, at}, {"two", 7, at}}, LiveResult{}},
		{"one was missed", []liveMessage{{"one", 7, at}}, LiveResult{Missed: 1}},
		{"one showed twice", []liveMessage{{"one", 7, at}, {"one", 7, at}, {"two", 7, at}}, LiveResult{Doubled: 1}},
		{"one of another chat", []liveMessage{{"one", 7, at}, {"two", 7, at}, {"three", 8, at}}, LiveResult{Stray: 1}},
	} {
		var got LiveResult
		got.count([]*reader{{conv: 7, events: tt.events}}, talked{said: map[string]*shown{"one": {7, at}, "two": {7, at}}})
		if diff := cmp.Diff(tt.want, got, cmpopts.IgnoreFields(LiveResult{}, "Messages", "Quantiles")); diff != "" || got.bad() != (tt.want != LiveResult{}) {
			t.Errorf("%s, bad: %v (-want +got):\n%s", tt.name, got.bad(), diff)
		}
	}
}

func TestReaderOfEvents(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("retry: 2000\n: open\n\nevent: message\nid: 3.0\ndata: {\"conversation_id\":\"7\",\"message\":{\"id\":\"one\"}}\n\n" +
			"event: conversation\ndata: {}\n\nevent: reset\ndata: null\n\n"))
	}))
	defer server.Close()
	rd := &reader{conv: 7}
	body, err := rd.open(t.Context(), &Browser{Client: server.Client(), api: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	rd.read(t.Context(), body)
	if rd.messages() != 1 || rd.events[0].id != "one" || rd.events[0].conv != 7 || rd.news != 1 || rd.resets != 1 || !rd.broken {
		t.Errorf("read %+v, news %d, resets %d, broken %v", rd.events, rd.news, rd.resets, rd.broken)
	}
	refusing := httptest.NewServer(http.NotFoundHandler())
	defer refusing.Close()
	if _, err := rd.open(t.Context(), &Browser{Client: refusing.Client(), api: refusing.URL}); err == nil {
		t.Error("a refused stream counts as open")
	}
}

func TestTrends(t *testing.T) {
	t.Parallel()
	begin := time.Now()
	series := func(values ...float64) Trend {
		var at []time.Time
		for i := range values {
			at = append(at, begin.Add(time.Duration(i)*time.Minute))
		}
		return trendOf(at, values)
	}
	for _, tt := range []struct {
		name   string
		trend  Trend
		growth float64
		flat   bool
	}{
		{"nothing measured", series(), 0, true},
		{"level", series(50, 51, 49, 50), -0.6, true},
		{"a leak", series(100, 150, 200, 250), 150, false},
		{"shrinking", series(250, 200, 150), -100, true},
	} {
		if tt.trend.Growth != tt.growth || tt.trend.flat(20) != tt.flat {
			t.Errorf("%s: growth %v, flat %v; want %v, %v", tt.name, tt.trend.Growth, tt.trend.flat(20), tt.growth, tt.flat)
		}
	}
}

func TestSoakVerdict(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*SoakResult){
		"a message was lost":   func(r *SoakResult) { r.Lost = 1 },
		"a message is double":  func(r *SoakResult) { r.Duplicated = 1 },
		"bytes differ":         func(r *SoakResult) { r.Differing = 1 },
		"counters disagree":    func(r *SoakResult) { r.Balanced = false },
		"a word was not found": func(r *SoakResult) { r.Unscanned = 1 },
		"a file was left":      func(r *SoakResult) { r.LeftFiles = []string{"x"} },
		"memory grew":          func(r *SoakResult) { r.Memory = Trend{Mean: 100, Growth: 90} },
		"goroutines grew":      func(r *SoakResult) { r.Routines = Trend{Mean: 50, Growth: 60} },
		"open files grew":      func(r *SoakResult) { r.Files = Trend{Mean: 30, Growth: 40} },
		"":                     func(*SoakResult) {},
	} {
		r := SoakResult{Balanced: true}
		change(&r)
		if r.judge(); r.Holds != (name == "") {
			t.Errorf("%q: holds is %v", name, r.Holds)
		}
	}
}

// A page that is not what brute force finds, or one that should be refused,
// counts as wrong.
func TestWrongPagesAreSeen(t *testing.T) {
	t.Parallel()
	c := smallCorpus(2000)
	x := storetest.NewDB(t)
	if err := c.Load(t.Context(), x, func(int) {}); err != nil {
		t.Fatal(err)
	}
	w := &World{DB: openStore(t, x)}
	s := readScope{viewer: corpusViewer(t, w.DB, 5), size: 5}
	if err := s.choose(t.Context(), w, c, 10); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"items":[{"id":"x"}],"has_older":false,"has_newer":true}`))
	}))
	defer server.Close()
	s.sessions = []*Browser{{Client: server.Client(), api: server.URL}}
	wrong, err := s.check(t.Context(), w, 10)
	if err != nil || wrong != len(s.pages)+len(s.others) || len(s.others) == 0 {
		t.Errorf("%d wrong of %d pages and %d conversations out of scope, %v", wrong, len(s.pages), len(s.others), err)
	}
}

func TestQuantiles(t *testing.T) {
	t.Parallel()
	var times []time.Duration
	for i := range 100 {
		times = append(times, time.Duration(100-i)*time.Millisecond)
	}
	if diff := cmp.Diff(Quantiles{Count: 100, P50: 50, P95: 95, P99: 99, Max: 100}, quantiles(times)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(Quantiles{}, quantiles(nil)); diff != "" {
		t.Errorf("of nothing (-want +got):\n%s", diff)
	}
}

func TestTimeBetweenKillsFitsTheRun(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		minutes     float64
		given, want time.Duration
	}{
		{30, killFits, 3 * time.Minute},
		{15, killFits, 3 * time.Minute},
		{1, killFits, 12 * time.Second},
		{1, 0, 0},
		{1, 3 * time.Minute, 3 * time.Minute},
	} {
		b := Soak{Minutes: tt.minutes, Kill: tt.given}
		if b.fitKill(); b.Kill != tt.want {
			t.Errorf("%v minutes, -kill %v: every %v, want %v", tt.minutes, tt.given, b.Kill, tt.want)
		}
	}
}

func TestSoakIsToldToAPerson(t *testing.T) {
	t.Parallel()
	r := SoakResult{KillEvery: 180, Chaos: Chaos{Faults: map[string]int{"page.short": 2, "api.error": 4}}}
	if text := r.String(); !strings.HasSuffix(text, "huicun killed 0 times (-kill 3m0s), helpers 0, Postgres backends 0; faults of wecomsim: api.error 4, page.short 2") {
		t.Errorf("said: %s", text)
	}
	if text := (SoakResult{}).String(); !strings.HasSuffix(text, "faults of wecomsim: none") {
		t.Errorf("said: %s", text)
	}
}

func TestMemoryOfFewChatsIsNotTold(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		chats        int
		before, with float64
		want         string
	}{
		{50, 100, 100.05, "too few to tell (-chats 300 or more)"},
		{500, 100, 140, "82 KB   (<= 200: holds)"},
		{500, 100, 300, "410 KB   (<= 200: MISSED)"},
	} {
		var r LiveResult
		if r.setMemory(tt.before, tt.with, tt.chats); r.memory() != tt.want {
			t.Errorf("%d chats: %q, want %q", tt.chats, r.memory(), tt.want)
		}
	}
}
