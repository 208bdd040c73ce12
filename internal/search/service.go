package search

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/audit"
	"huicun/internal/cursor"
	"huicun/internal/directory"
	"huicun/internal/fault"
)

// Archive reads what an engine found, within the scope; archive.Service.
type Archive interface {
	FoundAt(ctx context.Context, v access.Viewer, at []archive.Position) ([]archive.Found, error)
	EntriesAt(ctx context.Context, v access.Viewer, at []archive.Position) ([]archive.Entry, error)
	ConversationsOf(ctx context.Context, v access.Viewer, convs []int64) (map[int64]archive.Conversation, error)
	CanRead(ctx context.Context, v access.Viewer, conv int64) (bool, error)
	Departments(ctx context.Context, v access.Viewer) ([]archive.Department, error)
	Persons(ctx context.Context, ids []string) (map[string]directory.Person, error)
	Employee(ctx context.Context, v access.Viewer, person string) (archive.Employee, error)
}

// Service finds what was said, and keeps what was searched for.
type Service struct {
	Engine  Engine
	Archive Archive
	Store   Store
	Names   Names
	Zone    *time.Location // in which days begin; nil: UTC

	// CountWithin bounds the time that counting may take; 0 means 2 seconds.
	CountWithin time.Duration
}

// Bounds of an answer.
const (
	defaultLimit = 40
	maxLimit     = 100
	maxRounds    = 5      // reads of an engine for one page, where hits turn out not to be visible
	marked       = 20_001 // characters of a text in which words are marked: as many as pages draw
	maxSpans     = 500    // of one text
	maxAlso      = 10     // codes and links of one message that are given
	alsoRunes    = 2000   // of each of them
	countWithin  = 2 * time.Second
)

func limitOf(n int) (int, error) {
	switch {
	case n == 0:
		return defaultLimit, nil
	case n < 1 || n > maxLimit:
		return 0, fault.Invalid("limit", "must be 1 to %d", maxLimit)
	}
	return n, nil
}

// Search finds messages. Each search is noted; what was not noted is not
// answered.
func (s *Service) Search(ctx context.Context, v access.Viewer, r Request, p Paging, from audit.Origin) (Page, error) {
	limit, err := limitOf(p.Limit)
	if err != nil {
		return Page{}, err
	}
	now, err := s.startOf(r, &p)
	if err != nil {
		return Page{}, err
	}
	q, err := s.query(ctx, v, r, now)
	if err != nil {
		return Page{}, err
	}
	var page Page
	a := s.begin()
	if q.Order == Best {
		err = s.best(ctx, v, q, p.Cursor, limit, a, &page)
	} else {
		err = s.inOrder(ctx, v, q, p.Cursor, limit, a, &page)
	}
	if err != nil {
		return Page{}, err
	}
	page.Next = goingOn(r, now, page.Next)
	if page.Answer, err = a.end(ctx); err != nil {
		return Page{}, err
	}
	note := Note{Request: r, Total: page.Total, Engine: page.Engine, Repeated: p.Cursor != ""}
	return page, s.note(ctx, v, note, from)
}

// now is the time, in the zone of the reader's days.
func (s *Service) now() time.Time {
	if s.Zone == nil {
		return time.Now().UTC()
	}
	return time.Now().In(s.Zone)
}

// startOf gives the moment from which a request counts its days back: for a
// further page the one of the first, so that who pages over midnight misses
// nothing. Where the cursor holds one it leaves in p what is inside of it.
func (s *Service) startOf(r Request, p *Paging) (time.Time, error) {
	now := s.now()
	if r.Days == 0 || p.Cursor == "" {
		return now, nil
	}
	var start time.Time
	if err := cursor.Decode(p.Cursor, daysList, &start, &p.Cursor); err != nil {
		return now, err
	}
	if start.Before(now.Add(-longestPaging)) || start.After(now.Add(time.Minute)) || p.Cursor == "" {
		return now, fault.Invalid("cursor", "not a cursor of this list")
	}
	return start.In(now.Location()), nil
}

// longestPaging is how long an answer can be paged through. A cursor is no way to
// other days than those that were noted; clocks of replicas may differ a little.
const longestPaging = 7 * 24 * time.Hour

// goingOn makes of a list's cursor that of a request whose first page was asked
// for at start; see startOf.
func goingOn(r Request, start time.Time, next string) string {
	if r.Days == 0 || next == "" {
		return next
	}
	return cursor.Encode(daysList, start, next)
}

// query checks a request and gives what the engine is asked. A filter that
// names what the viewer may not see finds nothing, like one that names what
// does not exist.
func (s *Service) query(ctx context.Context, v access.Viewer, r Request, now time.Time) (Query, error) {
	q, err := r.Query(now)
	if err != nil {
		return q, err
	}
	q.Scope = v.Scope()
	if len(q.Filter.Departments) == 0 || q.Scope.All() {
		return q, nil
	}
	visible, err := s.Archive.Departments(ctx, v)
	if err != nil {
		return q, err
	}
	named := map[int64]bool{}
	for _, id := range q.Filter.Departments {
		named[id] = true
	}
	q.Filter.Departments = []int64{none}
	for _, d := range visible {
		if named[d.ID] {
			q.Filter.Departments = append(q.Filter.Departments, d.ID)
		}
	}
	return q, nil
}

// none is a department that is not there.
const none = -1

