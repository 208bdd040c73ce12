package corpus

import (
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestScriptsSayWhatIsWrong(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"no head", "E: 您好", "expected a script's head"},
		{"empty script", "== a kind=ext stage=x", "is empty"},
		{"unknown option", "== a colour=red\nE: 您好", "unknown option"},
		{"unknown circumstance", "== a if=rain\nE: 您好", "unknown circumstance"},
		{"unknown role", "== a pair=sales-pilot\nA: 您好", "unknown role"},
		{"unknown slot", "== a\nE: <nothing>", "unknown slot"},
		{"open slot", "== a\nE: <p", "slot without >"},
		{"open choice", "== a\nE: {a|b", "choice without }"},
		{"stray brace", "== a\nE: a}b", "stray"},
		{"unequal links", "== a\nE: {#1 a|b}\nC: {#1 a|b|c}", "has 3 alternatives"},
		{"unknown kind", "== a\nE: @hologram", "unknown message kind"},
		{"bad wait", "== a\nE ~soon: a", "bad wait"},
		{"bad chance", "== a\n?often E: a", "bad chance"},
		{"open branch", "== a\n%50\nE: a", "without %end"},
		{"bad directive", "== a\n%maybe\nE: a\n%end", "bad directive"},
		{"no speaker", "== a\n您好", "bad line"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parseScripts("test.txt", tt.text)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("parseScripts gave %v, want an error with %q", err, tt.want)
			}
		})
	}
}

// playTexts plays a script of text lines, without a corpus behind it.
func playTexts(t *testing.T, text string, seed uint64) []string {
	t.Helper()
	list, err := parseScripts("test.txt", text)
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{script: list[0], rng: newRNG(seed), vars: make([]string, len(list[0].words.vars))}
	var lines []string
	for i := range list[0].body {
		lines = append(lines, s.words(list[0].body[i].line.text))
	}
	return lines
}

func TestLinkedChoicesGoTogether(t *testing.T) {
	want := map[string]string{"几点": "九点", "在哪": "店里", "多少": "五百"}
	seen := map[string]bool{}
	for seed := range uint64(60) {
		got := playTexts(t, "== a\nC: {#1 几点|在哪|多少}\nE: {#1 九点|店里|五百}", seed)
		if want[got[0]] != got[1] {
			t.Fatalf("%q was answered with %q", got[0], got[1])
		}
		seen[got[0]] = true
	}
	if len(seen) != len(want) {
		t.Errorf("only %d of the alternatives were chosen", len(seen))
	}
}

func TestVariablesKeepTheirValue(t *testing.T) {
	for seed := range uint64(20) {
		got := playTexts(t, "== a\nC: 我姓<x=李|王>\nE: <x>先生\\n\\<好>", seed)
		want := []string{got[0], strings.TrimPrefix(got[0], "我姓") + "先生\n<好>"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	}
}

func TestThereAreManyScriptsAndTheirNamesDiffer(t *testing.T) {
	lib, names := loadLibrary(), map[string]bool{}
	for _, s := range lib.scripts {
		if names[s.name] {
			t.Errorf("two scripts are called %s", s.name)
		}
		names[s.name] = true
		switch s.kind {
		case "ext", "estate", "project", "inner", "pair":
		default:
			t.Errorf("script %s has the unknown kind %q", s.name, s.kind)
		}
	}
	if len(names) < 200 {
		t.Errorf("%d scripts, want at least 200", len(names))
	}
}

func TestLiveMessagesGoOnAndAreDeterministic(t *testing.T) {
	a, b := New(Options{Seed: 3, Messages: 50, End: testEnd}), New(Options{Seed: 3, Messages: 50, End: testEnd})
	known, ids, types := everybody(a), map[string]bool{}, map[string]int{}
	for n := range 1500 {
		at := testEnd.Add(time.Duration(n) * 2 * time.Second)
		ra, rb := a.Live(n, at), b.Live(n, at)
		if diff := cmp.Diff(ra, rb); diff != "" {
			t.Fatalf("live message %d (-a +b):\n%s", n, diff)
		}
		m := decode(t, ra)
		if !known[m.From] || len(m.ToList) == 0 || !ra.Time.Equal(at) || m.MsgTime != at.UnixMilli() || ids[m.MsgID] {
			t.Errorf("live message %d is wrong: %s", n, ra.JSON)
		}
		if m.MsgType == "revoke" && !ids[m.Revoke.PreMsgID] {
			t.Errorf("live message %d recalls the unknown %s", n, m.Revoke.PreMsgID)
		}
		ids[m.MsgID] = true
		types[m.MsgType]++
	}
	if types["text"] < 900 || types["image"] == 0 {
		t.Errorf("live types %v", types)
	}
}

func TestLiveScenesOfAChatComeOneAfterTheOther(t *testing.T) {
	for seed := range uint64(5) {
		c := New(Options{Seed: seed, End: testEnd})
		type scene struct{ lane, play int }
		open := map[string]scene{} // by chat
		shown := 0
		for n := range 600 {
			m := decode(t, c.Live(n, testEnd.Add(time.Duration(n)*2*time.Second)))
			lane := &c.live.lanes[n%lanes]
			now := scene{n % lanes, sort.SearchInts(lane.ends, n/lanes+1)}
			people := append([]string{m.From}, m.ToList...)
			slices.Sort(people)
			chat := strings.Join(people, " ")
			if room := m.room(); room != "" {
				chat = room
			}
			if was, ok := open[chat]; ok && was != now {
				t.Errorf("seed %d: live message %d opens scene %v in a chat where %v goes on", seed, n, now, was)
			}
			open[chat] = now
			if lane.ends[now.play] == n/lanes+1 {
				delete(open, chat)
			}
			if slices.Contains(people, c.customers[0].id) || slices.Contains(people, c.customers[1].id) {
				shown++
			}
		}
		if shown < 60 {
			t.Errorf("seed %d: the showcase customers have %d of 600 live messages, want at least 60", seed, shown)
		}
	}
}
