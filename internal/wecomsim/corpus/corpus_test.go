package corpus

import (
	"bytes"
	"encoding/json"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var testEnd = time.Date(2026, 3, 2, 15, 30, 0, 0, time.UTC)

// sample is a corpus that many tests read; 32,000 messages are enough to see
// nearly every script.
var sample = sync.OnceValue(func() *Corpus { return New(Options{Seed: 7, Messages: 32_000, End: testEnd}) })

// wire is a message as the archive delivers it.
type wire struct {
	MsgID   string   `json:"msgid"`
	Action  string   `json:"action"`
	From    string   `json:"from"`
	ToList  []string `json:"tolist"`
	RoomID  *string  `json:"roomid"`
	MsgTime int64    `json:"msgtime"`
	MsgType string   `json:"msgtype"`
	Text    struct {
		Content string `json:"content"`
	} `json:"text"`
	Revoke struct {
		PreMsgID string `json:"pre_msgid"`
	} `json:"revoke"`
}

func decode(t *testing.T, r Record) wire {
	t.Helper()
	var m wire
	if err := json.Unmarshal(r.JSON, &m); err != nil {
		t.Fatalf("message %s: %v\n%s", r.MsgID, err, r.JSON)
	}
	return m
}

func (m wire) external() bool { return strings.HasSuffix(m.MsgID, "_external") }

func (m wire) room() string {
	if m.RoomID == nil {
		return ""
	}
	return *m.RoomID
}

func TestLenIsWhatWasAskedFor(t *testing.T) {
	for _, n := range []int{-3, 0, 1, 2, 17, 300, 5000} {
		c := New(Options{Seed: 2, Messages: n, End: testEnd})
		if got, want := c.Len(), max(0, n); got != want {
			t.Errorf("Len() for %d messages = %d, want %d", n, got, want)
		}
		for i := range c.Len() {
			if !json.Valid(c.Message(i).JSON) {
				t.Fatalf("message %d of %d is not JSON: %s", i, n, c.Message(i).JSON)
			}
		}
	}
}

func TestSameOptionsSameBytes(t *testing.T) {
	a, b := New(Options{Seed: 5, Messages: 3000, End: testEnd}), New(Options{Seed: 5, Messages: 3000, End: testEnd})
	other := New(Options{Seed: 6, Messages: 3000, End: testEnd})
	same := 0
	for i := a.Len() - 1; i >= 0; i-- { // the other way round, so that nothing depends on the order of reading
		b.Message((i * 7919) % b.Len())
	}
	for i := range a.Len() {
		if diff := cmp.Diff(a.Message(i), b.Message(i)); diff != "" {
			t.Fatalf("message %d differs (-a +b):\n%s", i, diff)
		}
		if bytes.Equal(a.Message(i).JSON, other.Message(i).JSON) {
			same++
		}
	}
	if same != 0 {
		t.Errorf("%d messages are the same under another seed", same)
	}
	if diff := cmp.Diff(a.ExternalContacts(), b.ExternalContacts()); diff != "" {
		t.Errorf("customers differ (-a +b):\n%s", diff)
	}
}

func TestDirectoryDoesNotDependOnSize(t *testing.T) {
	a, b := New(Options{Seed: 5, Messages: 10, End: testEnd}), New(Options{Seed: 5, Messages: 40_000, End: testEnd})
	if diff := cmp.Diff(a.ExternalContacts(), b.ExternalContacts()); diff != "" {
		t.Errorf("customers (-10 +40000):\n%s", diff)
	}
	if diff := cmp.Diff(a.GroupChats(), b.GroupChats()); diff != "" {
		t.Errorf("groups (-10 +40000):\n%s", diff)
	}
}

func TestConcurrentReaders(t *testing.T) {
	c := New(Options{Seed: 8, Messages: 4000, End: testEnd})
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 500 {
				c.Message((i*31 + w*977) % c.Len())
				c.Live(i, testEnd.Add(time.Duration(i)*time.Second))
			}
		})
	}
	wg.Wait()
}

func TestMillionMessagesCostAnIndexOnly(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	c := New(Options{Seed: 1, Messages: 1_000_000, End: testEnd})
	runtime.GC()
	runtime.ReadMemStats(&after)
	if held := int64(after.HeapAlloc) - int64(before.HeapAlloc); held > 48<<20 {
		t.Errorf("a corpus of a million holds %d MiB, want at most 48", held>>20)
	}
	if c.Len() != 1_000_000 {
		t.Errorf("Len() = %d", c.Len())
	}
	for _, i := range []int{0, 499_999, 999_999} {
		decode(t, c.Message(i))
	}
}

