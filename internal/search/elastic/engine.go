package elastic

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/search"
)

// Conversations says which conversations a query is about: what only the
// database knows. It heeds scope and filter, ConvIDs too.
type Conversations interface {
	// FindConversations gives them, up to most; all is false when there are more.
	FindConversations(ctx context.Context, q search.Query, most int) (ids []int64, all bool, err error)
	// KeepConversations gives those of ids that are among them.
	KeepConversations(ctx context.Context, q search.Query, ids []int64) (map[int64]bool, error)
	// KeepSensitive gives those of the messages that are part of a violation in
	// scope which is no false alarm.
	KeepSensitive(ctx context.Context, s access.Scope, ids []string) (map[string]bool, error)
}

// Generations are the sets of indices, and how far they have come.
type Generations interface {
	FindGenerations(ctx context.Context, alias string) ([]search.Generation, error)
	ReadChanges(ctx context.Context) (search.Changes, error)
}

// Coverer says what the database holds of the archive; its engine.
type Coverer interface {
	Coverage(ctx context.Context) (search.Coverage, error)
}

// Engine is a search.Engine over the indices that a Feeder fills.
type Engine struct {
	Client      *Client
	Of          Conversations
	Generations Generations
	Base        Coverer
	// MostBehind is how many changes may be missing from an index that was not
	// complete for a while; 0 means 20,000. After ten minutes none may be.
	MostBehind int64
	// MostConversations are named in a query; more are told apart afterwards. 0
	// means 16,384.
	MostConversations int
	// Buckets is how many conversations with hits are asked for at once; 0 means
	// 10,000, then up to 60,000.
	Buckets int
}

const (
	defaultMostConversations = 16_384
	defaultMostBehind        = 20_000
	behindFor                = time.Minute // for less than that no index is called behind, unless it cannot go on
	longBehind               = 10 * time.Minute
	mostNames                = 3000 // bytes of index names in an address
)

func (e *Engine) mostConversations() int {
	if e.MostConversations > 0 {
		return e.MostConversations
	}
	return defaultMostConversations
}

var _ search.Engine = (*Engine)(nil)

// Name implements search.Engine.
func (e *Engine) Name() string { return "elastic" }

// Find implements search.Engine.
func (e *Engine) Find(ctx context.Context, q search.Query, limit int) ([]search.Ref, error) {
	l, err := e.look(ctx, q)
	if err != nil {
		return nil, err
	}
	var refs []search.Ref
	if !l.nothing() {
		refs, err = l.find(ctx, min(limit, search.MaxRefs))
	}
	return refs, l.unlessStuck(err)
}

// Count implements search.Engine.
func (e *Engine) Count(ctx context.Context, q search.Query, most int) (int, error) {
	q.After = nil
	l, err := e.look(ctx, q)
	if err != nil {
		return 0, err
	}
	n := 0
	if !l.nothing() {
		n, err = l.countAll(ctx, min(most, search.MaxRefs+1))
	}
	return n, l.unlessStuck(err)
}

// look is one search under way.
type look struct {
	*Engine
	q       search.Query
	live    search.Generation
	stuck   bool           // changes are missing, and do not come
	months  []string       // in which something may be found
	convs   []int64        // nil: the index is not asked for certain conversations
	keep    bool           // hits of other conversations are dropped afterwards
	private bool           // hits with violations out of scope are
	known   map[int64]bool // conversations that the database was asked for: whether they are meant
}

func (e *Engine) look(ctx context.Context, q search.Query) (*look, error) {
	l := &look{Engine: e, q: q}
	var err error
	if l.live, l.stuck, err = e.live(ctx); err != nil {
		return nil, err
	}
	l.months = monthsIn(l.live.Months, q)
	l.private = q.Filter.Flags&search.Sensitive != 0 && !q.Scope.All()
	if q.Scope.All() && !q.Filter.ByConversation() {
		if len(q.Filter.ConvIDs) > 0 {
			l.convs = q.Filter.ConvIDs
		}
		return l, nil
	}
	convs, all, err := e.Of.FindConversations(ctx, q, e.mostConversations())
	switch {
	case err != nil:
		return nil, err
	case all:
		l.convs = append([]int64{}, convs...)
	default:
		l.keep = true
	}
	return l, nil
}

