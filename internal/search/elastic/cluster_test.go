package elastic_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"huicun/internal/access"
	"huicun/internal/search"
	"huicun/internal/search/elastic"
	"huicun/internal/search/elastic/estest"
	"huicun/internal/store"
)

// Nodes of the test's own: what cannot be done to the shared one.

func TestNodeKilledWipedAndPaused(t *testing.T) {
	t.Parallel()
	c := estest.Own(t, 1)
	l := newLab(t, func(o *elastic.Options) {
		o.URLs, o.Prefix, o.BulkDocs = c.URLs(), "huicun", 5
		o.Timeout, o.BulkTimeout = 5*time.Second, 10*time.Second
	})
	ids := l.say(march, numbered(3)...)
	l.feed()

	// Killed between the parts of a window.
	ids = append(ids, l.say(march.Add(24*time.Hour), numbered(100)...)...)
	ctx, stop := context.WithCancel(t.Context())
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		for ctx.Err() == nil {
			if _, err := l.feeder.Pass(ctx); err != nil {
				return
			}
		}
	}()
	for n := int64(0); n < 5; {
		n = l.written()
	}
	c.Kill(0)
	stop()
	<-sent
	if _, err := l.tryFind("合同"); err == nil {
		t.Error("a search finds something without a node")
	}
	l.noted()
	c.Restart(0)
	l.until("catching up", l.complete)
	l.same("合同", ids)

	// Restarted empty.
	was := l.generation()
	l.age(was.Name)
	c.Kill(0)
	c.Wipe(0)
	c.Restart(0)
	ids = append(ids, l.say(march.Add(48*time.Hour), "合同 after")...)
	if _, err := l.tryFind("合同"); err == nil {
		t.Error("an empty node finds something")
	}
	l.until("building again", func() bool { return l.generation().Name != was.Name && l.complete() })
	l.same("合同", ids)
	if g := l.generation(); !strings.Contains(g.Reason, "gone") {
		t.Errorf("reason %q", g.Reason)
	}

	// It hangs.
	c.Pause(0)
	f := &search.Fallback{Primary: l.engine, Secondary: &store.Search{DB: l.archive.DB}, Within: 300 * time.Millisecond}
	var refs []search.Ref
	got, err := f.Do(t.Context(), func(ctx context.Context, e search.Engine) (err error) {
		refs, err = e.Find(ctx, l.query("合同"), search.MaxRefs)
		return err
	})
	if err != nil || got != (search.Answered{Engine: "postgres", Fallback: search.TimedOut}) || len(refs) != len(ids) {
		t.Errorf("%d hits, %+v, %v", len(refs), got, err)
	}
	ids = append(ids, l.say(march.Add(72*time.Hour), "合同 while it hangs")...)
	c.Resume(0)
	l.until("catching up", l.complete)
	l.same("合同", ids)
}

// query is what tryFind asks.
func (l *lab) query(text string) search.Query {
	w, err := search.ParseWords(text, false)
	if err != nil {
		l.Fatal(err)
	}
	return search.Query{Scope: access.System(), Words: w, Order: search.Newest}
}

// written tells how many documents the indices of April got, found or not.
func (l *lab) written() int64 {
	l.Helper()
	var a struct {
		All struct {
			Primaries struct {
				Indexing struct {
					Total int64 `json:"index_total"`
				} `json:"indexing"`
			} `json:"primaries"`
		} `json:"_all"`
	}
	l.ask("GET", l.options.Prefix+"-*-202604/_stats/indexing", "", &a)
	return a.All.Primaries.Indexing.Total
}

// green waits until every shard has its copies.
func (l *lab) green() {
	l.Helper()
	l.ask("GET", "_cluster/health?wait_for_status=green&wait_for_no_relocating_shards=true&timeout=90s", "", nil)
}

// noted passes until the operator is told that something is wrong.
func (l *lab) noted() {
	l.Helper()
	l.until("telling", func() bool { return l.generation().Error != "" })
	if c, err := l.engine.Coverage(l.Context()); err != nil || c.Complete() || c.Problem == "" {
		l.Errorf("coverage %+v, %v", c, err)
	}
}

func TestOneOfThreeNodesIsLost(t *testing.T) {
	t.Parallel()
	c := estest.Own(t, 3)
	l := newLab(t, func(o *elastic.Options) {
		o.URLs, o.Prefix, o.Replicas, o.BulkDocs = c.URLs(), "huicun", 1, 20
		o.Timeout, o.BulkTimeout = 10*time.Second, 10*time.Second
	})
	ids := l.say(march, numbered(50)...)
	ids = append(ids, l.say(march.Add(24*time.Hour), numbered(50)...)...)
	l.feed()
	l.green()
	for lost := range 2 { // one of them may be the master
		c.Kill(lost)
		ids = append(ids, l.say(march.Add(time.Duration(48+lost)*time.Hour), numbered(20)...)...)
		l.until("catching up with two nodes", l.complete)
		l.same("合同", ids)
		c.Restart(lost)
		l.green()
	}
	if g := l.generation(); g.Reason != "the first" || g.Error != "" {
		t.Errorf("generation %+v", g)
	}
	if r, err := l.feeder.Check(t.Context(), ptr(l.generation()), nil); err != nil || r.Holes+r.Extras != 0 {
		t.Errorf("Check = %+v, %v", r, err)
	}
}

func ptr[T any](v T) *T { return &v }
