package server_test

import (
	"context"
	"time"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/fault"
	"huicun/internal/search"
)

// fakeEngine holds the one message of fakeArchive and an older one that is not
// there any more. It finds both whatever is looked for, but 没有.
type fakeEngine struct {
	asked search.Query // last one
	fail  error
}

func (e *fakeEngine) Name() string { return "postgres" }

func (e *fakeEngine) Find(_ context.Context, q search.Query, limit int) ([]search.Ref, error) {
	e.asked = q
	if len(q.Words.All) > 0 && q.Words.All[0] == "没有" || q.After != nil {
		return nil, e.fail
	}
	refs := []search.Ref{
		{ID: messageID, ConvID: 7, SentAt: noon, Seq: 9007199254740993, Length: 5},
		{ID: revokeID, ConvID: 7, SentAt: noon.Add(-time.Hour), Seq: 7, Length: 3},
	}
	return refs[:min(limit, 2)], e.fail
}

func (e *fakeEngine) Count(context.Context, search.Query, int) (int, error) { return 2, e.fail }

func (e *fakeEngine) Coverage(context.Context) (search.Coverage, error) {
	return search.Coverage{Indexed: 10, Messages: 12, UpTo: noon, Behind: 2}, nil
}

func (a *fakeArchive) EntriesAt(_ context.Context, v access.Viewer, at []archive.Position) ([]archive.Entry, error) {
	var found []archive.Entry
	for _, p := range at {
		if p.ID == a.entry.ID && a.see(v, true, "") == nil {
			found = append(found, a.entry)
		}
	}
	return found, nil
}

func (a *fakeArchive) FoundAt(ctx context.Context, v access.Viewer, at []archive.Position) ([]archive.Found, error) {
	es, err := a.EntriesAt(ctx, v, at)
	var found []archive.Found
	for _, e := range es {
		found = append(found, archive.Found{
			Entry: e, Conversation: fullConversation(),
			Before: &archive.LastMessage{ID: revokeID, SentAt: noon.Add(-time.Minute), MsgType: "text", Text: "在吗", Sender: people["cust"]},
		})
	}
	return found, err
}

func (a *fakeArchive) ConversationsOf(_ context.Context, v access.Viewer, convs []int64) (map[int64]archive.Conversation, error) {
	found := map[int64]archive.Conversation{}
	for _, c := range convs {
		if c == 7 && a.see(v, true, "") == nil {
			found[c] = fullConversation()
		}
	}
	return found, nil
}

// fakeNames has the customer of conversation 7 and the group that it would be.
type fakeNames struct{ archive *fakeArchive }

func (n fakeNames) FindNames(_ context.Context, s access.Scope, typed string, _ int) ([]search.Match, error) {
	if n.archive.failure != nil {
		return nil, n.archive.failure
	}
	if typed != "zhang" {
		return nil, nil
	}
	return []search.Match{
		{Kind: search.NameEmployee, Owner: "shop", Form: search.FormText},
		{Kind: search.NameCustomer, Owner: "cust", Form: search.FormPinyin},
		{Kind: search.NameCustomer, Owner: "cust", Source: search.SourceRemark, Name: "zhang"},
		{Kind: search.NameGroup, Owner: "r1", ConvID: 7, Form: search.FormInitials},
	}, nil
}

// finder is the search of a fixture: the real service and store, with an engine
// and an archive of one message.
func (f *fixture) finder() *search.Service {
	return &search.Service{Engine: f.engine, Archive: searchedArchive{f.archive}, Store: f.db, Names: fakeNames{f.archive}}
}

// searchedArchive fails where fakeArchive does.
type searchedArchive struct{ *fakeArchive }

func (a searchedArchive) FoundAt(ctx context.Context, v access.Viewer, at []archive.Position) ([]archive.Found, error) {
	if a.failure != nil {
		return nil, a.failure
	}
	return a.fakeArchive.FoundAt(ctx, v, at)
}

func (a searchedArchive) CanRead(ctx context.Context, v access.Viewer, conv int64) (bool, error) {
	err := a.see(v, conv == 7, "conversation")
	if fault.Is(err, fault.CodeNotFound) {
		return false, nil
	}
	return err == nil, err
}
