package archive

import (
	"context"
	"strings"
	"time"

	"huicun/internal/access"
	"huicun/internal/cursor"
	"huicun/internal/directory"
	"huicun/internal/fault"
	"huicun/internal/personid"
)

// ConvRow is a conversation as stored.
type ConvRow struct {
	ID          int64      `db:"id"`
	Kind        string     `db:"kind"` // ConvDirect …
	PersonA     string     `db:"person_a"`
	PersonB     string     `db:"person_b"`
	RoomID      string     `db:"roomid"`
	Messages    int64      `db:"message_count"`
	LastMsgTime *time.Time `db:"last_msgtime"`
	LastID      *string    `db:"last_id"`
	LastFrom    string     `db:"last_from"`
	LastMsgType string     `db:"last_msgtype"`
	LastText    string     `db:"last_text"`
	FirstAt     *time.Time `db:"first_at"`   // GetConversation only
	GroupName   string     `db:"group_name"` // groups; "" when unnamed or unknown
	Owner       string     `db:"owner"`      // groups; person
	Notice      string     `db:"notice"`
	MemberCount int64      `db:"member_count"`
	Violations  int64      `db:"violations"`
	Remark      string     `db:"remark"` // of the follow between the pair
	State       string     `db:"state"`  // of that follow
}

// MemberRow is a member of a conversation as stored.
type MemberRow struct {
	Person   string     `db:"person"`
	Nickname string     `db:"nickname"`
	JoinedAt *time.Time `db:"joined_at"`
}

// ConvCursor is a place in the list of an employee's conversations.
type ConvCursor struct {
	LastMsgTime time.Time // zero: from the newest
	ID          int64
}

// NameCursor is a place in the list of employees: leavers and those whom the
// directory does not list last, then by name.
type NameCursor struct {
	Last   bool
	Name   string
	Person string // "": from the start
}

// Names of the lists in their cursors.
const (
	conversationList = "conversations"
	employeeList     = "employees"
)

// facesShown is how many members make a group's picture.
const (
	facesShown   = 9
	membersShown = 500
)

// Conversations lists the chats of one employee.
func (s *Service) Conversations(ctx context.Context, v access.Viewer, q ConversationsQuery) (ConversationPage, error) {
	var page ConversationPage
	var err error
	if q.Limit, err = limitOf(q.Limit); err != nil {
		return page, err
	}
	switch q.Tab {
	case "":
		q.Tab = "customers"
	case "customers", "colleagues", "groups":
	default:
		return page, fault.Invalid("tab", "must be customers, colleagues or groups")
	}
	var after ConvCursor
	if q.Cursor != "" {
		if err := cursor.Decode(q.Cursor, conversationList, &after.LastMsgTime, &after.ID); err != nil {
			return page, err
		}
	}
	q.Person = personid.Key(q.Person)
	scope := v.Scope()
	if _, err := s.Store.GetEmployee(ctx, scope, q.Person, s.today()); err != nil {
		return page, err
	}
	if page.Customers, page.Colleagues, page.Groups, err = s.Store.CountConversations(ctx, scope, q.Person); err != nil {
		return page, err
	}
	rows, err := s.Store.FindConversations(ctx, scope, q, after)
	if err != nil {
		return page, err
	}
	if len(rows) == q.Limit {
		last := rows[len(rows)-1]
		page.Next = cursor.Encode(conversationList, *last.LastMsgTime, last.ID)
	}
	page.Items, err = s.conversations(ctx, rows, func(ConvRow) string { return q.Person })
	return page, err
}

// conversations adds people to rows as right of each sees them.
func (s *Service) conversations(ctx context.Context, rows []ConvRow, right func(ConvRow) string) ([]Conversation, error) {
	faces := map[int64][]string{}
	var ids []string
	for _, r := range rows {
		ids = append(ids, r.PersonA, r.PersonB, r.LastFrom)
		if r.Kind != ConvGroup {
			continue
		}
		ms, err := s.Store.FindMembers(ctx, r.ID, facesShown)
		if err != nil {
			return nil, err
		}
		for _, m := range ms {
			faces[r.ID] = append(faces[r.ID], m.Person)
			ids = append(ids, m.Person)
		}
	}
	people, err := s.Store.FindPersons(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]Conversation, len(rows))
	for i, r := range rows {
		out[i] = newConversation(r, right(r), people, faces[r.ID])
	}
	return out, nil
}

// newConversation makes what a list shows of a row.
func newConversation(r ConvRow, right string, people map[string]directory.Person, faces []string) Conversation {
	c := Conversation{ID: r.ID, Messages: r.Messages, Violations: r.Violations, MemberCount: r.MemberCount}
	if r.LastID != nil && r.LastMsgTime != nil {
		c.Last = &LastMessage{ID: *r.LastID, SentAt: *r.LastMsgTime, MsgType: r.LastMsgType, Text: r.LastText, Sender: people[r.LastFrom]}
	}
	switch r.Kind {
	case ConvGroup:
		c.Kind, c.Title = KindGroup, r.GroupName
		for _, id := range faces {
			c.Faces = append(c.Faces, people[id])
		}
		if c.Title == "" {
			c.Title = joinedNames(c.Faces)
		}
	case ConvLog:
		c.Kind, c.Title = KindLog, people[r.PersonA].Name
	default:
		peer := people[peerOf(r, right)]
		c.Kind, c.Title, c.Peer = KindColleague, peer.Name, &peer
		if of := people[right]; of.Kind == directory.KindEmployee && of.ID != peer.ID {
			c.Employee = &of
		}
		if peer.Kind == directory.KindCustomer {
			c.Kind, c.Remark, c.State = KindCustomer, r.Remark, r.State
		}
	}
	return c
}

