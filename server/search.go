package server

import (
	"context"
	"unicode/utf8"

	"huicun/internal/audit"
	"huicun/internal/search"
	"huicun/server/api"
)

// Search answers GET /search.
func (s *Server) Search(ctx context.Context, req api.SearchRequestObject) (api.SearchResponseObject, error) {
	ctx, r := caller(ctx)
	p := req.Params
	wanted, err := searchRequest(api.SearchQuery{
		Q: p.Q, Exact: p.Exact, Sender: p.Sender, Person: p.Person, Department: p.Department, Conversation: p.Conversation, Chat: p.Chat,
		Side: p.Side, Type: p.Type, From: p.From, To: p.To, Days: p.Days, Has: p.Has, Revoked: p.Revoked, Sensitive: p.Sensitive, Order: p.Order,
	})
	if err != nil {
		return nil, err
	}
	page, err := s.Finder.Search(ctx, r.viewer, wanted, search.Paging{Cursor: value(p.Cursor), Limit: value(p.Limit)}, r.origin())
	if err != nil {
		return nil, err
	}
	return api.Search200JSONResponse{
		Items: mapAll(page.Hits, s.shower(r.viewer).searchHit), Next: optional(page.Next), Total: newTotal(page.Total),
		Engine: api.SearchEngine(page.Engine), Fallback: optional(api.SearchFallback(page.Fallback)), Complete: newComplete(page.Coverage, r),
	}, nil
}

// SearchConversations answers GET /search/conversations.
func (s *Server) SearchConversations(ctx context.Context, req api.SearchConversationsRequestObject) (api.SearchConversationsResponseObject, error) {
	ctx, r := caller(ctx)
	p := req.Params
	wanted, err := searchRequest(api.SearchQuery{
		Q: p.Q, Exact: p.Exact, Sender: p.Sender, Person: p.Person, Department: p.Department, Conversation: p.Conversation, Chat: p.Chat,
		Side: p.Side, Type: p.Type, From: p.From, To: p.To, Days: p.Days, Has: p.Has, Revoked: p.Revoked, Sensitive: p.Sensitive,
	})
	if err != nil {
		return nil, err
	}
	page, err := s.Finder.Conversations(ctx, r.viewer, wanted, search.Paging{Cursor: value(p.Cursor), Limit: value(p.Limit)}, r.origin())
	if err != nil {
		return nil, err
	}
	return api.SearchConversations200JSONResponse{
		Items: mapAll(page.Items, newConversationHits), Next: optional(page.Next), Exact: page.Exact,
		Engine: api.SearchEngine(page.Engine), Fallback: optional(api.SearchFallback(page.Fallback)), Complete: newComplete(page.Coverage, r),
	}, nil
}

// FindInConversation answers GET /conversations/{id}/find.
func (s *Server) FindInConversation(ctx context.Context, req api.FindInConversationRequestObject) (api.FindInConversationResponseObject, error) {
	ctx, r := caller(ctx)
	p := req.Params
	conv, err := number(req.ConversationId, "conversation")
	if err != nil {
		return nil, err
	}
	wanted := search.Request{Text: value(p.Q), Exact: value(p.Exact), From: value(p.From), To: value(p.To)}
	page, err := s.Finder.InConversation(ctx, r.viewer, conv, wanted, search.Paging{Cursor: value(p.Cursor), Limit: value(p.Limit)})
	if err != nil {
		return nil, err
	}
	if err := s.recordFind(ctx, r, conv, value(p.Q), value(p.Cursor)); err != nil {
		return nil, err
	}
	return api.FindInConversation200JSONResponse{
		Items: mapAll(page.Hits, s.shower(r.viewer).hit), Next: optional(page.Next), Total: page.Total.Count, Exact: &page.Total.Exact,
	}, nil
}

// recordFind notes that somebody searched a conversation; not for what, since
// that may be chat text. Further pages of an answer are part of it for a while.
func (s *Server) recordFind(ctx context.Context, r *request, conv int64, typed, cursor string) error {
	e := r.origin().Entry(audit.ConversationFound, audit.Object("conversation", conv), map[string]any{"characters": utf8.RuneCountInString(typed)})
	if cursor != "" {
		return s.Audit.RecordOnce(ctx, e)
	}
	return s.Audit.RecordFirst(ctx, e)
}

func (s shower) hit(h search.Hit) api.Hit {
	return api.Hit{Message: s.message(h.Entry), Spans: newSpans(h.Text, h.Spans), Also: optionalList(mapAll(h.Also, newHitAlso))}
}

