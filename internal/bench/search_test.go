package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/search"
	"huicun/internal/search/elastic/estest"
)

// testOracle fills an oracle without a database.
func testOracle(t *testing.T, c *Corpus) *oracle {
	t.Helper()
	o := newOracle()
	l := &loader{convs: map[archive.ConvKey]*convState{}, members: map[member]time.Time{}, loadOptions: loadOptions{each: o.add}}
	docs := &docLoader{loader: l}
	err := c.eachBatch(func(id int64, batch []CorpusMessage) error {
		b := decodedBatch{id: id, messages: decodeAll(batch)}
		b.docs = docs.make(b)
		l.note(b)
		return docs.take(t.Context(), b)
	})
	if err != nil {
		t.Fatal(err)
	}
	o.finish()
	return o
}

// spoiledEngine answers like the oracle, but for one thing.
type spoiledEngine struct {
	*oracle
	sight   *sight // of every scope that is not all
	spoil   func(refs []search.Ref) []search.Ref
	recount int
}

func (e *spoiledEngine) Name() string { return "spoiled" }

func (e *spoiledEngine) Find(_ context.Context, q search.Query, limit int) ([]search.Ref, error) {
	s := e.sight
	if q.Scope.All() {
		s = nil
	}
	var refs []search.Ref
	for _, i := range e.first(q, s, limit) {
		refs = append(refs, e.ref(i))
	}
	return e.spoil(refs), nil
}

func (e *spoiledEngine) Count(_ context.Context, q search.Query, most int) (int, error) {
	s := e.sight
	if q.Scope.All() {
		s = nil
	}
	return e.count(q, s, most) + e.recount, nil
}

func (e *spoiledEngine) Coverage(context.Context) (search.Coverage, error) {
	return search.Coverage{}, errors.New("nobody asks")
}

