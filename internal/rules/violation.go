package rules

import (
	"context"
	"time"
	"unicode/utf8"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/audit"
	"huicun/internal/cursor"
	"huicun/internal/fault"
)

// Kind says what a violation is.
type Kind string

// The kinds of violation.
const (
	KindWord                    Kind = "word"
	KindCustomerDeletedEmployee Kind = "customer_deleted_employee"
	KindEmployeeDeletedCustomer Kind = "employee_deleted_customer"
)

// State says what became of a violation.
type State string

// The states of a violation.
const (
	StateOpen       State = "open"
	StateHandled    State = "handled"
	StateFalseAlarm State = "false_alarm"
)

// Violation is what a rule or a callback found. It keeps its own copy of the
// evidence.
type Violation struct {
	ID          int64
	DedupeKey   string // finding the same again changes nothing
	Kind        Kind
	RuleID      int64 // 0: no rule
	RuleVersion int
	RuleName    string
	Severity    Severity
	Words       []string // as the rule spells them
	Spans       []Span   // into Evidence
	Sender      string   // person; of a deletion who deleted
	Receiver    string   // person; "" in a group
	Employees   []string // whose violation it is; the scope of viewers joins here
	ConvID      int64    // 0: no conversation
	ConvTitle   string   // of a group; read only
	MessageID   string   // "": no message
	Seq         int64
	MsgType     string
	OccurredAt  time.Time // UTC
	Evidence    string    // text as it was
	EvidenceRaw []byte    // message as decrypted, or XML of the callback
	EventID     int64     // callback event; 0: none
	State       State
	HandledBy   string // person
	HandledAt   time.Time
	Note        string
	ViewerID    int64 // whose alone it is; 0: of all who may see the employees
}

// Tabs of the list of violations.
const (
	TabWords      = "words"
	TabBehaviours = "behaviours"
)

// Query asks for violations. Empty fields do not filter.
type Query struct {
	Tab    string
	State  State
	ConvID int64
	Cursor string
	Limit  int // 1 to 100; 0: 40
}

// Position is a place in the list: newest first.
type Position struct {
	At time.Time // zero: from the newest
	ID int64
}

// Page is a page of violations, newest first.
type Page struct {
	Items []Violation
	Next  string
	Open  int64 // open ones of the same tab and conversation
}

// Change is what a reviewer says about a violation.
type Change struct {
	State State
	Note  string
	By    string // person
	At    time.Time
}

// Detail is a violation with the messages around it.
type Detail struct {
	Violation
	Context []archive.Entry // oldest first; empty when there is no message
}

// ViolationStore keeps violations; what is out of scope is not there.
type ViolationStore interface {
	// FindViolations gives a page of violations.
	FindViolations(ctx context.Context, s access.Scope, q Query, before Position) ([]Violation, error)
	// CountOpenViolations counts the open ones of q's tab and conversation.
	CountOpenViolations(ctx context.Context, s access.Scope, q Query) (int64, error)
	// GetViolation gives one; fault.NotFound.
	GetViolation(ctx context.Context, s access.Scope, id int64) (Violation, error)
	// UpdateViolation sets state and note; fault.NotFound.
	UpdateViolation(ctx context.Context, s access.Scope, id int64, c Change, e audit.Entry) (Violation, error)
}

// Timeline reads messages; archive.Service.
type Timeline interface {
	Timeline(ctx context.Context, v access.Viewer, q archive.TimelineQuery) (archive.Window, error)
}

// Violations is the archive of violations.
type Violations struct {
	Store    ViolationStore
	Messages Timeline
	Now      func() time.Time // nil: time.Now
}

const (
	defaultLimit = 40
	maxLimit     = 100
	maxNoteRunes = 500
	around       = 11 // messages around a hit, itself included
	lastMessages = 10 // of a chat that ended
)