func newHitAlso(a search.Also) api.HitAlso {
	return api.HitAlso{Kind: api.HitAlsoKind(a.Kind), Text: a.Text, Spans: newSpans(a.Text, a.Spans)}
}

// SuggestForSearch answers GET /search/suggestions.
func (s *Server) SuggestForSearch(ctx context.Context, req api.SuggestForSearchRequestObject) (api.SuggestForSearchResponseObject, error) {
	ctx, r := caller(ctx)
	list, err := s.Finder.Suggest(ctx, r.viewer, req.Params.Q, value(req.Params.Limit))
	if err != nil {
		return nil, err
	}
	return api.SuggestForSearch200JSONResponse{Items: mapAll(list, newSuggestion)}, nil
}

// searchRequest reads the fields of a search; search.Request.Query checks them.
func searchRequest(q api.SearchQuery) (search.Request, error) {
	departments, err := numbers("department", value(q.Department))
	if err != nil {
		return search.Request{}, err
	}
	conversations, err := numbers("conversation", value(q.Conversation))
	if err != nil {
		return search.Request{}, err
	}
	return search.Request{
		Text: value(q.Q), Exact: value(q.Exact), Senders: value(q.Sender), Persons: value(q.Person), Departments: departments,
		ConvIDs: conversations, Chat: string(value(q.Chat)), Side: string(value(q.Side)), MsgTypes: value(q.Type),
		From: value(q.From), To: value(q.To), Days: value(q.Days), Has: mapAll(value(q.Has), func(h api.SearchHas) string { return string(h) }),
		Revoked: value(q.Revoked), Sensitive: value(q.Sensitive), Order: search.Order(value(q.Order)),
	}, nil
}

// newSearchQuery gives the fields of a request that are set.
func newSearchQuery(r search.Request) api.SearchQuery {
	has := mapAll(r.Has, func(h string) api.SearchHas { return api.SearchHas(h) })
	return api.SearchQuery{
		Q: optional(r.Text), Exact: optional(r.Exact), Sender: optionalList(r.Senders), Person: optionalList(r.Persons),
		Department: optionalList(mapAll(r.Departments, text)), Conversation: optionalList(mapAll(r.ConvIDs, text)),
		Chat: optional(api.SearchChat(r.Chat)), Side: optional(api.SearchSide(r.Side)), Type: optionalList(r.MsgTypes),
		From: optionalTime(r.From), To: optionalTime(r.To), Days: optional(r.Days), Has: optionalList(has), Revoked: optional(r.Revoked),
		Sensitive: optional(r.Sensitive), Order: optional(api.SearchOrder(r.Order)),
	}
}

func (s shower) searchHit(h search.Hit) api.SearchHit {
	conv := newConversation(h.Conversation)
	conv.Last = nil
	return api.SearchHit{
		Message: s.message(h.Entry), Spans: newSpans(h.Text, h.Spans), Also: optionalList(mapAll(h.Also, newHitAlso)), Conversation: conv,
		Before: newLastMessage(h.Before), After: newLastMessage(h.After),
	}
}

func newConversationHits(c search.ConversationHits) api.SearchConversation {
	conv := newConversation(c.Conversation)
	conv.Last = nil
	return api.SearchConversation{Conversation: conv, Hits: c.Hits, Newest: c.Newest.UTC()}
}

func newTotal(t *search.Total) *api.SearchTotal {
	if t == nil {
		return nil
	}
	return &api.SearchTotal{Count: t.Count, Exact: t.Exact}
}

// newComplete tells how much of the archive is searched, where that is not all;
// how many messages are not, of everybody's, to admins only.
func newComplete(c search.Coverage, r *request) api.SearchComplete {
	if c.Complete() {
		return api.SearchComplete{Complete: true}
	}
	out := api.SearchComplete{UpTo: optionalTime(c.UpTo)}
	if r.viewer.IsAdmin() {
		out.Behind = optional(max(c.Behind, c.Messages-c.Indexed))
	}
	return out
}

func newSuggestion(s search.Suggestion) api.Suggestion {
	out := api.Suggestion{
		Kind: api.SuggestionKind(s.Kind), Detail: optional(named(s.Detail)), Matched: api.SuggestionMatched(s.Matched),
	}
	if s.Person != nil {
		out.Person = personOrNil(*s.Person)
	}
	if s.Conversation != nil {
		conv := newConversation(*s.Conversation)
		conv.Last = nil
		out.Conversation = &conv
	}
	return out
}
