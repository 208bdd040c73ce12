package server_test

import (
	"context"

	"huicun/internal/access"
	"huicun/internal/alert"
	"huicun/internal/archive"
	"huicun/internal/audit"
	"huicun/internal/fault"
	"huicun/internal/rules"
)

// fakeRules has rule 1 and remembers what it was asked to store.
type fakeRules struct{ stored rules.Input }

func (f *fakeRules) see(v access.Viewer, id int64) error {
	if !v.IsAdmin() {
		return fault.Forbidden("only admins")
	}
	if id != 1 {
		return fault.NotFound("rule")
	}
	return nil
}

func (f *fakeRules) List(_ context.Context, v access.Viewer) ([]rules.Rule, error) {
	return []rules.Rule{fullRule(), {ID: 2, Input: rules.Input{Name: "空", Severity: rules.Low, Direction: rules.FromBoth}}}, f.see(v, 1)
}

func (f *fakeRules) Get(_ context.Context, v access.Viewer, id int64) (rules.Rule, error) {
	return fullRule(), f.see(v, id)
}

func (f *fakeRules) Create(_ context.Context, v access.Viewer, in rules.Input, _ audit.Origin) (rules.Rule, error) {
	f.stored = in
	return fullRule(), f.see(v, 1)
}

func (f *fakeRules) Update(_ context.Context, v access.Viewer, id int64, in rules.Input, _ audit.Origin) (rules.Rule, error) {
	f.stored = in
	if err := f.see(v, id); err != nil {
		return rules.Rule{}, err
	}
	if in.Version != 3 {
		return rules.Rule{}, fault.Conflict("somebody else changed the rule")
	}
	return fullRule(), nil
}

func (f *fakeRules) Delete(_ context.Context, v access.Viewer, id int64, _ audit.Origin) error {
	return f.see(v, id)
}

func (f *fakeRules) Test(_ context.Context, v access.Viewer, words []string, _ string) ([]string, []rules.Span, error) {
	return words, []rules.Span{{Start: 4, End: 7}}, f.see(v, 1)
}

func fullRule() rules.Rule {
	return rules.Rule{
		ID: 1, SubscriberPersons: []string{"mei", "nobody"}, Changed: noon, Hits: 4,
		Input: rules.Input{
			Name: "导流", Words: []string{"微信"}, Severity: rules.High, Direction: rules.FromEmployee, Version: 3, Enabled: true,
			ScopeDepartments: []int64{2}, ScopeEmployees: []string{"shop"}, Subscribers: []int64{2, 9},
		},
	}
}

// fakeViolations has violation 1, about conversation 7, and 2, a deletion.
type fakeViolations struct{ archive *fakeArchive }

func (f fakeViolations) List(_ context.Context, v access.Viewer, q rules.Query) (rules.Page, error) {
	if err := f.archive.see(v, q.ConvID == 0 || q.ConvID == 7, "conversation"); err != nil {
		return rules.Page{}, err
	}
	return rules.Page{Items: []rules.Violation{fullViolation(), deletion()}, Next: "n", Open: 1}, nil
}

func (f fakeViolations) Get(_ context.Context, v access.Viewer, id int64) (rules.Detail, error) {
	if id == 2 {
		return rules.Detail{Violation: deletion()}, f.archive.see(v, true, "")
	}
	return rules.Detail{Violation: fullViolation(), Context: []archive.Entry{f.archive.entry}}, f.archive.see(v, id == 1, "violation")
}

func (f fakeViolations) Update(_ context.Context, v access.Viewer, id int64, state rules.State, note string, from audit.Origin) (rules.Violation, error) {
	out := fullViolation()
	out.State, out.Note, out.HandledBy, out.HandledAt = state, note, from.Actor, noon
	return out, f.archive.see(v, id == 1, "violation")
}

func fullViolation() rules.Violation {
	return rules.Violation{
		ID: 1, Kind: rules.KindWord, RuleID: 1, RuleName: "导流", Severity: rules.High, Words: []string{"微信"},
		Spans: []rules.Span{{Start: 10, End: 16}}, Sender: "shop", Receiver: "cust", ConvID: 7, ConvTitle: "群", MessageID: messageID,
		MsgType: "text", OccurredAt: noon, Evidence: "😀加我微信", EvidenceRaw: []byte("raw bytes stay here"), State: rules.StateOpen,
	}
}

func deletion() rules.Violation {
	return rules.Violation{
		ID: 2, Kind: rules.KindCustomerDeletedEmployee, Severity: rules.Mid, Sender: "cust", Receiver: "shop",
		OccurredAt: noon, State: rules.StateHandled, HandledBy: "mei", HandledAt: noon, Note: "已联系",
	}
}

// fakeAlerts has one that arrived and one that did not.
type fakeAlerts struct{}

func (fakeAlerts) List(_ context.Context, _ access.Viewer, _ string, _ int) (alert.Page, error) {
	return alert.Page{Items: fullAlerts(), Next: "n"}, nil
}

func (fakeAlerts) OfViolation(context.Context, access.Viewer, int64) ([]alert.Alert, error) {
	return fullAlerts(), nil
}

func fullAlerts() []alert.Alert {
	return []alert.Alert{
		{ID: 1, ViolationID: 1, Kind: rules.KindWord, RuleName: "导流", To: "mei", State: alert.StateSent, Attempt: 1, CreatedAt: noon, SentAt: noon},
		{ID: 2, ViolationID: 1, To: "boss", State: alert.StateRefused, Attempt: 2, Error: "out of range", CreatedAt: noon},
	}
}
