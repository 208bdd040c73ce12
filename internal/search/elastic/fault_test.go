package elastic_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"huicun/internal/search"
	"huicun/internal/search/elastic"
	"huicun/internal/search/elastic/estest"
)

// gated is a lab whose node stands behind a gate.
func gated(t *testing.T, change ...func(*elastic.Options)) (*lab, *estest.Gate) {
	t.Helper()
	g := estest.Proxy(t, estest.Node(t))
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, g.CA, 0o600); err != nil {
		t.Fatal(err)
	}
	l := newLab(t, append([]func(*elastic.Options){func(o *elastic.Options) {
		o.URLs, o.CAFile, o.APIKey = []string{g.URL}, ca, g.APIKey
	}}, change...)...)
	return l, g
}

func TestSignsInAndTrustsItsOwnAuthority(t *testing.T) {
	t.Parallel()
	l, g := gated(t)
	ids := l.say(march, numbered(3)...)
	l.feed()
	l.same("合同", ids)
	for _, tt := range []struct {
		name   string
		change func(*elastic.Options)
		want   string
	}{
		{"password", func(o *elastic.Options) { o.APIKey, o.Username, o.Password = "", g.User, g.Password }, ""},
		{"wrong password", func(o *elastic.Options) { o.APIKey, o.Username, o.Password = "", g.User, "planted-wrong" }, "401"},
		{"wrong key", func(o *elastic.Options) { o.APIKey = "planted-wrong" }, "401"},
		{"no key", func(o *elastic.Options) { o.APIKey = "" }, "401"},
		{"authority of somebody else", func(o *elastic.Options) { o.CAFile = "" }, "certificate"},
	} {
		l.options.CAFile = filepath.Join(t.TempDir(), "ca.pem")
		if err := os.WriteFile(l.options.CAFile, g.CA, 0o600); err != nil {
			t.Fatal(err)
		}
		other := *l
		tt.change(&other.options)
		other.connect()
		_, err := other.tryFind("合同")
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
		if err != nil && (strings.Contains(err.Error(), "planted") || strings.Contains(err.Error(), "合同")) {
			t.Errorf("%s: the error tells secrets: %v", tt.name, err)
		}
	}
}

func TestWritesAreRepeatedUntilTheyAreIn(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		fault func(g *estest.Gate)
	}{
		{"too many requests", func(g *estest.Gate) { g.Answer("_bulk", 3, http.StatusTooManyRequests) }},
		{"unavailable", func(g *estest.Gate) { g.Answer("_bulk", 5, http.StatusServiceUnavailable) }},
		{"broken on the way there", func(g *estest.Gate) { g.Cut("_bulk", 6) }},
		{"broken on the way back", func(g *estest.Gate) { g.CutAnswer("_bulk", 6) }},
		{"too large", func(g *estest.Gate) { g.Answer("_bulk", 2, http.StatusRequestEntityTooLarge) }},
		{"indices cannot be made", func(g *estest.Gate) { g.Answer("-202603", 4, http.StatusServiceUnavailable) }},
		{"locked out for a while", func(g *estest.Gate) { g.Answer("", 9, http.StatusUnauthorized) }},
		{"refresh fails", func(g *estest.Gate) { g.Answer("_refresh", 3, http.StatusTooManyRequests) }},
		{"every other document is put off", func(g *estest.Gate) {
			var n atomic.Int64
			g.RejectItems(func(string) bool { return n.Add(1)%2 == 0 })
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l, g := gated(t)
			first := l.say(march, numbered(3)...)
			tt.fault(g)
			l.until("catching up", l.complete)
			ids := append(first, l.say(march.AddDate(0, 0, 1), numbered(40)...)...)
			tt.fault(g)
			l.until("catching up", l.complete)
			l.same("合同", ids)
			if g := l.generation(); g.Error != "" || g.Poison != 0 {
				t.Errorf("generation %+v", g)
			}
		})
	}
}

func TestSlowNodeIsGivenLess(t *testing.T) {
	t.Parallel()
	l, g := gated(t, func(o *elastic.Options) { o.BulkTimeout = 300 * time.Millisecond })
	l.feeder.Poll = time.Millisecond
	first := l.say(march, numbered(1)...)
	l.until("catching up", l.complete)
	ids := l.say(march.AddDate(0, 0, 1), numbered(50)...)
	g.Slow("_bulk", 3, 2*time.Second)
	l.until("catching up", l.complete)
	l.same("合同", append(first, ids...))
}

func TestReadOnlyIndexIsTold(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	ids := l.say(march, numbered(3)...)
	l.feed()
	estest.ReadOnly(t, l.options.URLs[0], l.options.Prefix+"-*", true)
	ids = append(ids, l.say(march.AddDate(0, 0, 1), "合同 late", "合同 later")...)
	ids = append(ids, l.say(march.AddDate(0, 0, 0).Add(-time.Hour), "合同 early")...)
	l.until("telling of the block", func() bool { return strings.Contains(l.generation().Error, "read-only") })
	if c, err := l.engine.Coverage(t.Context()); err != nil || c.Complete() || !strings.Contains(c.Problem, "read-only") || c.Behind == 0 {
		t.Errorf("coverage %+v, %v", c, err)
	}
	if _, err := l.tryFind("合同"); !errors.Is(err, search.ErrBehind) {
		t.Errorf("a search finds less, and does not leave it to the other engine: %v", err)
	}
	if _, err := l.engine.Count(t.Context(), l.query("合同"), 9); !errors.Is(err, search.ErrBehind) {
		t.Errorf("Count: %v", err)
	}
	estest.ReadOnly(t, l.options.URLs[0], l.options.Prefix+"-*", false)
	l.until("catching up", l.complete)
	if got := l.find("合同"); len(got) != len(ids) {
		t.Errorf("%d hits, want %d", len(got), len(ids))
	}
	if g := l.generation(); g.Error != "" || g.ErrorAt != nil {
		t.Errorf("the problem stays: %q", g.Error)
	}
}

