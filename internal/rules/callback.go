package rules

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"huicun/internal/directory"
	"huicun/internal/fault"
	"huicun/internal/outbox"
	"huicun/internal/personid"
)

// KindCallback is the outbox kind of a stored callback event; its args are
// {"event_id": n}.
const KindCallback = "callback"

// Event is a callback as far as rules act on it.
type Event struct {
	Event, ChangeType string
	UserID            string // employee, as WeCom spells it
	ExternalUserID    string // customer
	Source            string
	At                time.Time // when it happened; zero when unknown
}

// StoredEvent is a callback as it was received.
type StoredEvent struct {
	ID         int64     `db:"id"`
	Body       []byte    `db:"body"` // decrypted XML
	ReceivedAt time.Time `db:"received_at"`
	Done       bool      `db:"done"`
}

// Deletion is the end of the relation between an employee and a customer.
type Deletion struct {
	EventID            int64
	Employee, Customer string // persons
	State              directory.FollowState
	At                 time.Time
	Violation          *Violation // nil: none; the store adds conversation and last message
}

// EventStore is what callbacks need of the database.
type EventStore interface {
	// GetCallbackEvent gives a stored event; fault.NotFound.
	GetCallbackEvent(ctx context.Context, id int64) (StoredEvent, error)
	// SaveDeletion ends the relation, stores the violation with its alerts and
	// marks the event done, all or nothing. Saving twice changes nothing.
	SaveDeletion(ctx context.Context, d Deletion) error
	// FinishCallbackEvent marks an event done.
	FinishCallbackEvent(ctx context.Context, id int64) error
}

// What is read of callbacks (developer.work.weixin.qq.com/document/path/92130).
const (
	eventExternalContact = "change_external_contact"
	changeDelContact     = "del_external_contact" // the employee deleted the customer
	changeDelFollow      = "del_follow_user"      // the customer deleted the employee
	sourceTransfer       = "DELETE_BY_TRANSFER"   // the effect of a handover
)

// Events acts on callbacks after they were answered.
type Events struct {
	Store EventStore
	// Parse reads a decrypted callback.
	Parse func(body []byte) (Event, error)
	// Changed is told of customers whose relations changed in another way than
	// by deletion, so that the directory reads them; nil: nobody is told.
	Changed func(ctx context.Context, e Event) error
}

// Handle is the outbox handler of KindCallback.
func (s *Events) Handle(ctx context.Context, item outbox.Item) error {
	var args struct {
		EventID int64 `json:"event_id"`
	}
	if err := json.Unmarshal(item.Args, &args); err != nil || args.EventID <= 0 {
		return outbox.Permanent(errors.New("callback: args have no event_id"))
	}
	stored, err := s.Store.GetCallbackEvent(ctx, args.EventID)
	if fault.Is(err, fault.CodeNotFound) {
		return outbox.Permanent(err)
	}
	if err != nil || stored.Done {
		return err
	}
	e, err := s.Parse(stored.Body)
	if err != nil {
		return outbox.Permanent(fmt.Errorf("callback event %d: %w", stored.ID, err))
	}
	if d, ok := deletion(stored, e); ok {
		return s.Store.SaveDeletion(ctx, d)
	}
	if e.Event == eventExternalContact && e.ExternalUserID != "" && s.Changed != nil {
		if err := s.Changed(ctx, e); err != nil {
			return fmt.Errorf("callback event %d: %w", stored.ID, err)
		}
	}
	return s.Store.FinishCallbackEvent(ctx, stored.ID)
}

// deletion reads the end of a relation from a callback; false for other events.
func deletion(stored StoredEvent, e Event) (Deletion, bool) {
	if e.Event != eventExternalContact || e.UserID == "" || e.ExternalUserID == "" {
		return Deletion{}, false
	}
	d := Deletion{
		EventID:  stored.ID,
		Employee: personid.Key(e.UserID), Customer: personid.Key(e.ExternalUserID),
		At: e.At,
	}
	if d.At.IsZero() {
		d.At = stored.ReceivedAt.UTC()
	}
	switch {
	case e.ChangeType == changeDelFollow:
		d.State = directory.FollowDeletedByCustomer
		d.Violation = d.violation(KindCustomerDeletedEmployee, Mid, d.Customer, d.Employee)
	case e.ChangeType == changeDelContact && e.Source == sourceTransfer:
		d.State = directory.FollowTransferred
	case e.ChangeType == changeDelContact:
		d.State = directory.FollowDeletedByEmployee
		d.Violation = d.violation(KindEmployeeDeletedCustomer, High, d.Employee, d.Customer)
	default:
		return Deletion{}, false
	}
	if d.Violation != nil {
		d.Violation.EvidenceRaw = stored.Body
	}
	return d, true
}

// violation says who deleted whom. Two callback URLs may tell the same.
func (d Deletion) violation(kind Kind, severity Severity, by, whom string) *Violation {
	return &Violation{
		DedupeKey: fmt.Sprintf("%s:%s:%s:%d", kind, d.Employee, d.Customer, d.At.Unix()),
		Kind:      kind, Severity: severity, Sender: by, Receiver: whom, Employees: []string{d.Employee},
		Words: []string{}, Spans: []Span{}, OccurredAt: d.At, EventID: d.EventID, State: StateOpen,
	}
}