// peerOf gives the other side of a direct chat; right itself for a chat with
// oneself.
func peerOf(r ConvRow, right string) string {
	if r.PersonA == right {
		return r.PersonB
	}
	return r.PersonA
}

// joinedNames names a group that nobody named.
func joinedNames(people []directory.Person) string {
	const shown = 4
	var names []string
	for _, p := range people[:min(shown, len(people))] {
		names = append(names, p.Name)
	}
	return strings.Join(names, "、")
}

// Conversation returns one chat with its people. as chooses whose bubbles are
// drawn on the right; "" means the first member in scope.
func (s *Service) Conversation(ctx context.Context, v access.Viewer, conv int64, as string) (ConversationDetail, error) {
	var d ConversationDetail
	scope := v.Scope()
	row, err := s.Store.GetConversation(ctx, scope, conv)
	if err != nil {
		return d, err
	}
	members, err := s.Store.FindMembers(ctx, conv, membersShown)
	if err != nil {
		return d, err
	}
	inScope, err := s.Store.FindScopeMembers(ctx, scope, []int64{conv})
	if err != nil {
		return d, err
	}
	d.Right = rightSide(inScope[conv], personid.Key(as), row)
	cs, err := s.conversations(ctx, []ConvRow{row}, func(ConvRow) string { return d.Right })
	if err != nil {
		return d, err
	}
	d.Conversation, d.Owner, d.Notice = cs[0], row.Owner, row.Notice
	if row.FirstAt != nil && row.LastMsgTime != nil {
		d.FirstAt, d.LastAt = *row.FirstAt, *row.LastMsgTime
	}
	if d.Members, err = s.members(ctx, members); err != nil {
		return d, err
	}
	d.Customer, err = s.customerCard(ctx, scope, d.Peer)
	return d, err
}

// rightSide picks the employee whose side is drawn on the right.
func rightSide(inScope []string, as string, row ConvRow) string {
	for _, p := range inScope {
		if p == as {
			return p
		}
	}
	for _, p := range inScope {
		if p == row.Owner {
			return p
		}
	}
	if len(inScope) > 0 {
		return inScope[0]
	}
	return row.PersonA
}

func (s *Service) members(ctx context.Context, rows []MemberRow) ([]Member, error) {
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.Person
	}
	people, err := s.Store.FindPersons(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]Member, len(rows))
	for i, r := range rows {
		out[i] = Member{Person: people[r.Person], Nickname: r.Nickname}
		if r.JoinedAt != nil {
			out[i].JoinedAt = *r.JoinedAt
		}
	}
	return out, nil
}

func (s *Service) customerCard(ctx context.Context, scope access.Scope, peer *directory.Person) (*CustomerCard, error) {
	if peer == nil || peer.Kind != directory.KindCustomer {
		return nil, nil //nolint:nilnil // no card is an answer
	}
	follows, err := s.Store.FindFollows(ctx, scope, peer.ID)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(follows))
	for i, f := range follows {
		ids[i] = f.Employee.ID
	}
	people, err := s.Store.FindPersons(ctx, ids)
	if err != nil {
		return nil, err
	}
	for i := range follows {
		follows[i].Employee = people[follows[i].Employee.ID]
	}
	return &CustomerCard{Person: *peer, Follows: follows}, nil
}

// Employees lists employees in scope.
func (s *Service) Employees(ctx context.Context, v access.Viewer, q EmployeesQuery) (EmployeePage, error) {
	var page EmployeePage
	var err error
	if q.Limit, err = limitOf(q.Limit); err != nil {
		return page, err
	}
	switch q.State {
	case "", "all", "archived", "formerly", "left":
	default:
		return page, fault.Invalid("state", "must be archived, formerly, left or all")
	}
	var after NameCursor
	if q.Cursor != "" {
		if err := cursor.Decode(q.Cursor, employeeList, &after.Last, &after.Name, &after.Person); err != nil {
			return page, err
		}
	}
	scope := v.Scope()
	if page.Total, err = s.Store.CountEmployees(ctx, scope, q); err != nil {
		return page, err
	}
	if page.Items, err = s.Store.FindEmployees(ctx, scope, q, after, s.today()); err != nil {
		return page, err
	}
	if len(page.Items) == q.Limit {
		last := page.Items[len(page.Items)-1]
		page.Next = cursor.Encode(employeeList, last.Person.Left || last.Unlisted, last.Person.Name, last.Person.ID)
	}
	return page, nil
}

// Employee returns one employee in scope.
func (s *Service) Employee(ctx context.Context, v access.Viewer, person string) (Employee, error) {
	return s.Store.GetEmployee(ctx, v.Scope(), personid.Key(person), s.today())
}

// Departments lists the departments that hold an employee in scope, with those
// above them.
func (s *Service) Departments(ctx context.Context, v access.Viewer) ([]Department, error) {
	return s.Store.FindDepartments(ctx, v.Scope())
}

// today is when the day began.
func (s *Service) today() time.Time {
	now, zone := time.Now(), s.Zone
	if s.Now != nil {
		now = s.Now()
	}
	if zone == nil {
		zone = time.UTC
	}
	now = now.In(zone)
	return time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, zone)
}
