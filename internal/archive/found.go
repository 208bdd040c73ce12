package archive

import (
	"context"

	"huicun/internal/access"
)

// Found is a message with the chat in which it stands and what was said right
// before and after it there.
type Found struct {
	Entry
	Conversation  Conversation
	Before, After *LastMessage // nil: none
}

// Neighbour is a message next to another one, as stored.
type Neighbour struct {
	Position
	Of      string `db:"of"`    // id of the other one
	After   bool   `db:"after"` // it, else before it
	FromID  string `db:"from_id"`
	MsgType string `db:"msgtype"`
	Text    string `db:"text"` // its first 120 characters
}

// EntriesAt gives those of messages that exist and are in scope, in the order
// asked for.
func (s *Service) EntriesAt(ctx context.Context, v access.Viewer, at []Position) ([]Entry, error) {
	if len(at) == 0 {
		return []Entry{}, nil
	}
	ms, err := s.Store.FindMessages(ctx, v.Scope(), at)
	if err != nil {
		return nil, err
	}
	byID := make(map[string]Message, len(ms))
	for _, m := range ms {
		byID[m.ID] = m
	}
	kept := ms[:0]
	for _, p := range at {
		if m, ok := byID[p.ID]; ok {
			kept = append(kept, m)
		}
	}
	return s.entries(ctx, v.Scope(), kept)
}

// FoundAt gives those of messages that exist and are in scope, in the order
// asked for, with their chats and neighbours.
func (s *Service) FoundAt(ctx context.Context, v access.Viewer, at []Position) ([]Found, error) {
	es, err := s.EntriesAt(ctx, v, at)
	if err != nil || len(es) == 0 {
		return nil, err
	}
	convs := make([]int64, len(es))
	for i, e := range es {
		convs[i] = e.ConvID
	}
	chats, err := s.ConversationsOf(ctx, v, convs)
	if err != nil {
		return nil, err
	}
	around, err := s.around(ctx, v.Scope(), es)
	if err != nil {
		return nil, err
	}
	found := make([]Found, 0, len(es))
	for _, e := range es {
		if chat, ok := chats[e.ConvID]; ok {
			found = append(found, Found{Entry: e, Conversation: chat, Before: around[e.ID][0], After: around[e.ID][1]})
		}
	}
	return found, nil
}

// around gives the messages before and after each of es.
func (s *Service) around(ctx context.Context, scope access.Scope, es []Entry) (map[string][2]*LastMessage, error) {
	at := make([]Position, len(es))
	for i, e := range es {
		at[i] = Position{ConvID: e.ConvID, SentAt: e.SentAt, Seq: e.Seq, ID: e.ID}
	}
	rows, err := s.Store.FindNeighbours(ctx, scope, at)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.FromID
	}
	people, err := s.Store.FindPersons(ctx, ids)
	if err != nil {
		return nil, err
	}
	former, err := s.Store.FindFormerNames(ctx, ids)
	if err != nil {
		return nil, err
	}
	who, out := known{people, former}, map[string][2]*LastMessage{}
	for _, r := range rows {
		both, side := out[r.Of], 0
		if r.After {
			side = 1
		}
		both[side] = &LastMessage{ID: r.ID, SentAt: r.SentAt, MsgType: r.MsgType, Text: r.Text, Sender: who.at(r.FromID, r.SentAt)}
		out[r.Of] = both
	}
	return out, nil
}

// ConversationsOf gives those of chats that are in scope, as they stand in
// lists, seen from the viewer's side.
func (s *Service) ConversationsOf(ctx context.Context, v access.Viewer, convs []int64) (map[int64]Conversation, error) {
	if len(convs) == 0 {
		return map[int64]Conversation{}, nil
	}
	rows, err := s.Store.FindConversationRows(ctx, v.Scope(), convs)
	if err != nil {
		return nil, err
	}
	var direct []int64
	for _, r := range rows {
		if r.Kind == ConvDirect {
			direct = append(direct, r.ID)
		}
	}
	inScope := map[int64][]string{}
	if len(direct) > 0 {
		if inScope, err = s.Store.FindScopeMembers(ctx, v.Scope(), direct); err != nil {
			return nil, err
		}
	}
	list, err := s.conversations(ctx, rows, func(r ConvRow) string { return rightSide(inScope[r.ID], "", r) })
	if err != nil {
		return nil, err
	}
	out := make(map[int64]Conversation, len(list))
	for _, c := range list {
		out[c.ID] = c
	}
	return out, nil
}