// live gives the generation that is searched.
func (e *Engine) live(ctx context.Context) (g search.Generation, stuck bool, err error) {
	gs, err := e.Generations.FindGenerations(ctx, e.Client.o.Prefix)
	if err != nil {
		return g, false, err
	}
	for _, g := range gs {
		if g.State == search.GenerationLive {
			stuck, err = e.behind(ctx, g)
			return g, stuck, err
		}
	}
	return g, false, search.ErrBuilding
}

// behind fails when too much is missing from a generation, and reports whether
// anything is that does not come as something is wrong: an index that cannot be
// written to answers as if nothing were.
func (e *Engine) behind(ctx context.Context, g search.Generation) (stuck bool, err error) {
	most := e.MostBehind
	if most == 0 {
		most = defaultMostBehind
	}
	s, err := e.Generations.ReadChanges(ctx)
	if err != nil {
		return false, err
	}
	missing, since := s.Change-g.Change, longBehind+1
	if g.CaughtUpAt != nil {
		since = s.Now.Sub(*g.CaughtUpAt)
	}
	if missing > most && since > behindFor || missing > 0 && since > longBehind {
		return false, search.ErrBehind
	}
	return missing > 0 && g.Error != "", nil
}

// unlessStuck is the error of a search. That Elasticsearch does not answer comes
// first: it says more.
func (l *look) unlessStuck(err error) error {
	if err == nil && l.stuck {
		return search.ErrBehind
	}
	return err
}

// nothing reports whether nothing can be found.
func (l *look) nothing() bool { return len(l.months) == 0 || l.convs != nil && len(l.convs) == 0 }

// drops reports whether hits of the index may be dropped afterwards.
func (l *look) drops() bool { return l.keep || l.private }

// find gives limit hits. Where hits are dropped, more are asked for, until there
// are enough or no others. Where nearly all are dropped because of their
// conversations, these are named after all, if those with hits are few.
func (l *look) find(ctx context.Context, limit int) ([]search.Ref, error) {
	if limit <= search.MaxRefs && !l.drops() {
		return l.page(ctx, l.q.After, limit)
	}
	var kept []search.Ref
	after, seen, tried := l.q.After, 0, false
	for size := min(search.MaxRefs, max(overFetch*limit, leastFetch)); len(kept) < limit; size = min(search.MaxRefs, 2*size) {
		if l.keep && !tried && seen >= enoughSeen && len(kept) < seen/fewKept {
			tried = true
			if err := l.narrow(ctx); err != nil {
				return nil, err
			}
			if l.nothing() {
				break
			}
		}
		refs, err := l.page(ctx, after, size)
		if err != nil {
			return nil, err
		}
		seen += len(refs)
		full := len(refs) == size
		if full {
			last := refs[len(refs)-1]
			after = &archive.Position{SentAt: last.SentAt, Seq: last.Seq, ID: last.ID}
		}
		if refs, err = l.visible(ctx, refs); err != nil {
			return nil, err
		}
		kept = append(kept, refs...)
		if !full {
			break
		}
	}
	return kept[:min(limit, len(kept))], nil
}

const (
	overFetch  = 3
	leastFetch = 300
	enoughSeen = 2000 // hits, to tell whether few are kept
	fewKept    = 8    // one of so many
)

// answer is what the index says to a search. Ids come from the sort values:
// nothing stored has to be read.
type answer struct {
	TimedOut bool `json:"timed_out"`
	Shards   struct {
		Total    int `json:"total"`
		Failed   int `json:"failed"`
		Failures []struct {
			Reason cause `json:"reason"`
		} `json:"failures"`
	} `json:"_shards"`
	Hits struct {
		Total struct {
			Value int `json:"value"`
		} `json:"total"`
		Hits []hit `json:"hits"`
	} `json:"hits"`
	Groups struct {
		By *groups `json:"conv"`
	} `json:"aggregations"`
}

