package search

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"time"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/audit"
	"huicun/internal/cursor"
	"huicun/internal/fault"
)

// chooser is an engine made of several; Fallback.
type chooser interface {
	Do(ctx context.Context, ask func(context.Context, Engine) error) (Answered, error)
}

// asking is the engine for the time of one answer. It keeps which one gave the
// hits.
type asking struct {
	engine Engine
	used   Engine // nil before Find
	Answered
}

func (s *Service) begin() *asking { return &asking{engine: s.Engine} }

func (a *asking) do(ctx context.Context, ask func(context.Context, Engine) error) (Answered, error) {
	if c, ok := a.engine.(chooser); ok {
		return c.Do(ctx, ask)
	}
	return Answered{Engine: a.engine.Name()}, ask(ctx, a.engine)
}

func (a *asking) find(ctx context.Context, q Query, limit int) (refs []Ref, err error) {
	a.Answered, err = a.do(ctx, func(ctx context.Context, e Engine) (err error) {
		a.used = e
		refs, err = e.Find(ctx, q, limit)
		return err
	})
	return refs, err
}

// end tells how the answer came about. An index that does not say what it holds
// is no reason to show no hits, but then they are not called complete.
func (a *asking) end(ctx context.Context) (Answer, error) {
	out := Answer{Engine: a.Engine, Fallback: string(a.Fallback)}
	var err error
	if out.Coverage, err = a.used.Coverage(ctx); err != nil {
		if ctx.Err() != nil {
			return out, err
		}
		slog.WarnContext(ctx, "coverage of the index is unknown", "engine", a.Engine, "err", err)
		out.Coverage = Coverage{Behind: 1}
	}
	return out, nil
}

// newest gives the newest MaxRefs hits, or of those the ones from start on.
func newest(ctx context.Context, q Query, a *asking, start *Ref) ([]Ref, error) {
	q.Order, q.After = Newest, nil
	if start != nil { // a place right before it
		q.After = &archive.Position{SentAt: start.SentAt, Seq: start.Seq + 1, ID: smallestID}
	}
	return a.find(ctx, q, MaxRefs)
}

const smallestID = "00000000-0000-0000-0000-000000000000"

// Names of the lists in their cursors.
const (
	bestList         = "search-best"
	conversationList = "search-conversations"
	hitList          = "hits"
	daysList         = "search-days" // around the cursor of one of those
)

// best fills a page in the order of Best. Its cursor holds the newest hit of the
// first page, so that what comes in meanwhile moves nothing.
func (s *Service) best(ctx context.Context, v access.Viewer, q Query, after string, limit int, a *asking, page *Page) error {
	var start, last *Ref
	if after != "" {
		start, last = new(Ref), new(Ref)
		var length int64
		err := cursor.Decode(after, bestList, &start.SentAt, &start.Seq, &start.ID, &length, &last.SentAt, &last.Seq, &last.ID)
		if err != nil {
			return err
		}
		last.Length = int(length)
	}
	refs, err := newest(ctx, q, a, start)
	if err != nil || len(refs) == 0 {
		page.Hits = []Hit{}
		if after == "" {
			page.Total = &Total{Exact: true}
		}
		return err
	}
	if start == nil {
		start = &refs[0]
		page.Total = s.totalOf(ctx, q, len(refs))
	}
	first := *start // refs are sorted in place
	slices.SortFunc(refs, compareBest)
	read := func(_ context.Context, after *Ref, n int) ([]Ref, error) {
		rest := refs
		if after != nil {
			i, found := slices.BinarySearchFunc(refs, *after, compareBest)
			if found {
				i++
			}
			rest = refs[i:]
		}
		return rest[:min(n, len(rest))], nil
	}
	last, more, err := s.fill(ctx, v, q.Words, last, limit, read, page)
	if more {
		page.Next = cursor.Encode(bestList, first.SentAt, first.Seq, first.ID, int64(last.Length), last.SentAt, last.Seq, last.ID)
	}
	return err
}

// totalOf gives the total where known hits were read, MaxRefs at most.
func (s *Service) totalOf(ctx context.Context, q Query, known int) *Total {
	if known < MaxRefs {
		return &Total{Count: known, Exact: true}
	}
	return s.count(ctx, q)()
}

// compareBest orders the shortest first, the newest first among equals.
func compareBest(a, b Ref) int { return cmp.Or(cmp.Compare(a.Length, b.Length), compareNewest(a, b)) }

func compareNewest(a, b Ref) int {
	return cmp.Or(b.SentAt.Compare(a.SentAt), cmp.Compare(b.Seq, a.Seq), cmp.Compare(b.ID, a.ID))
}

// convHits is what is known of a conversation by its hits.
type convHits struct {
	id     int64
	hits   int
	newest time.Time
}

