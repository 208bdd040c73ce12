package bench

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// pick gives some figures of a line.
func pick(line map[string]any, names ...string) map[string]any {
	out := map[string]any{}
	for _, n := range names {
		out[n] = line[n]
	}
	return out
}

func TestReadCommand(t *testing.T) {
	t.Parallel()
	lines, err := runBench(t, &Read{
		Messages: "3000,4000", Pages: 20, Pairs: 1, Slice: 50 * time.Millisecond,
		company: CorpusOptions{Employees: 60, Customers: 500, Groups: 30, Months: 3},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"read.load", "read.page", "read.page", "read.page", "read.load", "read.page", "read.page", "read.page", "read.growth", "read.growth", "read.growth"}
	var got []string
	for _, l := range lines {
		got = append(got, l["bench"].(string))
		if l["bench"] == "read.page" && (l["wrong"] != 0.0 || l["checked"].(float64) < 20 || l["http"].(map[string]any)["count"] != 20.0) {
			t.Errorf("a line of pages: %v", l)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

func TestAlertCommand(t *testing.T) {
	t.Parallel()
	lines, err := runBench(t, &Alert{Alerts: 6, Rate: 20, Every: 50 * time.Millisecond, History: 200})
	if err != nil || len(lines) != 1 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	want := map[string]any{"bench": "alert", "alerts": 6.0, "sent": 6.0, "lost": 0.0, "duplicated": 0.0, "stray": 0.0, "count": 6.0, "client": "pure"}
	if diff := cmp.Diff(want, pick(lines[0], "bench", "alerts", "sent", "lost", "duplicated", "stray", "count", "client")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLiveCommand(t *testing.T) {
	t.Parallel()
	lines, err := runBench(t, &Live{Chats: 20, Seconds: 2, History: 1000})
	if err != nil || len(lines) != 1 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	want := map[string]any{"bench": "live", "chats": 20.0, "messages": 4.0, "missed": 0.0, "doubled": 0.0, "stray": 0.0, "resets": 0.0, "broken": 0.0, "count": 4.0}
	if diff := cmp.Diff(want, pick(lines[0], "bench", "chats", "messages", "missed", "doubled", "stray", "resets", "broken", "count")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSoakCommand(t *testing.T) {
	t.Parallel()
	lines, err := runBench(t, &Soak{Minutes: 0.15, Rate: 40, Seed: 3, Kill: 2 * time.Second, Report: 4 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if len(lines) < 3 {
		t.Fatalf("%d lines, want one each 4 s of 9 and a verdict", len(lines))
	}
	end := lines[len(lines)-1]
	want := map[string]any{"bench": "soak", "lost": 0.0, "duplicated": 0.0, "differing": 0.0, "quarantined": 0.0, "balanced": true, "unscanned": 0.0, "holds": true}
	if diff := cmp.Diff(want, pick(end, "bench", "lost", "duplicated", "differing", "quarantined", "balanced", "unscanned", "holds")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if end["huicun_kills"] == 0.0 || end["stored"].(float64) < 1000 {
		t.Errorf("nothing was killed, or nothing stored: %v", end)
	}
}

func TestCommandsRefuseNonsense(t *testing.T) {
	t.Parallel()
	for name, b := range map[string]Benchmark{
		"no sizes":            &Read{Pages: 100, Pairs: 1, Slice: time.Second},
		"a size of letters":   &Read{Messages: "many", Pages: 100, Pairs: 1, Slice: time.Second},
		"a size below 1000":   &Read{Messages: "10", Pages: 100, Pairs: 1, Slice: time.Second},
		"two sizes, one DSN":  &Read{Messages: "1000,2000", DSN: "postgres://x", Pages: 100, Pairs: 1, Slice: time.Second},
		"no pages":            &Read{Messages: "1000", Pairs: 1, Slice: time.Second},
		"no alerts":           &Alert{Rate: 1, Every: time.Second, History: 200},
		"a rate below zero":   &Alert{Alerts: 1, Rate: -1, Every: time.Second, History: 200},
		"alerts all at once":  &Alert{Alerts: 1, Rate: 1, History: 200},
		"no chats":            &Live{Seconds: 1, History: 1000},
		"too many chats":      &Live{Chats: 5000, Seconds: 1, History: 1000},
		"no time to soak":     &Soak{Rate: 1, Report: time.Second},
		"too fast to soak":    &Soak{Minutes: 1, Rate: 1e6, Report: time.Second},
		"a soak in silence":   &Soak{Minutes: 1, Rate: 1},
		"no files":            &Media{Pairs: 1, Workers: 1},
		"nobody to fetch":     &Media{Files: 10, Pairs: 1},
		"a file too large":    &Media{Big: 5000, Workers: 1},
		"a search of nothing": &Search{Engine: "postgres", Each: 1, Rounds: 1, Like: 1},
		"an unknown engine":   &Search{Messages: 1000, Engine: "grep", Each: 1, Rounds: 1, Like: 1},
		"a node not asked":    &Search{Messages: 1000, Engine: "postgres", Each: 1, Rounds: 1, Like: 1, ElasticURL: "http://127.0.0.1:9200"},
		"too little to pull":  &Search{Messages: 1000, Engine: "postgres", Each: 1, Rounds: 1, Like: 1, Ingest: 10},
		"a time below zero":   &Soak{Minutes: 1, Rate: 1, Report: time.Second, Kill: -1},
	} {
		if err := b.Run(t.Context(), Options{Huicun: "/nonexistent/huicun"}); err == nil || err.Error() == "" {
			t.Errorf("%s: no error", name)
		}
	}
}