type hit struct {
	ID      string `json:"_id"` // where asked for
	Version int64  `json:"_version"`
	Fields  struct {
		Conv   []int64 `json:"conv"`
		Length []int   `json:"len"`
	} `json:"fields"`
	Sort place `json:"sort"`
}

func (l *look) page(ctx context.Context, after *archive.Position, size int) ([]search.Ref, error) {
	if size <= 0 {
		return nil, nil
	}
	body := object{
		"size": size, "query": filter(l.q, l.convs), "sort": sorting(l.q.Order), "track_total_hits": false,
		"stored_fields": "_none_", "docvalue_fields": []string{fieldConv, fieldLength},
	}
	if after != nil {
		body["search_after"] = searchAfter(*after)
	}
	a, err := l.ask(ctx, body)
	if err != nil {
		return nil, err
	}
	refs := make([]search.Ref, len(a.Hits.Hits))
	for i, h := range a.Hits.Hits {
		if len(h.Fields.Conv) != 1 || len(h.Fields.Length) != 1 || !archive.ValidID(h.Sort.ID) {
			return nil, errors.New("elasticsearch: a hit is none of our documents")
		}
		refs[i] = search.Ref{ID: h.Sort.ID, ConvID: h.Fields.Conv[0], SentAt: h.Sort.SentAt, Seq: h.Sort.Seq, Length: h.Fields.Length[0]}
	}
	return refs, nil
}

// countAll counts up to most hits.
func (l *look) countAll(ctx context.Context, most int) (int, error) {
	switch {
	case !l.drops():
		return l.count(ctx, most)
	case !l.private:
		return l.countKept(ctx, most)
	}
	refs, err := l.find(ctx, most)
	return len(refs), err
}

func (l *look) count(ctx context.Context, most int) (int, error) {
	a, err := l.ask(ctx, object{"size": 0, "query": filter(l.q, l.convs), "track_total_hits": most})
	if err != nil {
		return 0, err
	}
	return min(a.Hits.Total.Value, most), nil
}

// ask searches the indices of the months, or, when that is all of them, what the
// alias means. An answer that lacks a part is an error.
func (l *look) ask(ctx context.Context, body object) (*answer, error) {
	names := make([]string, len(l.months))
	for i, m := range l.months {
		names[i] = l.live.Index(m)
	}
	target := strings.Join(names, ",")
	wanted := len(names)
	if len(names) == len(l.live.Months) || len(target) > mostNames {
		target, wanted = l.live.Alias, len(l.live.Months)
	}
	a := new(answer)
	err := l.Client.do(ctx, request{
		method: http.MethodPost, path: target + "/_search", body: encode(body),
		query: url.Values{
			"allow_partial_search_results": {"false"}, "timeout": {fmt.Sprintf("%dms", l.Client.o.Timeout.Milliseconds())},
			"filter_path": {"timed_out,_shards,hits.total,hits.hits.sort,hits.hits.fields,aggregations"},
		},
	}, a)
	switch {
	case err != nil:
		return nil, err
	case a.TimedOut:
		return nil, fmt.Errorf("elasticsearch ran out of time: %w", context.DeadlineExceeded)
	case a.Shards.Failed > 0:
		e := &Error{Status: http.StatusInternalServerError}
		if len(a.Shards.Failures) > 0 {
			e = a.Shards.Failures[0].Reason.of(http.StatusInternalServerError)
		}
		return nil, fmt.Errorf("%d of %d shards failed: %w", a.Shards.Failed, a.Shards.Total, e)
	case a.Shards.Total < wanted*max(1, l.live.Shards):
		return nil, fmt.Errorf("elasticsearch: an index is missing: %d of %d shards answered", a.Shards.Total, wanted*l.live.Shards)
	}
	return a, nil
}