// inOrder fills a page in the order of time, with the total of a first one.
func (s *Service) inOrder(ctx context.Context, v access.Viewer, q Query, after string, limit int, a *asking, page *Page) error {
	list := "search-" + string(q.Order)
	var start *Ref
	if after != "" {
		var err error
		if start, err = decodeRef(after, list); err != nil {
			return err
		}
	}
	var total func() *Total
	read := func(rctx context.Context, after *Ref, n int) ([]Ref, error) {
		q.After = after.position()
		refs, err := a.find(rctx, q, n)
		if start == nil && total == nil && len(refs) == n { // else all are known
			total = s.count(ctx, q)
		}
		return refs, err
	}
	last, more, err := s.fill(ctx, v, q.Words, start, limit, read, page)
	switch {
	case total != nil:
		page.Total = total()
	case start == nil:
		page.Total = &Total{Count: len(page.Hits), Exact: true}
	}
	if more {
		page.Next = encodeRef(list, last)
	}
	return err
}

// count counts the hits of q while the caller goes on. What it gives is to be
// called once: it waits for the count. It gives nil when counting takes too long
// or fails, which is no reason to show no hits.
func (s *Service) count(ctx context.Context, q Query) func() *Total {
	within := s.CountWithin
	if within == 0 {
		within = countWithin
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	var n int
	var err error
	var counting sync.WaitGroup
	counting.Go(func() { n, err = s.Engine.Count(ctx, q, MaxRefs+1) })
	return func() *Total {
		counting.Wait()
		defer cancel()
		if err != nil {
			if ctx.Err() == nil {
				slog.WarnContext(ctx, "hits were not counted", "err", err)
			}
			return nil
		}
		return &Total{Count: min(n, MaxRefs), Exact: n <= MaxRefs}
	}
}

// reader gives up to n hits after one (nil: from the start).
type reader func(ctx context.Context, after *Ref, n int) ([]Ref, error)

// fill reads hits until a page is full of those that are visible. It gives the
// last one that it looked at, and whether there are more behind it.
func (s *Service) fill(ctx context.Context, v access.Viewer, w Words, after *Ref, limit int, read reader, page *Page) (last *Ref, more bool, err error) {
	page.Hits = []Hit{}
	for range maxRounds {
		wanted := limit - len(page.Hits)
		refs, err := read(ctx, after, wanted+1)
		if err != nil {
			return nil, false, err
		}
		more = len(refs) > wanted
		refs = refs[:min(wanted, len(refs))]
		if len(refs) == 0 {
			return after, false, nil
		}
		after = &refs[len(refs)-1]
		found, err := s.Archive.FoundAt(ctx, v, positionsOf(refs))
		if err != nil {
			return nil, false, err
		}
		for _, f := range found {
			page.Hits = append(page.Hits, newHit(f, w))
		}
		if !more || len(page.Hits) == limit {
			break
		}
	}
	return after, more, nil
}

func newHit(f archive.Found, w Words) Hit {
	h := Hit{Entry: f.Entry, Conversation: f.Conversation, Before: f.Before, After: f.After}
	h.Spans, h.Also = marks(f.Entry, w)
	return h
}

// marks tells where words stand in the text of a message, and which of its codes
// and links have one.
func marks(e archive.Entry, w Words) (spans []archive.Span, also []Also) {
	add := func(kind, text string) {
		folded := Fold(text, w.Exact)
		if len(also) == maxAlso || !slices.ContainsFunc(w.All, func(word string) bool { return strings.Contains(folded, word) }) {
			return
		}
		text = firstRunes(text, alsoRunes)
		also = append(also, Also{Kind: kind, Text: text, Spans: spansOf(text, w)})
	}
	e.Content.Medias(func(_ archive.ContentKind, m *archive.Media) {
		if m.File == nil {
			return
		}
		for _, c := range m.File.Codes {
			add(AlsoCode, c)
		}
	})
	for _, l := range LinksOf(e.Content) {
		add(AlsoLink, l)
	}
	return spansOf(firstRunes(e.Text, marked), w), also
}

func spansOf(text string, w Words) []archive.Span {
	spans := Spans(text, w.Exact, w.All)
	return spans[:min(len(spans), maxSpans)]
}

// firstRunes gives at most n characters of s.
func firstRunes(s string, n int) string {
	if len(s) <= n || utf8.RuneCountInString(s) <= n {
		return s
	}
	for i := range s {
		if n--; n < 0 {
			return s[:i]
		}
	}
	return s
}

// position is where a hit stands; nil for none.
func (r *Ref) position() *archive.Position {
	if r == nil {
		return nil
	}
	return &archive.Position{ConvID: r.ConvID, SentAt: r.SentAt, Seq: r.Seq, ID: r.ID}
}

func positionsOf(refs []Ref) []archive.Position {
	at := make([]archive.Position, len(refs))
	for i := range refs {
		at[i] = *refs[i].position()
	}
	return at
}

func encodeRef(list string, r *Ref) string { return cursor.Encode(list, r.SentAt, r.Seq, r.ID) }

func decodeRef(s, list string) (*Ref, error) {
	var r Ref
	if err := cursor.Decode(s, list, &r.SentAt, &r.Seq, &r.ID); err != nil {
		return nil, err
	}
	if !archive.ValidID(r.ID) {
		return nil, fault.Invalid("cursor", "not a cursor of this list")
	}
	return &r, nil
}
