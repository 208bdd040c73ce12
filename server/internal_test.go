package server

import (
	"slices"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/alicebob/miniredis/v2"
	"github.com/go-redis/redis_rate/v10"
	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"huicun/internal/archive"
	"huicun/server/api"
)

func TestSpansCountUTF16(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		span       archive.Span
		want       string // what the browser marks
	}{
		{"ASCII", "hello", archive.Span{Start: 1, End: 3}, "el"},
		{"Chinese", "加我微信", archive.Span{Start: 6, End: 12}, "微信"},
		{"behind an emoji", "😀加我", archive.Span{Start: 4, End: 7}, "加"},
		{"an emoji", "a😀b", archive.Span{Start: 1, End: 5}, "😀"},
		{"to the end", "微信", archive.Span{Start: 3, End: 6}, "信"},
		{"empty", "微信", archive.Span{Start: 3, End: 3}, ""},
		{"behind bad UTF-8", "\xff\xfe微", archive.Span{Start: 2, End: 5}, "微"},
		{"inside a character", "微信", archive.Span{Start: 1, End: 6}, "信"},
		{"too far", "微信", archive.Span{Start: 3, End: 99}, "信"},
		{"before the start", "微信", archive.Span{Start: -5, End: 3}, "微"},
		{"turned round", "微信", archive.Span{Start: 6, End: 0}, ""},
	} {
		got := newSpans(tt.text, []archive.Span{tt.span})[0]
		units := utf16.Encode([]rune(tt.text))
		if marked := string(utf16.Decode(units[got.Start:got.End])); marked != tt.want {
			t.Errorf("%s: %+v marks %q, want %q", tt.name, got, marked, tt.want)
		}
	}
	if diff := cmp.Diff([]api.Span{}, newSpans("", nil)); diff != "" {
		t.Errorf("no spans (-want +got):\n%s", diff)
	}
}

func TestRequestIDsSortByTime(t *testing.T) {
	start := time.Date(2026, 3, 2, 4, 0, 0, 0, time.UTC)
	var ids []string
	for i := range 50 {
		id := newRequestID(start.Add(time.Duration(i*i) * time.Millisecond))
		if len(id) != 26 {
			t.Fatalf("id %q has %d characters", id, len(id))
		}
		ids = append(ids, id)
	}
	if !slices.IsSorted(ids) {
		t.Errorf("ids out of order: %v", ids)
	}
	if a, b := newRequestID(start), newRequestID(start); a == b {
		t.Error("two requests of one millisecond share an id")
	}
}

func TestPublicURL(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"https://Archive.Example.com", "https://archive.example.com"},
		{"http://127.0.0.1:8080/", "http://127.0.0.1:8080"},
		{"", ""},
		{"archive.example.com", ""},
		{"ftp://archive.example.com", ""},
		{"https://", ""},
		{"https://archive.example.com/app", ""},
		{"https://user@archive.example.com", ""},
		{"https://archive.example.com?x=1", ""},
		{"https://archive.example.com#x", ""},
		{"https://[", ""},
	} {
		u, err := publicURL(tt.in)
		got := ""
		if err == nil {
			got = u.String()
		}
		if got != tt.want {
			t.Errorf("publicURL(%q) = %q, %v; want %q", tt.in, got, err, tt.want)
		}
	}
}

func TestParsePosition(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want position
		ok   bool
	}{
		{"7", position{7, -1}, true},
		{"7.0", position{7, 0}, true},
		{"7.12", position{7, 12}, true},
		{"", position{}, false},
		{".", position{}, false},
		{"7.", position{}, false},
		{".7", position{}, false},
		{"-7", position{}, false},
		{"7.-1", position{}, false},
		{"7.1.2", position{}, false},
		{"99999999999999999999", position{}, false},
	} {
		got, err := parsePosition(tt.in)
		if got != tt.want || (err == nil) != tt.ok {
			t.Errorf("parsePosition(%q) = %+v, %v", tt.in, got, err)
		}
	}
}

func TestHubTellsOfWhatItCouldNotQueue(t *testing.T) {
	h := newHub(10)
	ended := 0
	st, err := h.open("s", 1, 7, func() { ended++ })
	if err != nil {
		t.Fatal(err)
	}
	for i := range int64(maxQueuedViolations) {
		h.notice(archive.LiveNotice{ViolationID: i + 1})
	}
	if len(st.missed) != 0 {
		t.Fatal("missed before the queue is full")
	}
	h.notice(archive.LiveNotice{ViolationID: maxQueuedViolations + 1})
	if len(st.missed) != 1 || len(st.wake) != 0 {
		t.Errorf("missed %d, wake %d", len(st.missed), len(st.wake))
	}
	h.notice(archive.LiveNotice{BatchID: 5})
	h.notice(archive.LiveNotice{BatchID: 6})
	if len(st.wake) != 1 {
		t.Errorf("wake %d, want one for both", len(st.wake))
	}
	h.leave(st)
	h.leave(st)
	if len(h.counts) != 0 || len(h.streams) != 0 || ended != 1 {
		t.Errorf("after leaving: %v, %v, ended %d times", h.counts, h.streams, ended)
	}
}

func TestPreviewKeepsWholeCharacters(t *testing.T) {
	long := ""
	for range 130 {
		long += "信"
	}
	if got := []rune(preview(long)); len(got) != 120 {
		t.Errorf("%d characters, want 120", len(got))
	}
	if got := preview("短"); got != "短" {
		t.Errorf("%q", got)
	}
}

// TestMemoryLimiterCountsAsRedisDoes plays the same requests to both.
func TestMemoryLimiterCountsAsRedisDoes(t *testing.T) {
	now := time.Date(2026, 3, 2, 4, 0, 0, 0, time.UTC)
	mini := miniredis.RunT(t)
	client := redis.NewClient(&redis.Options{Addr: mini.Addr()})
	t.Cleanup(func() { _ = client.Close() })
	script := redis_rate.NewLimiter(client)
	limit := redis_rate.Limit{Rate: 5, Burst: 3, Period: time.Second}
	var memory memoryLimiter
	for i, pause := range []time.Duration{0, 0, 0, 0, 100, 100, 50, 0, 250, 2000, 0, 0, 0, 0, 199, 1, 90000, 0, 0, 0, 0} {
		now = now.Add(pause * time.Millisecond)
		mini.SetTime(now)
		mini.FastForward(pause * time.Millisecond)
		res, err := script.Allow(t.Context(), "key", limit)
		if err != nil {
			t.Fatal(err)
		}
		want, got := max(0, res.RetryAfter), memory.allow("key", limit, 1, now)
		if (got - want).Abs() > time.Millisecond {
			t.Errorf("request %d: wait %v, Redis says %v", i, got, want)
		}
	}
	if memory.allow("another", limit, 1, now) != 0 {
		t.Error("keys are not counted apart")
	}
	memory.allow("third", limit, 1, now.Add(time.Hour))
	if len(memory.until) != 1 {
		t.Errorf("%d keys in memory an hour later, want 1", len(memory.until))
	}
}
