package searchtest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"huicun/internal/access"
	"huicun/internal/fault"
	"huicun/internal/outbox"
	"huicun/internal/search"
	"huicun/internal/store"
)

func openPostgres(_ *testing.T, a *Archive) (search.Engine, func(testing.TB)) {
	return &store.Search{DB: a.DB}, nil
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	Run(t, openPostgres)
}

// What another engine asks of conversations is what a look at every one says.
func TestConversationsOfAQuery(t *testing.T) {
	t.Parallel()
	b := newBench(t, openPostgres)
	scopes := company(t, b.Archive)
	fill(t, b.Archive, writer{random(1, 0)}, 300)
	o := NewOracle(t, b.Archive)
	s := &store.Search{DB: b.DB}
	d := newDrawer(o, scopes, random(1, 1))
	listed := 0
	for range 200 {
		q := d.query()
		q.Filter.Senders, q.Filter.MsgTypes, q.Filter.Flags, q.Filter.From, q.Filter.To = nil, nil, 0, time.Time{}, time.Time{}
		all := search.Query{Scope: q.Scope, Filter: q.Filter}
		want := []int64{}
		for _, r := range o.Find(all) {
			want = append(want, r.ConvID)
		}
		slices.Sort(want)
		want = slices.Compact(want)
		kept, err := s.KeepConversations(t.Context(), all, o.Conversations())
		if err != nil {
			t.Fatal(err)
		}
		got := []int64{}
		for id := range kept {
			got = append(got, id)
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("KeepConversations(%+v) (-want +got):\n%s", all, diff)
		}
		ids, complete, err := s.FindConversations(t.Context(), all, 10_000)
		if err != nil {
			t.Fatal(err)
		}
		if slices.Sort(ids); complete && !slices.Equal(ids, want) {
			t.Fatalf("FindConversations(%+v) = %v, want %v", all, ids, want)
		}
		if complete {
			listed++
		}
		if len(want) == 0 {
			continue
		}
		if few, complete, err := s.FindConversations(t.Context(), all, len(want)-1); err != nil || complete {
			t.Fatalf("FindConversations(%+v), one too few: %v, %v, %v", all, few, complete, err)
		}
	}
	if listed < 50 {
		t.Errorf("only %d of 200 lists", listed)
	}
}

// Where the conversations of a department's few people are too many to be listed
// before a search, the answers are the same.
func TestDepartmentsWithManyChats(t *testing.T) {
	t.Parallel()
	b := newBench(t, openPostgres)
	scopes := company(t, b.Archive)
	fill(t, b.Archive, writer{random(3, 0)}, 300)
	b.ready(t)
	o := NewOracle(t, b.Archive)
	s := &store.Search{DB: b.DB, MostListed: 1}
	d := newDrawer(o, scopes, random(3, 1))
	found := 0
	for range 300 {
		q := d.query()
		q.Filter.Departments, q.After = []int64{1 + d.Int64N(8)}, nil
		want := o.Find(q)
		got, err := s.Find(t.Context(), q, len(want)+1)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("Find(%+v) (-want +got):\n%s", q, diff)
		}
		if n, err := s.Count(t.Context(), q, len(want)+1); err != nil || n != len(want) {
			t.Fatalf("Count(%+v) = %d, %v, want %d", q, n, err, len(want))
		}
		found += len(want)
	}
	if found < 100 {
		t.Errorf("only %d messages were found", found)
	}
}

func TestSensitiveMessagesInScope(t *testing.T) {
	t.Parallel()
	b := newBench(t, openPostgres)
	ids := b.say(t, Said{From: "lin", To: []string{"wang"}, Text: "a"}, Said{From: "lin", To: []string{"wang"}, Text: "b"}, Said{From: "lin", To: []string{"wang"}, Text: "c"})
	b.Violate(t, ids[0], "lin")
	b.Violate(t, ids[1], "wang")
	b.Dismiss(t, b.Violate(t, ids[2], "lin"))
	s := &store.Search{DB: b.DB}
	for _, tt := range []struct {
		scope access.Scope
		want  map[string]bool
	}{
		{access.System(), map[string]bool{ids[0]: true, ids[1]: true}}, {b.Viewer(t, "mei", "lin"), map[string]bool{ids[0]: true}}, {access.Scope{}, map[string]bool{}},
	} {
		got, err := s.KeepSensitive(t.Context(), tt.scope, ids)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("KeepSensitive (-want +got):\n%s", diff)
		}
	}
}

// Whoever waits too long is told so, and whoever goes is let go.
func TestSearchesEnd(t *testing.T) {
	t.Parallel()
	b := newBench(t, openPostgres)
	b.say(t, Said{From: "lin", To: []string{"wang"}, Text: "a"})
	tx := b.MustBegin()
	defer func() { _ = tx.Rollback() }()
	tx.MustExec(`LOCK TABLE search_messages IN ACCESS EXCLUSIVE MODE`)
	q := search.Query{Scope: access.System(), Words: mustParse(t, "a", false), Order: search.Newest}
	slow := &store.Search{DB: b.DB, Timeout: 20 * time.Millisecond}
	if _, err := slow.Find(t.Context(), q, 10); !fault.Is(err, fault.CodeUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Find = %v, want unavailable", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := b.Count(ctx, q, 10)
		done <- err
	}()
	for waiting := 0; waiting == 0; {
		if err := b.Get(&waiting, `SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE NOT l.granted AND d.datname = current_database()`); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("Count = %v, want that it was given up", err)
	}
}

// Whatever is not in the table is told.
func TestCoverageNamesHoles(t *testing.T) {
	t.Parallel()
	b := newBench(t, openPostgres)
	_, ids := b.Save(t, Said{From: "lin", To: []string{"wang"}, Text: "a"}, Said{From: "lin", To: []string{"wang"}, Text: "b"})
	var stored time.Time
	if err := b.Get(&stored, `SELECT stored_at FROM batches`); err != nil {
		t.Fatal(err)
	}
	check := func(what string, indexed, behind int64, upTo bool, problem string) {
		t.Helper()
		c, err := b.Coverage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if c.Indexed != indexed || c.Messages != 2 || c.Behind != behind || c.UpTo.After(stored) != upTo || !strings.Contains(c.Problem, problem) || c.Problem == "" != (problem == "") {
			t.Errorf("%s: %+v", what, c)
		}
	}
	check("waiting", 0, 2, false, "")
	items, err := b.ClaimItems(t.Context(), "w", []string{search.KindIndex}, 10)
	if err != nil || len(items) != 1 {
		t.Fatalf("ClaimItems = %v, %v", items, err)
	}
	check("running", 0, 2, false, "")
	if err := b.FinishItem(t.Context(), items[0], outbox.Outcome{State: outbox.StateDiscarded, Error: "disk full", Count: true}); err != nil {
		t.Fatal(err)
	}
	check("given up", 0, 2, false, "disk full")
	b.MustExec(`UPDATE outbox SET state = 'available' WHERE kind = 'index'`)
	b.ready(t)
	check("done", 2, 0, true, "")
	b.Violate(t, ids[0], "lin")
	check("something became known", 2, 1, true, "")
	b.ready(t)
	check("and is in", 2, 0, true, "")
	b.MustExec(`UPDATE search_state SET indexed = 1`)
	check("nothing would make them", 1, 1, true, "no document")
}
