// Package alert tells viewers about violations by WeCom app messages, and keeps
// what is known of the delivery. An alert arrives at most once: WeCom's
// duplicate check drops a repeat of the same request, and no repeat is sent
// when that check no longer looks back far enough.
package alert

import (
	"context"
	"fmt"
	"time"

	"huicun/internal/access"
	"huicun/internal/cursor"
	"huicun/internal/directory"
	"huicun/internal/fault"
	"huicun/internal/rules"
)

// Outbox kinds of an alert to be sent; their args are {"alert_id": n}.
const (
	KindPush   = "push"   // about a violation
	KindNotice = "notice" // about the archive itself, to admins
)

// State says how far an alert has come.
type State string

// The states of an alert.
const (
	StatePending State = "pending" // not sent, or WeCom did not take it yet
	StateSending State = "sending" // a call is under way, or its answer was lost
	StateSent    State = "sent"    // WeCom took it
	StateUnknown State = "unknown" // WeCom's answer was lost for good
	StateFailed  State = "failed"  // WeCom could not be reached for too long
	StateRefused State = "refused" // WeCom or the scope does not allow it
)

// Alert is one app message to one viewer about one violation.
type Alert struct {
	ID          int64
	ViolationID int64
	Kind        rules.Kind
	RuleName    string
	To          string // person
	State       State
	Attempt     int
	ErrorCode   int
	Error       string // English, for admins
	CreatedAt   time.Time
	SentAt      time.Time // zero: not known to be sent
}

// Message is what is sent. The same Message must make the same request each
// time, byte for byte, so that WeCom recognises a repeat.
type Message struct {
	To          string        `json:"to"` // userid as WeCom spells it
	Title       string        `json:"title"`
	Description string        `json:"description"` // HTML of a textcard
	URL         string        `json:"url"`
	Button      string        `json:"button"`
	NoRepeat    time.Duration `json:"no_repeat"` // WeCom's duplicate check looks back so far
}

// Receipt is WeCom's answer to a message that it took.
type Receipt struct {
	MsgID   string
	Invalid bool // the receiver is unknown or out of the app's range
}

// Class says what a failed call means.
type Class int

// The classes of failure.
const (
	ClassRetry   Class = iota // not taken; later it may be
	ClassRefused              // not taken, and never will be
	ClassUnknown              // the answer was lost: taken or not
)

// String gives the class as one word, for the log.
func (c Class) String() string {
	switch c {
	case ClassRetry:
		return "retry"
	case ClassRefused:
		return "refused"
	case ClassUnknown:
		return "answer lost"
	}
	return fmt.Sprintf("class(%d)", int(c))
}

// SendError is a call that failed.
type SendError struct {
	Class      Class
	Code       int           // WeCom's errcode; 0 when there is none
	RetryAfter time.Duration // ClassRetry: not before; 0: as the outbox backs off
	Err        error         // without secrets and chat text
}

// Error gives the cause.
func (e *SendError) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *SendError) Unwrap() error { return e.Err }

// Sender sends app messages. Errors that are no *SendError count as lost
// answers.
type Sender interface {
	Send(ctx context.Context, m Message) (Receipt, error)
}

// Job is an alert with all that sending it needs, as of now.
type Job struct {
	Alert
	UserID       string          // receiver as WeCom spells it
	Message      *Message        // as first sent; nil before
	FirstSentAt  time.Time       // of the attempts that may have arrived; zero before
	Disabled     bool            // the viewer's account
	InScope      bool            // the viewer may see the violation, now; of a notice: is an admin
	LastOfDay    bool            // of MostOfOwnRule: no more come today
	Violation    rules.Violation // zero in a notice
	Names        map[string]directory.Person
	ReceiverRoom string // group's name, "" unnamed
}

