package archive

import (
	"time"

	"huicun/internal/directory"
)

// Entry is a message ready to be shown.
type Entry struct {
	Message
	Sender     directory.Person
	Content    Content
	Revoked    *Revocation
	RevokesID  string // revoke messages: id of the original, "" when it is not in the archive
	Violations []Mark
	People     map[string]directory.Person // persons that Content names
}

// Revocation says who took a message back, and when.
type Revocation struct {
	By        directory.Person
	At        time.Time
	MessageID string // the revoke message; "" when it is in a chat out of scope
}

// Span is a range of byte offsets, end exclusive.
type Span struct{ Start, End int }

// Mark is a violation that a message is part of.
type Mark struct {
	ViolationID int64
	Severity    string
	RuleName    string
	Words       []string
	Spans       []Span // into Message.Text
	Private     bool   // a reminder that the viewer asked for: their own rule, which nobody else knows of
}

// TimelineQuery asks for a window of a conversation. At most one of Around,
// Older, Newer and At is set; none asks for the newest messages.
type TimelineQuery struct {
	ConvID               int64
	Around, Older, Newer string // message ids
	At                   time.Time
	Limit                int // 1 to 100
}

// Window is a run of messages without holes, oldest first.
type Window struct {
	Entries            []Entry
	HasOlder, HasNewer bool
	Target             string // Around, At: the message to land on
	LiveID             int64  // batch up to which the window is complete
}

// Day is a day with messages.
type Day struct {
	Date       string `db:"date"` // YYYY-MM-DD in the zone asked for
	Messages   int64  `db:"messages"`
	Violations int64  `db:"violations"` // no false alarms, and not the viewer's own reminders
}

// Kinds of conversation as one employee sees them.
const (
	KindCustomer  = "customer"
	KindColleague = "colleague"
	KindGroup     = "group"
	KindLog       = "log"
)

// Conversation is a chat as it stands in a list.
type Conversation struct {
	ID          int64
	Kind        string // KindCustomer …
	Title       string
	Peer        *directory.Person // direct chats: the other side
	Employee    *directory.Person // direct chats: whose chat it is, opposite to Peer; nil where no employee is known, and with oneself
	Remark      string            // what the employee noted as the customer's name
	Faces       []directory.Person
	MemberCount int64
	Messages    int64
	Violations  int64  // open ones
	State       string // of the relation; "" when there is none
	Last        *LastMessage
}

// LastMessage is the newest message of a conversation.
type LastMessage struct {
	ID      string
	SentAt  time.Time
	MsgType string
	Text    string
	Sender  directory.Person
}

// ConversationsQuery asks for the chats of one employee.
type ConversationsQuery struct {
	Person string // personid.Key of the employee
	Tab    string // customers | colleagues | groups
	Q      string
	Cursor string
	Limit  int
}

// ConversationPage is a page of chats, newest message first.
type ConversationPage struct {
	Items                         []Conversation
	Next                          string
	Customers, Colleagues, Groups int64 // in all, without Q
}

// ConversationDetail is one chat with its people.
type ConversationDetail struct {
	Conversation
	Right    string // person drawn on the right
	Members  []Member
	Owner    string
	Notice   string
	Customer *CustomerCard
	FirstAt  time.Time
	LastAt   time.Time
}

// Member is somebody who takes part in a group.
type Member struct {
	Person   directory.Person
	Nickname string
	JoinedAt time.Time
}

// CustomerCard is a customer with the employees who have (had) them.
type CustomerCard struct {
	Person  directory.Person
	Follows []FollowCard
}

// FollowCard is one employee's relation to a customer.
type FollowCard struct {
	Employee    directory.Person
	Remark      string
	Description string
	AddedAt     time.Time
	AddWay      int
	Source      string
	Tags        []string
	State       string
	StateAt     time.Time
}

// Employee is an employee as it stands in a list.
type Employee struct {
	Person             directory.Person
	UserID             string
	Unlisted           bool // not in the directory: left before the first sync, or out of the app's range
	Position           string
	Departments        []string // names, main department first
	ArchiveState       string   // archived | formerly | never
	LeftAt             time.Time
	Conversations      int64
	ConversationsToday int64
	Customers          int64
	Violations         int64 // open ones
}

// EmployeesQuery asks for employees in scope.
type EmployeesQuery struct {
	Q          string
	Department int64  // 0: any
	State      string // archived | formerly | left | all
	Cursor     string
	Limit      int
}

// EmployeePage is a page of employees by name.
type EmployeePage struct {
	Items []Employee
	Next  string
	Total int64
}

// Department is a department with the number of employees in scope.
type Department struct {
	ID        int64  `db:"id"`
	ParentID  int64  `db:"parent_id"` // 0 at the top
	Name      string `db:"name"`
	Employees int64  `db:"employees"`
}
