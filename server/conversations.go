package server

import (
	"context"
	"fmt"
	"time"

	openapi_types "github.com/oapi-codegen/runtime/types"

	"huicun/internal/archive"
	"huicun/internal/directory"
	"huicun/internal/personid"
	"huicun/server/api"
)

// ListConversations answers GET /employees/{id}/conversations.
func (s *Server) ListConversations(ctx context.Context, req api.ListConversationsRequestObject) (api.ListConversationsResponseObject, error) {
	ctx, r := caller(ctx)
	p := req.Params
	tab := value(p.Tab)
	if tab == "" {
		tab = "customers"
	}
	page, err := s.Archive.Conversations(ctx, r.viewer, archive.ConversationsQuery{
		Person: personid.Key(req.EmployeeId), Tab: string(tab), Q: value(p.Q), Cursor: value(p.Cursor), Limit: value(p.Limit),
	})
	if err != nil {
		return nil, err
	}
	out := api.ListConversations200JSONResponse{Items: mapAll(page.Items, newConversation), Next: optional(page.Next)}
	out.Counts.Customers = int(page.Customers)
	out.Counts.Colleagues = int(page.Colleagues)
	out.Counts.Groups = int(page.Groups)
	return out, nil
}

// GetConversation answers GET /conversations/{id}.
func (s *Server) GetConversation(ctx context.Context, req api.GetConversationRequestObject) (api.GetConversationResponseObject, error) {
	ctx, r := caller(ctx)
	conv, err := number(req.ConversationId, "conversation")
	if err != nil {
		return nil, err
	}
	d, err := s.Archive.Conversation(ctx, r.viewer, conv, personid.Key(value(req.Params.As)))
	if err != nil {
		return nil, err
	}
	if err := s.recordRead(ctx, r, conv); err != nil {
		return nil, err
	}
	return api.GetConversation200JSONResponse{
		Conversation: newConversation(d.Conversation), Right: d.Right, Members: mapAll(d.Members, newMember),
		Owner: optional(d.Owner), Notice: optional(d.Notice), Customer: newCustomerCard(d.Customer),
		FirstAt: d.FirstAt.UTC(), LastAt: d.LastAt.UTC(),
	}, nil
}

// ListDays answers GET /conversations/{id}/days.
func (s *Server) ListDays(ctx context.Context, req api.ListDaysRequestObject) (api.ListDaysResponseObject, error) {
	ctx, r := caller(ctx)
	conv, err := number(req.ConversationId, "conversation")
	if err != nil {
		return nil, err
	}
	days, err := s.Archive.Days(ctx, r.viewer, conv, value(req.Params.Tz))
	if err != nil {
		return nil, err
	}
	out := api.ListDays200JSONResponse{Items: make([]api.Day, len(days))}
	for i, d := range days {
		date, err := time.Parse(time.DateOnly, d.Date)
		if err != nil {
			return nil, fmt.Errorf("day of a conversation: %w", err)
		}
		out.Items[i] = api.Day{Date: openapi_types.Date{Time: date}, Messages: int(d.Messages), Violations: int(d.Violations)}
	}
	return out, nil
}

func newConversation(c archive.Conversation) api.Conversation {
	out := api.Conversation{
		Id: text(c.ID), Kind: api.ConversationKind(c.Kind), Title: named(c.Title), Remark: optional(named(c.Remark)),
		Faces: optionalList(mapAll(c.Faces, newPerson)), MemberCount: optional(int(c.MemberCount)), Messages: c.Messages,
		Violations: int(c.Violations), State: optional(api.ConversationState(c.State)), Last: newLastMessage(c.Last),
	}
	if c.Peer != nil {
		out.Peer = personOrNil(*c.Peer)
	}
	if c.Employee != nil {
		out.Employee = personOrNil(*c.Employee)
	}
	return out
}

func newLastMessage(m *archive.LastMessage) *api.LastMessage {
	if m == nil {
		return nil
	}
	return &api.LastMessage{
		Id: m.ID, SentAt: m.SentAt.UTC(), Msgtype: m.MsgType, Text: preview(m.Text), Sender: newPerson(m.Sender),
	}
}

func newMember(m archive.Member) api.Member {
	return api.Member{Person: newPerson(m.Person), Nickname: optional(named(m.Nickname)), JoinedAt: optionalTime(m.JoinedAt)}
}

func newCustomerCard(c *archive.CustomerCard) *api.CustomerCard {
	if c == nil {
		return nil
	}
	return &api.CustomerCard{Person: newPerson(c.Person), Follows: mapAll(c.Follows, newFollow)}
}

func newFollow(f archive.FollowCard) api.Follow {
	return api.Follow{
		Employee: newPerson(f.Employee), Remark: optional(named(f.Remark)), Description: optional(shown(f.Description)),
		AddedAt: optionalTime(f.AddedAt), AddWay: optional(f.AddWay), Source: optional(named(f.Source)),
		Tags: optionalList(mapAll(f.Tags, named)), State: api.FollowState(f.State), StateAt: optionalTime(f.StateAt),
	}
}

// newPersons maps those of ids that were looked up.
func newPersons(found map[string]directory.Person, ids []string) []api.Person {
	return mapAll(ids, func(id string) api.Person { return newPerson(personIn(found, id)) })
}