// Pace is WeCom's limit per member and app, beyond which it drops silently
// (developer.work.weixin.qq.com/document/path/90236: 30 a minute, 1000 an
// hour), with some air.
var Pace = []Limit{{Per: time.Minute, Messages: 25}, {Per: time.Hour, Messages: 900}}

// MostOfOwnRule bounds the alerts of a rule that tells one viewer alone, a rule
// and day: nobody else looks after it. What is said beyond that stands among the
// violations.
const MostOfOwnRule = 50

// Limit is so many messages in so long.
type Limit struct {
	Per      time.Duration
	Messages int
}

// Outcome is the end of an attempt.
type Outcome struct {
	State State
	MsgID string
	Code  int
	Error string
	At    time.Time
}

// Store keeps alerts.
type Store interface {
	// GetJob gives an alert to be sent; fault.NotFound.
	GetJob(ctx context.Context, id int64) (Job, error)
	// StartAttempt marks the alert as being sent and keeps m as its message if
	// it has none. It gives the message that is to be sent. wait > 0: nothing
	// was marked, the receiver has had too much; try again after wait.
	// fault.Conflict: the alert is done, or has had another attempt than the
	// given number of them: somebody else has it.
	StartAttempt(ctx context.Context, id int64, m Message, attempts int, pace []Limit, now time.Time) (sent Message, wait time.Duration, err error)
	// FinishAttempt records what became of attempt n, unless there was another
	// one since or the alert is done. That WeCom took the message counts always.
	FinishAttempt(ctx context.Context, id int64, n int, o Outcome) error
	// FindAlerts gives alerts in scope, newest first; of one violation when
	// violation is not 0. Viewers who are no admins get their own only.
	FindAlerts(ctx context.Context, s access.Scope, violation, before int64, limit int) ([]Alert, error)
}

// Service sends alerts and lists them.
type Service struct {
	Store     Store
	Sender    Sender
	PublicURL string           // of huicun, without slash at the end
	Zone      *time.Location   // of times in messages; nil: Asia/Shanghai
	Now       func() time.Time // nil: time.Now
}

// Page is a page of alerts, newest first.
type Page struct {
	Items []Alert
	Next  string
}

const (
	defaultLimit = 40
	maxLimit     = 100
	maxOfOne     = 1000 // alerts about one violation
)

// List gives a page of alerts: all in scope for admins, their own for others.
func (s *Service) List(ctx context.Context, v access.Viewer, after string, limit int) (Page, error) {
	if limit == 0 {
		limit = defaultLimit
	}
	if limit < 1 || limit > maxLimit {
		return Page{}, fault.Invalid("limit", "must be 1 to %d", maxLimit)
	}
	before, err := decodeCursor(after)
	if err != nil {
		return Page{}, err
	}
	var page Page
	if page.Items, err = s.Store.FindAlerts(ctx, v.Scope(), 0, before, limit); err != nil {
		return Page{}, err
	}
	if len(page.Items) == limit {
		page.Next = cursor.Encode(cursorList, page.Items[limit-1].ID)
	}
	return page, nil
}

// OfViolation gives the alerts about one violation, newest first.
func (s *Service) OfViolation(ctx context.Context, v access.Viewer, violation int64) ([]Alert, error) {
	if violation <= 0 {
		return []Alert{}, nil
	}
	return s.Store.FindAlerts(ctx, v.Scope(), violation, 0, maxOfOne)
}

// cursorList names this list in its cursors.
const cursorList = "alerts"

// decodeCursor gives the id that a page ended with; 0 for "".
func decodeCursor(s string) (id int64, err error) {
	if s == "" {
		return 0, nil
	}
	if err = cursor.Decode(s, cursorList, &id); err == nil && id <= 0 {
		err = fault.Invalid("cursor", "not a cursor of this list")
	}
	return id, err
}

func (s *Service) now() time.Time {
	if s.Now == nil {
		return time.Now().UTC().Round(0)
	}
	return s.Now().UTC().Round(0) // the wall clock: it goes on while a machine sleeps
}
