package elastic_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"huicun/internal/access"
	"huicun/internal/search"
	"huicun/internal/search/elastic"
	"huicun/internal/search/elastic/estest"
	"huicun/internal/search/searchtest"
	"huicun/internal/store"
)

// lab is an archive, and indices that follow it.
type lab struct {
	*testing.T
	archive *searchtest.Archive
	client  *elastic.Client
	feeder  *elastic.Feeder
	engine  *elastic.Engine
	options elastic.Options
}

// newLab fills indices on the shared node, or, changed by the options, elsewhere.
func newLab(t *testing.T, change ...func(*elastic.Options)) *lab {
	t.Helper()
	return newLabOver(t, searchtest.NewArchive(t), change...)
}

func newLabOver(t *testing.T, a *searchtest.Archive, change ...func(*elastic.Options)) *lab {
	t.Helper()
	o := elastic.Options{Timeout: 20 * time.Second, BulkTimeout: 20 * time.Second}
	for _, f := range change {
		f(&o)
	}
	if len(o.URLs) == 0 {
		o.URLs = []string{estest.Node(t)}
	}
	if o.Prefix == "" {
		o.Prefix = estest.Prefix(t) + "s"
	}
	l := &lab{T: t, archive: a, options: o}
	l.connect()
	return l
}

// connect makes everything anew that a process has, as after a start.
func (l *lab) connect() {
	l.Helper()
	client, err := elastic.NewClient(l.options)
	if err != nil {
		l.Fatal(err)
	}
	l.Cleanup(client.Close)
	l.client = client
	l.feeder = &elastic.Feeder{Client: client, Store: l.archive}
	of := &store.Search{DB: l.archive.DB}
	l.engine = &elastic.Engine{Client: client, Of: of, Generations: l.archive, Base: of}
}

// say stores and indexes texts, minutes apart from a moment on.
func (l *lab) say(from time.Time, texts ...string) []string {
	l.Helper()
	said := make([]searchtest.Said, len(texts))
	for i, text := range texts {
		said[i] = searchtest.Said{At: from.Add(time.Duration(i) * time.Minute), From: "anna", To: []string{"ben"}, Text: text}
	}
	_, ids := l.archive.Save(l, said...)
	l.archive.Index(l)
	return ids
}

// feed passes until the live generation has caught up.
func (l *lab) feed() {
	l.Helper()
	for range 100 {
		busy, err := l.feeder.Pass(l.Context())
		if err != nil {
			l.Fatal(err)
		}
		if !busy && l.generation().State == search.GenerationLive {
			return
		}
	}
	l.Fatal("it does not catch up")
}

// until passes until ok, within minutes on the slowest machine; failures are allowed
// on the way.
func (l *lab) until(what string, ok func() bool) {
	l.Helper()
	deadline := time.Now().Add(4 * time.Minute)
	var last error
	for time.Now().Before(deadline) {
		_, last = l.feeder.Pass(l.Context())
		if ok() {
			return
		}
	}
	l.Fatalf("%s does not happen; last error: %v; problem: %q", what, last, l.generation().Error)
}

func (l *lab) complete() bool {
	c, err := l.engine.Coverage(l.Context())
	return err == nil && c.Complete() && c.Problem == ""
}

// generation gives the live one, or the one that is being built.
func (l *lab) generation() search.Generation {
	l.Helper()
	gs, err := l.archive.FindGenerations(l.Context(), l.options.Prefix)
	if err != nil {
		l.Fatal(err)
	}
	if len(gs) == 0 {
		return search.Generation{}
	}
	slices.SortStableFunc(gs, func(a, b search.Generation) int {
		order := map[search.GenerationState]int{search.GenerationLive: 0, search.GenerationBuilding: 1, search.GenerationOld: 2}
		return cmp.Compare(order[a.State], order[b.State])
	})
	return gs[0]
}

// find gives the ids that a text finds for who sees everything, newest first.
func (l *lab) find(text string) []string {
	l.Helper()
	ids, err := l.tryFind(text)
	if err != nil {
		l.Fatal(err)
	}
	return ids
}

func (l *lab) tryFind(text string) ([]string, error) {
	w, err := search.ParseWords(text, false)
	if err != nil {
		return nil, err
	}
	refs, err := l.engine.Find(l.Context(), search.Query{Scope: access.System(), Words: w, Order: search.Newest}, search.MaxRefs)
	ids := make([]string, len(refs))
	for i, r := range refs {
		ids[i] = r.ID
	}
	return ids, err
}

// same fails unless everything is found, each message once, newest first.
func (l *lab) same(text string, oldestFirst []string) {
	l.Helper()
	want := slices.Clone(oldestFirst)
	slices.Reverse(want)
	if got := l.find(text); !slices.Equal(got, want) {
		l.Errorf("find %q: %d hits, want %d, or in another order", text, len(got), len(want))
	}
}

func numbered(n int) []string {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = fmt.Sprintf("合同第 %d 条 %s", i, strings.Repeat("很长", i%7))
	}
	return texts
}

var march = time.Date(2026, 3, 31, 12, 0, 0, 0, time.UTC)

// call asks the node itself.
func (l *lab) call(method, path, body string) {
	l.Helper()
	l.ask(method, path, body, nil)
}

// ask is call with the answer; of several nodes the first is asked that answers.
func (l *lab) ask(method, path, body string, out any) {
	l.Helper()
	var last error
	for _, url := range l.options.URLs {
		if last = l.askAt(url, method, path, body, out); last == nil {
			return
		}
	}
	l.Fatalf("%s %s: %v", method, path, last)
}

func (l *lab) askAt(url, method, path, body string, out any) error {
	req, err := http.NewRequestWithContext(l.Context(), method, url+"/"+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode >= http.StatusMultipleChoices {
		return errors.New(string(data))
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(data, out)
}
