package elastic_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"huicun/internal/access"
	"huicun/internal/search"
	"huicun/internal/search/elastic"
	"huicun/internal/search/searchtest"
)

// pair is an engine that names conversations in its queries, and one that never
// does: they are to say the same, of first pages and of totals.
type pair struct {
	*elastic.Engine
	unnamed *elastic.Engine
}

func (p pair) Find(ctx context.Context, q search.Query, limit int) ([]search.Ref, error) {
	refs, err := p.Engine.Find(ctx, q, limit)
	if q.After != nil || q.Scope.All() && !q.Filter.ByConversation() {
		return refs, err
	}
	others, err2 := p.unnamed.Find(ctx, q, limit)
	if err == nil && err2 == nil && !slices.Equal(refs, others) {
		err = fmt.Errorf("with conversations named %d hits, else %d, or others", len(refs), len(others))
	}
	return refs, errors.Join(err, err2)
}

func (p pair) Count(ctx context.Context, q search.Query, most int) (int, error) {
	n, err := p.Engine.Count(ctx, q, most)
	if q.Scope.All() && !q.Filter.ByConversation() {
		return n, err
	}
	other, err2 := p.unnamed.Count(ctx, q, most)
	if err == nil && err2 == nil && n != other {
		err = fmt.Errorf("with conversations named %d hits, else %d", n, other)
	}
	return n, errors.Join(err, err2)
}

// unnamed is the engine as it is where a query is about many conversations.
func (l *lab) unnamed() *elastic.Engine {
	return &elastic.Engine{Client: l.client, Of: l.engine.Of, Generations: l.archive, Base: l.engine.Base, MostConversations: 1, Buckets: 15}
}

// chats lets a customer and an employee talk in each of n conversations, and so
// many employees among themselves.
func (l *lab) chats(n, inside int) {
	l.Helper()
	var said []searchtest.Said
	for i := range n + inside {
		to := fmt.Sprintf("wmBuyer%025d", i)
		if i >= n {
			to = fmt.Sprint("emp", i)
			l.archive.MustExec(`INSERT INTO employees (person, userid, name) VALUES ($1, $1, $1)`, to)
		}
		for j := range 1 + i%3 {
			said = append(said, searchtest.Said{From: "anna", To: []string{to}, Text: fmt.Sprint("合同 ", i, " ", j)})
		}
	}
	l.archive.MustExec(`INSERT INTO employees (person, userid, name) VALUES ('anna', 'anna', 'anna')`)
	for part := range slices.Chunk(said, 500) {
		l.archive.Save(l, part...)
	}
	l.archive.Index(l)
	l.feed()
}

// asked keeps how often the index and the database are asked.
type asked struct {
	elastic.Conversations
	keeps, ids int
}

func (a *asked) KeepConversations(ctx context.Context, q search.Query, ids []int64) (map[int64]bool, error) {
	a.keeps, a.ids = a.keeps+1, a.ids+len(ids)
	return a.Conversations.KeepConversations(ctx, q, ids)
}

// Of many conversations few are meant, or most.
func TestManyConversations(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.chats(2500, 3)
	for _, tt := range []struct {
		name           string
		external       bool
		most           int // that are counted
		named, buckets int
		want, asked    int
	}{
		{"inside, all of them asked for", false, search.MaxRefs + 1, 2, 10_000, 6, 2503},
		{"inside, some at a time", false, search.MaxRefs + 1, 2, 100, 6, 2503},
		{"outside", true, search.MaxRefs + 1, 2, 10_000, 4999, 2503},
		{"outside, enough with the first", true, 150, 2, 100, 150, 100},
		{"few are named", false, search.MaxRefs + 1, 0, 100, 6, 0},
	} {
		of := &asked{Conversations: l.engine.Of}
		l.engine.MostConversations, l.engine.Buckets = tt.named, tt.buckets
		e := *l.engine
		e.Of = of
		q := l.query("合同")
		q.Filter.External = &tt.external
		if tt.named == 0 { // a list that the database can give
			q.Filter.ConvIDs = l.inside()
		}
		n, err := e.Count(t.Context(), q, tt.most)
		if err != nil || n != tt.want || of.ids != tt.asked {
			t.Errorf("%s: Count = %d, %v, asked for %d conversations; want %d, %d", tt.name, n, err, of.ids, tt.want, tt.asked)
		}
	}
	// Three conversations of 2,503, said last of all, and first of all.
	inside := false
	for _, order := range []search.Order{search.Newest, search.Oldest} {
		for _, named := range []int{2, 3} { // too many to be named after all, or not
			of := &asked{Conversations: l.engine.Of}
			e := *l.engine
			e.Of, e.MostConversations, e.Buckets = of, named, 1000
			q := l.query("合同")
			q.Filter.External, q.Order = &inside, order
			refs, err := e.Find(t.Context(), q, 40)
			if err != nil || len(refs) != 6 || of.ids > 2503 {
				t.Errorf("%s: %d hits, %v, %d conversations asked for", order, len(refs), err, of.ids)
			}
			if !slices.IsSortedFunc(refs, func(a, b search.Ref) int {
				if order == search.Newest {
					a, b = b, a
				}
				return a.SentAt.Compare(b.SentAt)
			}) {
				t.Errorf("%s: out of order", order)
			}
		}
	}
}

