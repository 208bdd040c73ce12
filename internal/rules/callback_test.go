package rules_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/directory"
	"huicun/internal/fault"
	"huicun/internal/outbox"
	"huicun/internal/rules"
)

// inbox is one stored event.
type inbox struct {
	event rules.StoredEvent
	saved []rules.Deletion
	done  bool
}

func (b *inbox) GetCallbackEvent(_ context.Context, id int64) (rules.StoredEvent, error) {
	if id != b.event.ID {
		return rules.StoredEvent{}, fault.NotFound("callback event")
	}
	return b.event, nil
}

func (b *inbox) SaveDeletion(_ context.Context, d rules.Deletion) error {
	b.saved = append(b.saved, d)
	return nil
}

func (b *inbox) FinishCallbackEvent(context.Context, int64) error {
	b.done = true
	return nil
}

func TestEvents(t *testing.T) {
	const customer = "wmQx7kDAAAaB3nT0lE5yJ9cVrU2sHfGw"
	received := noon.Add(time.Minute)
	event := func(change, source string) rules.Event {
		return rules.Event{Event: "change_external_contact", ChangeType: change, UserID: "LinXiaoyu", ExternalUserID: customer, Source: source, At: noon}
	}
	ended := func(state directory.FollowState, at time.Time, v *rules.Violation) []rules.Deletion {
		return []rules.Deletion{{EventID: 4, Employee: "linxiaoyu", Customer: customer, State: state, At: at, Violation: v}}
	}
	violation := func(kind rules.Kind, severity rules.Severity, by, whom, at string, when time.Time) *rules.Violation {
		return &rules.Violation{
			DedupeKey: string(kind) + ":linxiaoyu:" + customer + ":" + at, Kind: kind, Severity: severity, Sender: by, Receiver: whom,
			Employees: []string{"linxiaoyu"}, Words: []string{}, Spans: []rules.Span{}, OccurredAt: when, EventID: 4, EvidenceRaw: []byte("<xml/>"),
			State: rules.StateOpen,
		}
	}
	byCustomer := violation(rules.KindCustomerDeletedEmployee, rules.Mid, customer, "linxiaoyu", "1772424000", noon)
	byEmployee := violation(rules.KindEmployeeDeletedCustomer, rules.High, "linxiaoyu", customer, "1772424000", noon)
	timeless := event("del_follow_user", "")
	timeless.At = time.Time{}
	nobody := event("del_follow_user", "")
	nobody.UserID = ""
	other := event("del_follow_user", "")
	other.Event = "change_contact"
	nothing := rules.Event{Event: "change_external_contact", ChangeType: "edit_external_contact"}
	for _, tt := range []struct {
		name    string
		event   rules.Event
		saved   []rules.Deletion
		changed bool
		done    bool // by itself; a deletion is done with its violation
	}{
		{"the customer deletes", event("del_follow_user", ""), ended(directory.FollowDeletedByCustomer, noon, byCustomer), false, false},
		{"the employee deletes", event("del_external_contact", ""), ended(directory.FollowDeletedByEmployee, noon, byEmployee), false, false},
		{"a handover", event("del_external_contact", "DELETE_BY_TRANSFER"), ended(directory.FollowTransferred, noon, nil), false, false},
		{
			"without a time of its own", timeless, ended(directory.FollowDeletedByCustomer, received,
				violation(rules.KindCustomerDeletedEmployee, rules.Mid, customer, "linxiaoyu", "1772424060", received)), false, false,
		},
		{"a new customer", event("add_external_contact", ""), nil, true, true},
		{"a change that nobody knows", event("del_everything", ""), nil, true, true},
		{"a deletion of nobody", nobody, nil, true, true},
		{"a change of no customer", nothing, nil, false, true},
		{"another event", other, nil, false, true},
		{"nothing at all", rules.Event{}, nil, false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := &inbox{event: rules.StoredEvent{ID: 4, Body: []byte("<xml/>"), ReceivedAt: received}}
			changed := false
			s := &rules.Events{
				Store:   b,
				Parse:   func([]byte) (rules.Event, error) { return tt.event, nil },
				Changed: func(context.Context, rules.Event) error { changed = true; return nil },
			}
			if err := s.Handle(t.Context(), outbox.Item{Args: []byte(`{"event_id":4}`)}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.saved, b.saved); diff != "" {
				t.Errorf("saved (-want +got):\n%s", diff)
			}
			if changed != tt.changed || b.done != tt.done {
				t.Errorf("changed %v, done %v; want %v, %v", changed, b.done, tt.changed, tt.done)
			}
		})
	}
}

func TestEventsThatCannotBeActedOn(t *testing.T) {
	down := errors.New("down")
	for _, tt := range []struct {
		name, args string
		done       bool
		parse      error
		changed    error
		want       string
	}{
		{"no args", ``, false, nil, nil, "callback: args have no event_id"},
		{"other args", `{"batch_id":4}`, false, nil, nil, "callback: args have no event_id"},
		{"not stored", `{"event_id":5}`, false, nil, nil, "not_found: callback event not found"},
		{"not readable", `{"event_id":4}`, false, errors.New("no XML"), nil, "callback event 4: no XML"},
		{"the directory is down", `{"event_id":4}`, false, nil, down, "callback event 4: down"},
		{"done before", `{"event_id":4}`, true, errors.New("must not be read"), nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := &inbox{event: rules.StoredEvent{ID: 4, Done: tt.done}}
			s := &rules.Events{
				Store: b,
				Parse: func([]byte) (rules.Event, error) {
					return rules.Event{Event: "change_external_contact", ExternalUserID: "wm1"}, tt.parse
				},
				Changed: func(context.Context, rules.Event) error { return tt.changed },
			}
			got := ""
			if err := s.Handle(t.Context(), outbox.Item{Args: []byte(tt.args)}); err != nil {
				got = err.Error()
			}
			if got != tt.want || b.done || len(b.saved) > 0 {
				t.Errorf("error %q, want %q; done %v, saved %v", got, tt.want, b.done, b.saved)
			}
		})
	}
}