func TestMsgIDsAreUniqueAndTimesInOrder(t *testing.T) {
	c := New(Options{Seed: 4, Messages: 200_000, End: testEnd})
	seen := make(map[string]bool, c.Len())
	var last time.Time
	for i := range c.Len() {
		r := c.Message(i)
		if seen[r.MsgID] {
			t.Fatalf("msgid %s occurs twice", r.MsgID)
		}
		seen[r.MsgID] = true
		if r.Time.Before(last) {
			t.Fatalf("message %d is earlier than the one before: %v, %v", i, r.Time, last)
		}
		last = r.Time
	}
	if last.After(testEnd) {
		t.Errorf("the last message is of %v, after the end %v", last, testEnd)
	}
	if last.Before(testEnd.Add(-3 * 24 * time.Hour)) {
		t.Errorf("the last message is of %v, long before the end %v", last, testEnd)
	}
}

func TestTimesAreThoseOfPeople(t *testing.T) {
	c := sample()
	night, weekday, quiet, normal := 0, map[bool]int{}, 0, 0
	for i := range c.Len() {
		at := c.Message(i).Time.In(china)
		if at.Hour() < 8 || at.Hour() >= 23 {
			night++
		}
		weekday[at.Weekday() == time.Sunday || at.Weekday() == time.Saturday]++
		switch at.Format("2006-01-02") {
		case "2025-01-29", "2025-01-30", "2025-01-31", "2025-02-01":
			quiet++
		case "2025-03-04", "2025-03-05", "2025-03-06", "2025-03-07":
			normal++
		}
	}
	if night > c.Len()/200 {
		t.Errorf("%d messages at night", night)
	}
	if weekday[true] == 0 || weekday[true] > weekday[false] {
		t.Errorf("weekend %d, weekdays %d", weekday[true], weekday[false])
	}
	if quiet*2 > normal {
		t.Errorf("%d messages in the days of the Spring Festival, %d in as many ordinary days", quiet, normal)
	}
}

func TestSharesOfTypes(t *testing.T) {
	c := sample()
	count := map[string]int{}
	for i := range c.Len() {
		count[decode(t, c.Message(i)).MsgType]++
	}
	for _, tt := range []struct {
		msgtype  string
		low, top float64 // percent
	}{
		{"text", 70, 86},
		{"image", 6, 14},
		{"voice", 2, 7},
		{"file", 0.8, 4},
		{"link", 1, 5},
		{"revoke", 0.3, 2},
		{"emotion", 0.4, 3},
		{"agree", 0.2, 8},
		{"location", 0.1, 2},
		{"card", 0.02, 2},
		{"weapp", 0.1, 2},
		{"chatrecord", 0.03, 2},
		{"voiptext", 0.05, 2},
		{"docmsg", 0.05, 2},
		{"meeting", 0.03, 2},
		{"external_redpacket", 0.02, 2},
	} {
		if got := 100 * float64(count[tt.msgtype]) / float64(c.Len()); got < tt.low || got > tt.top {
			t.Errorf("%s: %.2f %% of the messages, want %v to %v", tt.msgtype, got, tt.low, tt.top)
		}
	}
}

func TestLongSentencesSeldomRepeat(t *testing.T) {
	c := sample()
	seen, total, again := map[string]bool{}, 0, 0
	for i := range c.Len() {
		text := decode(t, c.Message(i)).Text.Content
		if utf8.RuneCountInString(text) <= 18 {
			continue
		}
		total++
		if seen[text] {
			again++
		}
		seen[text] = true
	}
	if total < 1000 || again*100 > total*25 {
		t.Errorf("%d of %d long sentences were said before", again, total)
	}
}

func TestSensitiveTalkIsFoundByWords(t *testing.T) {
	c := sample()
	words := []string{"回扣", "返点", "私下转账", "加我微信", "威信", "投诉你"}
	found, hits := map[string]int{}, 0
	for i := range c.Len() {
		text := decode(t, c.Message(i)).Text.Content
		hit := false
		for _, w := range words {
			if strings.Contains(text, w) {
				found[w]++
				hit = true
			}
		}
		hits += b2i(hit)
	}
	for _, w := range words {
		if found[w] == 0 {
			t.Errorf("nobody says %s", w)
		}
	}
	if perMille := 1000 * float64(hits) / float64(c.Len()); perMille < 0.5 || perMille > 8 {
		t.Errorf("%.1f messages of a thousand are sensitive", perMille)
	}
}