// inside gives the conversations without a customer.
func (l *lab) inside() (ids []int64) {
	l.Helper()
	if err := l.archive.Select(&ids, `SELECT conv_id FROM conv_members WHERE person LIKE 'emp%'`); err != nil {
		l.Fatal(err)
	}
	return ids
}

// A cluster may allow fewer buckets than are asked for.
func TestFewerBucketsAreAllowed(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.chats(250, 3)
	settings := func(v string) {
		l.call("PUT", "_cluster/settings", `{"persistent": {"search.max_buckets": `+v+`}}`)
	}
	settings("120")
	defer settings("null")
	outside := true
	q := l.query("合同")
	q.Filter.External = &outside
	l.engine.MostConversations = 1
	if n, err := l.engine.Count(t.Context(), q, search.MaxRefs+1); err != nil || n != 499 {
		t.Errorf("Count = %d, %v", n, err)
	}
}

// half is a database that has more conversations than can be named, of which the
// even ones are meant.
type half struct{ elastic.Conversations }

func (half) FindConversations(context.Context, search.Query, int) ([]int64, bool, error) {
	return nil, false, nil
}

func (half) KeepConversations(_ context.Context, _ search.Query, ids []int64) (map[int64]bool, error) {
	kept := map[int64]bool{}
	for _, id := range ids {
		if id%2 == 0 {
			kept[id] = true
		}
	}
	return kept, nil
}

// oneMonth is a generation of one index that holds everything.
type oneMonth struct{}

func (oneMonth) FindGenerations(context.Context, string) ([]search.Generation, error) {
	now := time.Now()
	return []search.Generation{{Name: "x-1", Alias: "x", State: search.GenerationLive, Shards: 1, Months: []string{"202603"}, CaughtUpAt: &now}}, nil
}

func (oneMonth) ReadChanges(context.Context) (search.Changes, error) { return search.Changes{}, nil }

// An answer that lacks a part is an error, and no smaller number.
func TestPartsOfACountAreAnError(t *testing.T) {
	t.Parallel()
	const whole = `"_shards":{"total":1,"failed":0}`
	const some = `"aggregations":{"conv":{"buckets":[{"key":{"conv":1},"doc_count":5},{"key":{"conv":2},"doc_count":7}]}}`
	for _, tt := range []struct {
		name, answer string
		want         int // -1: an error
	}{
		{"whole", `{"timed_out":false,` + whole + `,` + some + `}`, 7},
		{"nothing", `{"timed_out":false,` + whole + `,"aggregations":{"conv":{"buckets":[]}}}`, 0},
		{"out of time", `{"timed_out":true,` + whole + `,` + some + `}`, -1},
		{"a shard failed", `{"timed_out":false,"_shards":{"total":2,"failed":1},` + some + `}`, -1},
		{"an index is gone", `{"timed_out":false,"_shards":{"total":0,"failed":0},` + some + `}`, -1},
		{"without conversations", `{"timed_out":false,` + whole + `}`, -1},
		{"cut off", `{"timed_out":false,` + whole + `,"aggregations":{"conv":{"buck`, -1},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasSuffix(r.URL.Path, "/_search") {
				t.Errorf("asked for %s", r.URL.Path)
			}
			w.Header().Set("X-Elastic-Product", "Elasticsearch")
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, tt.answer)
		}))
		client, err := elastic.NewClient(elastic.Options{URLs: []string{s.URL}, Prefix: "x"})
		if err != nil {
			t.Fatal(err)
		}
		e := &elastic.Engine{Client: client, Of: half{}, Generations: oneMonth{}}
		words, err := search.ParseWords("合同", false)
		if err != nil {
			t.Fatal(err)
		}
		inside := true
		q := search.Query{Scope: access.System(), Words: words, Order: search.Newest, Filter: search.Filter{External: &inside}}
		n, err := e.Count(t.Context(), q, search.MaxRefs+1)
		if (err != nil) != (tt.want < 0) || err == nil && n != tt.want {
			t.Errorf("%s: Count = %d, %v", tt.name, n, err)
		}
		if tt.name == "out of time" && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", tt.name, err)
		}
		client.Close()
		s.Close()
	}
}