// Nobody feeds the index: for a while it may lack a little.
func TestIndexThatIsBehind(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	ids := l.say(march, numbered(3)...)
	l.feed()
	l.archive.MustExec(`UPDATE search_indexes SET caught_up_at = now() - interval '11 minutes'`)
	l.same("合同", ids) // it lacks nothing
	for _, tt := range []struct {
		since string
		most  int64
		want  error
	}{{"30 seconds", 1, nil}, {"9 minutes", 0, nil}, {"9 minutes", 1, search.ErrBehind}, {"11 minutes", 0, search.ErrBehind}} {
		l.archive.MustExec(`UPDATE search_indexes SET caught_up_at = now() - CAST($1 AS interval)`, tt.since)
		l.say(march.Add(time.Hour), "合同 two", "合同 three")
		l.engine.MostBehind = tt.most
		if _, err := l.tryFind("合同"); !errors.Is(err, tt.want) {
			t.Errorf("complete %s ago, %d may lack: %v, want %v", tt.since, tt.most, err, tt.want)
		}
	}
}

// A live generation that cannot go on is what new indices are asked for.
func TestReindexDoesNotWaitForTheLiveOne(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	ids := l.say(march, numbered(3)...)
	l.feed()
	was := l.generation()
	l.call("PUT", was.Index("202603")+"/_settings", `{"index.blocks.write": true}`)
	ids = append(ids, l.say(march.Add(time.Hour), "合同 later")...)
	if err := l.archive.CreateGeneration(t.Context(), l.options.Prefix, 1, "asked for"); err != nil {
		t.Fatal(err)
	}
	l.until("the swap", func() bool { return l.generation().Name != was.Name && l.generation().State == search.GenerationLive })
	l.same("合同", ids)
}

// Another number of shards holds for the next generation.
func TestShardsOfAGenerationStay(t *testing.T) {
	t.Parallel()
	for _, shards := range [][2]int{{2, 1}, {1, 2}} {
		l := newLab(t, func(o *elastic.Options) { o.Shards = shards[0] })
		ids := l.say(march, numbered(3)...)
		l.feed()
		l.options.Shards = shards[1]
		l.connect()
		ids = append(ids, l.say(march.AddDate(0, 1, 0), "合同 of another month")...)
		l.feed()
		l.same("合同", ids)
		l.call("DELETE", l.generation().Index("202603"), "")
		if got, err := l.tryFind("合同"); err == nil {
			t.Errorf("%d, then %d shards: %d hits without a whole month, and no error", shards[0], shards[1], len(got))
		}
	}
}

func TestDamagedIndicesAreBuiltAgain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, want string
		damage     func(l *lab, index string)
	}{
		{"one is gone", "1 of 2 indices are gone", func(l *lab, index string) { l.call("DELETE", index, "") }},
		{"all are gone", "all 2 indices are gone", func(l *lab, index string) {
			l.call("DELETE", index, "")
			l.call("DELETE", strings.TrimSuffix(index, "202603")+"202604", "")
			l.call("DELETE", "_index_template/"+l.options.Prefix+"-*", "")
		}},
		{"its mapping is another one", "mapping", func(l *lab, index string) { l.call("PUT", index+"/_mapping", `{"dynamic": true}`) }},
		{"somebody made another one in its place", "mapping", func(l *lab, index string) {
			l.call("DELETE", index, "")
			l.call("PUT", index, `{"mappings": {"properties": {"u": {"type": "keyword"}}}, "aliases": {"`+index+`-w": {}, "`+l.options.Prefix+`": {}}}`)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			ids := append(l.say(march, numbered(5)...), l.say(march.AddDate(0, 0, 1), numbered(5)...)...)
			l.feed()
			was := l.generation()
			tt.damage(l, was.Index("202603"))
			l.age(was.Name)
			l.connect() // a process that has just started looks at once
			ids = append(ids, l.say(march.AddDate(0, 0, 2), "合同 new")...)
			if strings.Contains(tt.want, "gone") {
				if _, err := l.tryFind("合同"); err == nil {
					t.Error("a search finds less, and does not tell")
				}
			}
			l.until("building again", func() bool { return l.generation().Name != was.Name && l.complete() })
			l.same("合同", ids)
			if g := l.generation(); !strings.Contains(g.Reason, tt.want) || g.State != search.GenerationLive {
				t.Errorf("generation %+v, want the reason %q", g, tt.want)
			}
			l.until("deleting what was", func() bool { return l.generations() == 1 })
		})
	}
}

// age lets a generation be no new one.
func (l *lab) age(name string) {
	l.archive.MustExec(`UPDATE search_indexes SET started_at = started_at - interval '1 hour', finished_at = finished_at - interval '1 hour' WHERE name = $1`, name)
}

func (l *lab) generations() int {
	l.Helper()
	gs, err := l.archive.FindGenerations(l.Context(), l.options.Prefix)
	if err != nil {
		l.Fatal(err)
	}
	return len(gs)
}

func TestFieldsThatSomebodyAddedDoNoHarm(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	ids := l.say(march, numbered(3)...)
	l.feed()
	was := l.generation()
	l.age(was.Name)
	l.call("PUT", was.Index("202603")+"/_mapping", `{"properties": {"mine": {"type": "keyword"}}}`)
	l.connect()
	ids = append(ids, l.say(march.Add(time.Hour), "合同 new")...)
	l.feed()
	l.same("合同", ids)
	if g := l.generation(); g.Name != was.Name {
		t.Errorf("built again: %s", g.Reason)
	}
}