// A benchmark that does not see a wrong answer is worth nothing.
func TestWrongSearchesAreSeen(t *testing.T) {
	t.Parallel()
	c := smallCorpus(3000)
	o := testOracle(t, c)
	s := o.sightOf([]string{person(1), person(2)})
	cases := c.ask(o, 1, []searchScope{{scopeName + "5", access.Viewer{ID: 7, Role: access.RoleViewer}.Scope(), s}})
	asIs := func(refs []search.Ref) []search.Ref { return refs }
	for _, tt := range []struct {
		name    string
		spoil   func(refs []search.Ref) []search.Ref
		recount int
		recall  bool // is full
		precise bool
		order   bool
		totals  bool // are right
	}{
		{"right", asIs, 0, true, true, true, true},
		{"a hit is missing", func(refs []search.Ref) []search.Ref { return refs[min(1, len(refs)):] }, 0, false, true, false, true},
		{"a hit is no hit", func(refs []search.Ref) []search.Ref { return append(refs, search.Ref{ID: "x"}) }, 0, true, false, false, true},
		{"a hit comes twice", func(refs []search.Ref) []search.Ref { return append(refs, refs[:min(1, len(refs))]...) }, 0, true, false, false, true},
		{"the oldest comes first", func(refs []search.Ref) []search.Ref { slices.Reverse(refs); return refs }, 0, true, true, false, true},
		{"a length is wrong", func(refs []search.Ref) []search.Ref {
			for i := range refs {
				refs[i].Length++
			}
			return refs
		}, 0, false, false, false, true},
		{"totals are too large", asIs, 1, true, true, true, false},
	} {
		r := &searchRun{engine: searchEngine{Engine: &spoiledEngine{o, s, tt.spoil, tt.recount}}, oracle: o, rounds: 1}
		if err := r.run(t.Context(), cases, func(int) {}); err != nil {
			t.Fatal(err)
		}
		a := &r.answers
		if (a.recall() == 1) != tt.recall || (a.precision() == 1) != tt.precise || a.sameOrder() != tt.order || (a.WrongTotal == 0) != tt.totals {
			t.Errorf("%s: recall %v, precision %v, same order %v, %d wrong totals", tt.name, a.recall(), a.precision(), a.sameOrder(), a.WrongTotal)
		}
		if err := a.Err(); errors.Is(err, errMissed) == (tt.name == "right") {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if err := (&agreement{}).Err(); err == nil {
		t.Error("a run that checked nothing is right")
	}
}

// That somebody of a department is in a conversation is not told to who may not see
// them, as the engines have it.
func TestUnseenMembersAreOfNoDepartment(t *testing.T) {
	t.Parallel()
	o := testOracle(t, smallCorpus(3000))
	mixed := 0
	for conv, talk := range o.talks {
		var members []string
		for _, m := range talk.members {
			if _, ok := employeeNumber(o.persons.list[m]); ok {
				members = append(members, o.persons.list[m])
			}
		}
		if len(members) < 2 {
			continue
		}
		e, _ := employeeNumber(members[0])
		f := search.Filter{Departments: []int64{int64(teamOf(e))}, ConvIDs: []int64{int64(conv)}}
		others := slices.DeleteFunc(members[1:], func(p string) bool { n, _ := employeeNumber(p); return teamOf(n) == teamOf(e) })
		if len(others) == 0 {
			continue
		}
		mixed++
		for seen, s := range map[bool]*sight{true: o.sightOf(members[:1]), false: o.sightOf(others)} {
			if got := o.conversations(f, s)[conv]; got != seen {
				t.Errorf("conversation %d is of the department = %v, want %v", conv, got, seen)
			}
		}
	}
	if mixed == 0 {
		t.Error("nobody talks with another team")
	}
}

// lateEngine does not answer the first search in time.
type lateEngine struct {
	spoiledEngine
	asked int
}

func (e *lateEngine) Find(ctx context.Context, q search.Query, limit int) ([]search.Ref, error) {
	if e.asked++; e.asked == 1 {
		return nil, fmt.Errorf("late: %w", context.DeadlineExceeded)
	}
	return e.spoiledEngine.Find(ctx, q, limit)
}

// What is not answered in time is told apart from a wrong answer, is not asked
// again, and lets the run fail all the same.
func TestLateAnswersAreTold(t *testing.T) {
	t.Parallel()
	c := smallCorpus(3000)
	o := testOracle(t, c)
	s := o.sightOf([]string{person(1), person(2)})
	cases := c.ask(o, 1, []searchScope{{scopeName + "5", access.Viewer{ID: 7, Role: access.RoleViewer}.Scope(), s}})
	e := &lateEngine{spoiledEngine: spoiledEngine{oracle: o, sight: s, spoil: func(refs []search.Ref) []search.Ref { return refs }}}
	r := &searchRun{engine: searchEngine{Engine: e}, oracle: o, rounds: 1}
	if err := r.run(t.Context(), cases, func(int) {}); err != nil {
		t.Fatal(err)
	}
	if a := &r.answers; a.TimedOut != 1 || a.recall() == 1 || a.precision() != 1 || a.Misplaced != 1 {
		t.Errorf("%+v", a)
	}
	if err := r.answers.Err(); !errors.Is(err, errMissed) || !strings.Contains(err.Error(), "1 searches had no answer within 1m0s") {
		t.Errorf("Err = %v", err)
	}
}

// The searches are those that PERFORMANCE figures are about, and nearly all of
// them find something.
func TestSearchesAreOfAllClasses(t *testing.T) {
	t.Parallel()
	c := smallCorpus(6000)
	o := testOracle(t, c)
	s := o.sightOf([]string{person(1), person(2)})
	scope := access.Viewer{ID: 7, Role: access.RoleViewer}.Scope()
	ask := func() []searchCase {
		return c.ask(o, 4, []searchScope{{scopeName + "1", scope, s}, {scopeName + "5", scope, s}})
	}
	classes, hits := map[searchClass]int{}, map[string]int{}
	first := ask()
	for _, sc := range first {
		classes[sc.class]++
		hits[sc.class.With] += o.count(sc.query, sc.sight, 10)
		if w := sc.query.Words.All; sc.class.Length > 0 && (len(w) != 1 || len([]rune(w[0])) != sc.class.Length) {
			t.Errorf("%+v looks for %q", sc.class, w)
		}
	}
	for _, n := range wordLengths {
		for _, f := range []string{rare, frequent} {
			for _, with := range []string{"", scopeName + "1", scopeName + "5"} {
				if got := classes[searchClass{n, f, with}]; got != 4 {
					t.Errorf("%d searches of %d %s %q", got, n, f, with)
				}
			}
		}
	}
	for with, n := range hits {
		if none := with == "QR code" || with == "never said"; none != (n == 0) {
			t.Errorf("with %q: %d hits", with, n)
		}
	}
	if len(hits) < 28 {
		t.Errorf("searches with %d different things", len(hits))
	}
	if !slices.EqualFunc(first, ask(), func(a, b searchCase) bool { return slices.Equal(a.query.Words.All, b.query.Words.All) }) {
		t.Error("the searches do not follow from the seed")
	}
}

func TestSearchCommandWithElasticsearch(t *testing.T) {
	t.Parallel()
	lines, err := runBench(t, &Search{
		Messages: 3000, Engine: engineElastic, Each: 1, Rounds: 1, Like: 2, ElasticURL: estest.Node(t),
		company: CorpusOptions{Employees: 60, Customers: 500, Groups: 30, Months: 2},
	})
	if err != nil || len(lines) != 1 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	want := map[string]any{"engine": "elastic", "messages": 3000.0, "recall": 1.0, "precision": 1.0, "same_order": true}
	if diff := cmp.Diff(want, pick(lines[0], "engine", "messages", "recall", "precision", "same_order")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	indexing, _ := lines[0]["indexing"].(map[string]any)
	if n, _ := lines[0]["index_bytes"].(float64); n <= 0 || indexing["documents"] != 3000.0 || indexing["over_bare_loop"] == nil {
		t.Errorf("%v bytes, indexing %v", n, indexing)
	}
}

func TestSearchCommand(t *testing.T) {
	t.Parallel()
	lines, err := runBench(t, &Search{
		Messages: 5000, Engine: enginePostgres, Each: 1, Rounds: 1, Like: 4, Ingest: leastIngest,
		company: CorpusOptions{Employees: 60, Customers: 500, Groups: 30, Months: 3},
	})
	if err != nil || len(lines) != 1 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	want := map[string]any{"bench": "search", "engine": "postgres", "messages": 5000.0, "recall": 1.0, "precision": 1.0, "same_order": true}
	if diff := cmp.Diff(want, pick(lines[0], "bench", "engine", "messages", "recall", "precision", "same_order")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, figure := range []string{"queries", "p50_ms", "p95_ms", "p99_ms", "index_bytes", "text_bytes", "table_bytes", "indexed_per_second", "cpu_ms_a_query"} {
		if n, ok := lines[0][figure].(float64); !ok || n <= 0 {
			t.Errorf("%s is %v", figure, lines[0][figure])
		}
	}
	ingest, _ := lines[0]["ingest"].(map[string]any)
	wantIngest := map[string]any{"not_indexed": 0.0, "lost": 0.0, "duplicated": 0.0, "served": float64(leastIngest)}
	if diff := cmp.Diff(wantIngest, pick(ingest, "not_indexed", "lost", "duplicated", "served")); diff != "" {
		t.Errorf("ingest (-want +got):\n%s", diff)
	}
	if like, _ := lines[0]["like_over_query"].(map[string]any); like["pairs"] != 4.0 || like["wrong"] != 0.0 {
		t.Errorf("LIKE: %v", like)
	}
	if groups, _ := lines[0]["groups"].([]any); len(groups) < 28 {
		t.Errorf("%d groups of searches", len(groups))
	}
}