// Conversations tells which conversations have how many hits.
func (s *Service) Conversations(ctx context.Context, v access.Viewer, r Request, p Paging, from audit.Origin) (ConversationPage, error) {
	limit, err := limitOf(p.Limit)
	if err != nil {
		return ConversationPage{}, err
	}
	now, err := s.startOf(r, &p)
	if err != nil {
		return ConversationPage{}, err
	}
	q, err := s.query(ctx, v, r, now)
	if err != nil {
		return ConversationPage{}, err
	}
	var start *Ref
	var last convHits
	if p.Cursor != "" {
		start = new(Ref)
		if err := cursor.Decode(p.Cursor, conversationList, &start.SentAt, &start.Seq, &start.ID, &last.newest, &last.id); err != nil {
			return ConversationPage{}, err
		}
	}
	a := s.begin()
	refs, err := newest(ctx, q, a, start)
	if err != nil {
		return ConversationPage{}, err
	}
	page := ConversationPage{Items: []ConversationHits{}, Exact: len(refs) < MaxRefs}
	if len(refs) > 0 {
		if start == nil {
			start = &refs[0]
		}
		if err := s.conversationPage(ctx, v, behind(byConversation(refs), last, p.Cursor != ""), limit, start, &page); err != nil {
			return ConversationPage{}, err
		}
	}
	page.Next = goingOn(r, now, page.Next)
	if page.Answer, err = a.end(ctx); err != nil {
		return ConversationPage{}, err
	}
	return page, s.note(ctx, v, Note{Request: r, Engine: page.Engine, Repeated: true}, from)
}

// byConversation counts hits, which are newest first, by conversation, the one
// with the newest hit first.
func byConversation(refs []Ref) []convHits {
	at := map[int64]int{}
	var all []convHits
	for _, r := range refs {
		i, ok := at[r.ConvID]
		if !ok {
			i = len(all)
			at[r.ConvID] = i
			all = append(all, convHits{id: r.ConvID, newest: r.SentAt})
		}
		all[i].hits++
	}
	slices.SortFunc(all, compareConvs) // of one time, by id
	return all
}

func compareConvs(a, b convHits) int {
	return cmp.Or(b.newest.Compare(a.newest), cmp.Compare(b.id, a.id))
}

// behind gives those that stand behind last in the list.
func behind(all []convHits, last convHits, given bool) []convHits {
	if !given {
		return all
	}
	i, found := slices.BinarySearchFunc(all, last, compareConvs)
	if found {
		i++
	}
	return all[i:]
}

func (s *Service) conversationPage(ctx context.Context, v access.Viewer, all []convHits, limit int, start *Ref, page *ConversationPage) error {
	for len(all) > 0 && len(page.Items) < limit {
		part := all[:min(limit-len(page.Items), len(all))]
		all = all[len(part):]
		ids := make([]int64, len(part))
		for i, c := range part {
			ids[i] = c.id
		}
		chats, err := s.Archive.ConversationsOf(ctx, v, ids)
		if err != nil {
			return err
		}
		for _, c := range part {
			if chat, ok := chats[c.id]; ok {
				page.Items = append(page.Items, ConversationHits{Conversation: chat, Hits: c.hits, Newest: c.newest})
			}
		}
		if len(all) > 0 && len(page.Items) == limit {
			last := part[len(part)-1]
			page.Next = cursor.Encode(conversationList, start.SentAt, start.Seq, start.ID, last.newest, last.id)
		}
	}
	return nil
}

// InConversation finds messages in one conversation, newest first. It is not
// noted here: who reads a conversation is.
func (s *Service) InConversation(ctx context.Context, v access.Viewer, conv int64, r Request, p Paging) (HitPage, error) {
	limit, err := limitOf(p.Limit)
	if err != nil {
		return HitPage{}, err
	}
	if len(r.Text) == 0 {
		return HitPage{}, fault.Invalid("q", "is missing")
	}
	r.ConvIDs, r.Order = []int64{conv}, Newest
	now, err := s.startOf(r, &p)
	if err != nil {
		return HitPage{}, err
	}
	q, err := s.query(ctx, v, r, now)
	if err != nil {
		return HitPage{}, err
	}
	if len(q.Words.All)+len(q.Words.None) == 0 {
		return HitPage{}, fault.Invalid("q", "has no character that shows")
	}
	if p.Cursor != "" {
		last, err := decodeRef(p.Cursor, hitList)
		if err != nil {
			return HitPage{}, err
		}
		q.After = last.position()
	}
	ok, err := s.Archive.CanRead(ctx, v, conv)
	if err != nil {
		return HitPage{}, err
	}
	if !ok {
		return HitPage{}, fault.NotFound("conversation")
	}
	page, err := s.hitPage(ctx, v, q, limit)
	page.Next = goingOn(r, now, page.Next)
	return page, err
}

func (s *Service) hitPage(ctx context.Context, v access.Viewer, q Query, limit int) (page HitPage, err error) {
	a := s.begin()
	page.Hits = []Hit{}
	refs, err := a.find(ctx, q, limit+1)
	if err != nil {
		return page, err
	}
	more := len(refs) > limit
	refs = refs[:min(limit, len(refs))]
	page.Total = Total{Count: len(refs), Exact: true}
	if more {
		page.Next = encodeRef(hitList, &refs[len(refs)-1])
	}
	if more || q.After != nil {
		total := s.count(ctx, q)
		defer func() {
			if t := total(); t != nil {
				page.Total = *t
			} else { // at least those that are known
				page.Total.Exact = false
			}
		}()
	}
	es, err := s.Archive.EntriesAt(ctx, v, positionsOf(refs))
	for _, e := range es {
		h := Hit{Entry: e}
		h.Spans, h.Also = marks(e, q.Words)
		page.Hits = append(page.Hits, h)
	}
	return page, err
}