// List gives a page of violations in scope.
func (s *Violations) List(ctx context.Context, v access.Viewer, q Query) (Page, error) {
	before, err := q.check()
	if err != nil {
		return Page{}, err
	}
	var page Page
	if page.Open, err = s.Store.CountOpenViolations(ctx, v.Scope(), q); err != nil {
		return Page{}, err
	}
	if q.Limit == 0 {
		q.Limit = defaultLimit
	}
	if page.Items, err = s.Store.FindViolations(ctx, v.Scope(), q, before); err != nil {
		return Page{}, err
	}
	if len(page.Items) == q.Limit {
		last := page.Items[q.Limit-1]
		page.Next = encodePosition(Position{At: last.OccurredAt, ID: last.ID})
	}
	return page, nil
}

func (q Query) check() (Position, error) {
	switch q.Tab {
	case "", TabWords, TabBehaviours:
	default:
		return Position{}, fault.Invalid("tab", "must be words or behaviours")
	}
	if q.State != "" && !q.State.valid() {
		return Position{}, fault.Invalid("state", "must be open, handled or false_alarm")
	}
	if q.Limit < 0 || q.Limit > maxLimit {
		return Position{}, fault.Invalid("limit", "must be 1 to %d", maxLimit)
	}
	return decodePosition(q.Cursor)
}

func (s State) valid() bool { return s == StateOpen || s == StateHandled || s == StateFalseAlarm }

// cursorList names this list in its cursors.
const cursorList = "violations"

func encodePosition(p Position) string { return cursor.Encode(cursorList, p.At, p.ID) }

func decodePosition(s string) (p Position, err error) {
	if s == "" {
		return p, nil
	}
	if err = cursor.Decode(s, cursorList, &p.At, &p.ID); err == nil && (p.ID <= 0 || p.At.Unix() < 0) {
		err = fault.Invalid("cursor", "not a cursor of this list")
	}
	return p, err
}

// Find gives one violation without the messages around it.
func (s *Violations) Find(ctx context.Context, v access.Viewer, id int64) (Violation, error) {
	return s.Store.GetViolation(ctx, v.Scope(), id)
}

// Get gives a violation with up to 5 messages before and after, or the last 10
// of a chat that ended.
func (s *Violations) Get(ctx context.Context, v access.Viewer, id int64) (Detail, error) {
	violation, err := s.Store.GetViolation(ctx, v.Scope(), id)
	if err != nil {
		return Detail{}, err
	}
	d := Detail{Violation: violation, Context: []archive.Entry{}}
	if violation.ConvID == 0 || violation.MessageID == "" {
		return d, nil
	}
	q := archive.TimelineQuery{ConvID: violation.ConvID, Around: violation.MessageID, Limit: around}
	if violation.Kind != KindWord {
		q.Limit = 2 * lastMessages
	}
	window, err := s.Messages.Timeline(ctx, v, q)
	if fault.Is(err, fault.CodeNotFound) {
		return d, nil // the message is gone; the evidence is not
	}
	if err != nil {
		return Detail{}, err
	}
	d.Context = window.Entries
	if violation.Kind != KindWord {
		d.Context = upTo(window.Entries, violation.MessageID)
	}
	return d, nil
}

// upTo gives the last messages that end with id.
func upTo(entries []archive.Entry, id string) []archive.Entry {
	for i := range entries {
		if entries[i].ID == id {
			return entries[max(0, i+1-lastMessages) : i+1]
		}
	}
	return entries[max(0, len(entries)-lastMessages):]
}

// Update marks a violation handled, a false alarm or open again.
func (s *Violations) Update(ctx context.Context, v access.Viewer, id int64, state State, note string, from audit.Origin) (Violation, error) {
	if !state.valid() {
		return Violation{}, fault.Invalid("state", "must be open, handled or false_alarm")
	}
	if utf8.RuneCountInString(note) > maxNoteRunes || !storable(note) {
		return Violation{}, fault.Invalid("note", "must have at most %d characters", maxNoteRunes)
	}
	now := time.Now
	if s.Now != nil {
		now = s.Now
	}
	c := Change{State: state, Note: note, By: v.Person, At: now().UTC()}
	e := from.Entry(audit.ViolationUpdated, audit.Object("violation", id), map[string]any{"state": string(state)})
	return s.Store.UpdateViolation(ctx, v.Scope(), id, c, e)
}
