package server_test

import (
	"context"
	"fmt"
	"sync"
	"time"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/directory"
	"huicun/internal/fault"
)

const (
	messageID = "0f8fad5b-d9cb-469f-a165-70867728950e"
	revokeID  = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
)

// fakeArchive has one conversation, 7, with one message of employee shop. It
// belongs to whoever is in scopes; admins see it too.
type fakeArchive struct {
	mu      sync.Mutex      // for scopes, where streams are open
	scopes  map[string]bool // persons of viewers who see conversation 7
	entry   archive.Entry
	failure error  // answers everything, when set
	panics  string // with this, when set
}

func newFakeArchive() *fakeArchive {
	return &fakeArchive{scopes: map[string]bool{"mei": true}, entry: fullEntry()}
}

func (a *fakeArchive) see(v access.Viewer, ok bool, what string) error {
	if a.panics != "" {
		panic(a.panics)
	}
	if a.failure != nil {
		return a.failure
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if !ok || v.Disabled || !v.IsAdmin() && !a.scopes[v.Person] {
		return fault.NotFound(what)
	}
	return nil
}

func (a *fakeArchive) set(f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f()
}

func (a *fakeArchive) Timeline(_ context.Context, v access.Viewer, q archive.TimelineQuery) (archive.Window, error) {
	if err := a.see(v, q.ConvID == 7, "conversation"); err != nil {
		return archive.Window{}, err
	}
	for _, id := range []string{q.Around, q.Older, q.Newer} {
		if id != "" && id != a.entry.ID {
			return archive.Window{}, fault.NotFound("message")
		}
	}
	return archive.Window{Entries: []archive.Entry{a.entry}, HasOlder: true, Target: q.Around, LiveID: 3}, nil
}

func (a *fakeArchive) CanRead(_ context.Context, v access.Viewer, conv int64) (bool, error) {
	err := a.see(v, conv == 7, "conversation")
	if fault.Is(err, fault.CodeNotFound) {
		return false, nil
	}
	return err == nil, err
}

func (a *fakeArchive) Entry(_ context.Context, v access.Viewer, id string) (archive.Entry, error) {
	return a.entry, a.see(v, id == a.entry.ID, "message")
}

func (a *fakeArchive) Raw(_ context.Context, v access.Viewer, id string) ([]byte, error) {
	return []byte("{\"msgid\":\"x\"}\x00"), a.see(v, id == a.entry.ID, "message")
}

func (a *fakeArchive) Days(_ context.Context, v access.Viewer, conv int64, _ string) ([]archive.Day, error) {
	return []archive.Day{{Date: "2026-03-02", Messages: 5, Violations: 1}}, a.see(v, conv == 7, "conversation")
}

func (a *fakeArchive) Conversation(_ context.Context, v access.Viewer, conv int64, _ string) (archive.ConversationDetail, error) {
	return archive.ConversationDetail{
		Conversation: fullConversation(), Right: "shop", Owner: "shop", Notice: "公告", FirstAt: noon, LastAt: noon,
		Members: []archive.Member{{Person: people["shop"], Nickname: "小店", JoinedAt: noon}, {Person: people["cust"]}},
		Customer: &archive.CustomerCard{Person: people["cust"], Follows: []archive.FollowCard{{
			Employee: people["shop"], Remark: "老客户", AddedAt: noon, AddWay: 1, Tags: []string{"VIP"}, State: "active",
		}}},
	}, a.see(v, conv == 7, "conversation")
}

func (a *fakeArchive) Conversations(_ context.Context, v access.Viewer, q archive.ConversationsQuery) (archive.ConversationPage, error) {
	return archive.ConversationPage{Items: []archive.Conversation{fullConversation(), {ID: 8, Kind: "log"}}, Next: "n", Customers: 2, Groups: 1},
		a.see(v, q.Person == "shop", "employee")
}

func (a *fakeArchive) Employees(_ context.Context, v access.Viewer, q archive.EmployeesQuery) (archive.EmployeePage, error) {
	if q.Cursor == "bad" {
		return archive.EmployeePage{}, &fault.Error{Code: "invalid.cursor", Message: "no cursor of this list", Field: "cursor"}
	}
	return archive.EmployeePage{Items: []archive.Employee{fullEmployee()}, Total: 1}, a.see(v, true, "")
}

func (a *fakeArchive) Employee(_ context.Context, v access.Viewer, person string) (archive.Employee, error) {
	return fullEmployee(), a.see(v, person == "shop", "employee")
}

func (a *fakeArchive) Departments(_ context.Context, v access.Viewer) ([]archive.Department, error) {
	return []archive.Department{{ID: 1, Name: "Corp", Employees: 3}, {ID: 2, ParentID: 1, Name: "Sales", Employees: 2}}, a.see(v, true, "")
}

func (a *fakeArchive) Persons(_ context.Context, ids []string) (map[string]directory.Person, error) {
	found := map[string]directory.Person{}
	for _, id := range ids {
		if p, ok := people[id]; ok {
			found[id] = p
		}
	}
	return found, nil
}

var people = map[string]directory.Person{
	"boss": {ID: "boss", UserID: "Boss", Kind: directory.KindEmployee, Name: "王总"},
	"mei":  {ID: "mei", Kind: directory.KindEmployee, Name: "李梅"},
	"shop": {ID: "shop", Kind: directory.KindEmployee, Name: "店员", Avatar: "https://wework.qpic.example/0", Left: true},
	"cust": {ID: "cust", Kind: directory.KindCustomer, Name: "张三", Avatar: "/media/avatar/cust", CorpName: "东方", Account: "wecom"},
}

func fullConversation() archive.Conversation {
	peer, of := people["cust"], people["shop"]
	return archive.Conversation{
		ID: 7, Kind: "customer", Title: "张三", Peer: &peer, Employee: &of, Remark: "老客户", Faces: []directory.Person{peer}, MemberCount: 2,
		Messages: 5, Violations: 1, State: "active",
		Last: &archive.LastMessage{ID: messageID, SentAt: noon, MsgType: "text", Text: "好的", Sender: people["shop"]},
	}
}

func fullEmployee() archive.Employee {
	return archive.Employee{
		Person: people["shop"], UserID: "Shop", Position: "店长", Departments: []string{"Sales"}, ArchiveState: "archived",
		LeftAt: noon, Conversations: 3, ConversationsToday: 1, Customers: 2, Violations: 1,
	}
}

// fullEntry is a message with every part that a message can have.
func fullEntry() archive.Entry {
	media := &archive.Media{SDKFileID: sdkFileID, File: fullFile(), Name: "a.pdf", Ext: "pdf", SizeBytes: 9, DurationSeconds: 3, Width: 4, Height: 5, MD5: "00"}
	link := archive.Link{Title: "t", Description: "d", URL: "https://example.com/", Source: "s"}
	all := archive.Content{
		Kind: archive.ContentMixed,
		Parts: []archive.Content{
			{Kind: archive.ContentText, Text: &archive.Text{Body: "加我微信", Quote: &archive.Quote{Author: "张三", Body: "在吗"}}},
			{Kind: archive.ContentFile, Media: media},
			{Kind: archive.ContentImage, Media: &archive.Media{}},
			{Kind: archive.ContentRevoke, Revoke: &archive.Revoke{PreMsgID: "x"}},
			{Kind: archive.ContentConsent, Consent: &archive.Consent{Agreed: true, Person: "cust", At: noon}},
			{Kind: archive.ContentCard, Card: &archive.Card{Person: "stranger", CorpName: "c"}},
			{Kind: archive.ContentLocation, Location: &archive.Location{Title: "t", Address: "a", Latitude: 30.2, Longitude: 120.1, Zoom: 15}},
			{Kind: archive.ContentLink, Links: []archive.Link{link}},
			{Kind: archive.ContentChatRecord, Record: &archive.Record{Title: "r", Truncated: true, Items: []archive.RecordItem{
				{SentAt: noon, FromChatroom: true, Content: archive.Content{Kind: archive.ContentText, Text: &archive.Text{Body: "x"}}},
				{Content: archive.Content{Kind: archive.ContentUnsupported}},
			}}},
			{Kind: archive.ContentVote, Fields: []archive.Field{{Key: "title", Value: "午饭"}}},
			{Kind: archive.ContentNotice, Notice: "n"},
			{Kind: "invented later"},
		},
	}
	return archive.Entry{
		Message: archive.Message{
			ID: messageID, ConvID: 7, Seq: 9007199254740993, BatchID: 3, SentAt: noon, TimeSource: archive.TimeFromPull, FromID: "shop",
			MsgType: "mixed", Text: "😀加我微信", Raw: []byte("raw bytes stay here"),
		},
		Sender: people["shop"], Content: all, People: people, RevokesID: revokeID,
		Revoked:    &archive.Revocation{By: people["shop"], At: noon, MessageID: revokeID},
		Violations: []archive.Mark{{ViolationID: 5, Severity: "high", RuleName: "导流", Words: []string{"微信"}, Spans: []archive.Span{{Start: 10, End: 16}}}},
	}
}

// fakeLive is a list of events, each of a batch of its own unless it says
// otherwise, and whoever listens.
type fakeLive struct {
	silent     chan struct{} // where set, it gets one for each read of batches, which is not answered
	mu         sync.Mutex
	events     []archive.LiveEvent
	batch      int64
	truncate   bool
	violations []archive.LiveViolation
	reading    func(s access.Scope) (blind bool) // where set, it is called in each read; blind: nothing is found
	hidden     map[string]int64                  // by person of viewer: a conversation that they do not see
	on         func(archive.LiveNotice)
	listening  chan struct{} // closed when somebody listens
}

func newFakeLive() *fakeLive {
	return &fakeLive{batch: 3, hidden: map[string]int64{}, listening: make(chan struct{})}
}

func (l *fakeLive) listen(ctx context.Context, on func(archive.LiveNotice)) error {
	l.mu.Lock()
	l.on = on
	close(l.listening)
	l.mu.Unlock()
	<-ctx.Done()
	return ctx.Err()
}

// add stores one batch and tells of it.
func (l *fakeLive) add(events ...archive.LiveEvent) {
	l.mu.Lock()
	l.batch++
	for _, e := range events {
		e.BatchID = l.batch
		l.events = append(l.events, e)
	}
	on, n := l.on, l.batch
	l.mu.Unlock()
	on(archive.LiveNotice{BatchID: n})
}

func (l *fakeLive) violate(v archive.LiveViolation) {
	l.mu.Lock()
	l.violations = append(l.violations, v)
	on := l.on
	l.mu.Unlock()
	on(archive.LiveNotice{ViolationID: v.ID})
}

func (l *fakeLive) set(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
}

func (l *fakeLive) LiveStart(context.Context) (int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.batch, nil
}

func (l *fakeLive) LiveSince(ctx context.Context, v access.Viewer, after, _ int64) ([]archive.LiveEvent, int64, bool, error) {
	if l.silent != nil {
		l.silent <- struct{}{}
		<-ctx.Done()
		return nil, after, false, ctx.Err()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.truncate {
		return nil, l.batch, true, nil
	}
	if l.reading != nil && l.reading(v.Scope()) {
		return nil, l.batch, false, nil
	}
	var found []archive.LiveEvent
	for _, e := range l.events {
		if e.BatchID > after && l.hidden[v.Person] != e.Entry.ConvID {
			found = append(found, e)
		}
	}
	return found, l.batch, false, nil
}

func (l *fakeLive) LastViolationID(context.Context) (int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return int64(len(l.violations)), nil
}

func (l *fakeLive) FindLiveViolations(_ context.Context, s access.Scope, after int64, limit int) ([]archive.LiveViolation, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.reading != nil && l.reading(s) {
		return nil, nil
	}
	var found []archive.LiveViolation
	for _, v := range l.violations {
		if v.ID > after && len(found) < limit && (s.All() || v.Severity != "high") {
			found = append(found, v)
		}
	}
	return found, nil
}

// said makes a live event of a message in a conversation.
func said(conv int64, n int) archive.LiveEvent {
	return archive.LiveEvent{Persons: []string{"shop"}, Entry: archive.Entry{
		Message: archive.Message{
			ID: fmt.Sprintf("00000000-0000-0000-0000-%012d", n), ConvID: conv, Seq: int64(n), SentAt: noon.Add(time.Duration(n) * time.Second),
			MsgType: "text", Text: fmt.Sprintf("第%d句\n换行", n),
		},
		Sender: people["shop"], Content: archive.Content{Kind: archive.ContentText, Text: &archive.Text{Body: "x"}},
	}}
}
