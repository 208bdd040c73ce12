package rules_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/audit"
	"huicun/internal/fault"
	"huicun/internal/rules"
)

// file keeps violations newest first, as the store gives them.
type file struct {
	all     []rules.Violation
	changes []rules.Change
	entries []audit.Entry
	limits  []int
}

func (f *file) FindViolations(_ context.Context, _ access.Scope, q rules.Query, before rules.Position) ([]rules.Violation, error) {
	f.limits = append(f.limits, q.Limit)
	var found []rules.Violation
	for _, v := range f.all {
		later := v.OccurredAt.Compare(before.At)
		if (before.At.IsZero() || later < 0 || later == 0 && v.ID < before.ID) && len(found) < q.Limit {
			found = append(found, v)
		}
	}
	return found, nil
}

func (f *file) CountOpenViolations(context.Context, access.Scope, rules.Query) (int64, error) {
	return int64(len(f.all)), nil
}

func (f *file) GetViolation(_ context.Context, s access.Scope, id int64) (rules.Violation, error) {
	for _, v := range f.all {
		if v.ID == id && s.ViewerID() != 0 {
			return v, nil
		}
	}
	return rules.Violation{}, fault.NotFound("violation")
}

func (f *file) UpdateViolation(_ context.Context, _ access.Scope, id int64, c rules.Change, e audit.Entry) (rules.Violation, error) {
	f.changes, f.entries = append(f.changes, c), append(f.entries, e)
	return rules.Violation{ID: id, State: c.State}, nil
}

// chat is one conversation of n messages, m1 the oldest; windows are cut as the
// archive does it: half before, half after.
type chat struct {
	n   int
	err error
	got []archive.TimelineQuery
}

func (c *chat) Timeline(_ context.Context, _ access.Viewer, q archive.TimelineQuery) (archive.Window, error) {
	c.got = append(c.got, q)
	if c.err != nil {
		return archive.Window{}, c.err
	}
	var at int
	if _, err := fmt.Sscanf(q.Around, "m%d", &at); err != nil {
		return archive.Window{}, err
	}
	var w archive.Window
	from := max(1, at-q.Limit/2)
	for i := from; i <= min(c.n, from+q.Limit-1); i++ {
		var e archive.Entry
		e.ID = fmt.Sprint("m", i)
		w.Entries = append(w.Entries, e)
	}
	return w, nil
}

var (
	noon    = time.Date(2026, 3, 2, 4, 0, 0, 123456000, time.UTC)
	manager = access.Viewer{ID: 2, Person: "mei", Role: access.RoleViewer}
)

func TestListPagesWithoutHolesOrRepeats(t *testing.T) {
	f := &file{}
	var want []int64
	for id := int64(9); id > 0; id-- { // three share each moment
		f.all = append(f.all, rules.Violation{ID: id, OccurredAt: noon.Add(time.Duration((id-1)/3) * time.Microsecond)})
		want = append(want, id)
	}
	for _, limit := range []int{1, 2, 3, 4, 9, 100, 0} {
		var got []int64
		q := rules.Query{Limit: limit}
		for more := true; more; more = q.Cursor != "" {
			page, err := (&rules.Violations{Store: f}).List(t.Context(), manager, q)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range page.Items {
				got = append(got, v.ID)
			}
			if page.Open != 9 {
				t.Errorf("%d open, want 9", page.Open)
			}
			q.Cursor = page.Next
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d a page (-want +got):\n%s", limit, diff)
		}
	}
	if last := f.limits[len(f.limits)-1]; last != 40 {
		t.Errorf("%d a page by default, want 40", last)
	}
}

func TestListRefuses(t *testing.T) {
	cursor := func(s string) rules.Query {
		return rules.Query{Cursor: base64.RawURLEncoding.EncodeToString([]byte(s))}
	}
	for _, tt := range []struct {
		name, field string
		q           rules.Query
	}{
		{"an unknown tab", "tab", rules.Query{Tab: "all"}},
		{"an unknown state", "state", rules.Query{State: "closed"}},
		{"a negative limit", "limit", rules.Query{Limit: -1}},
		{"a large limit", "limit", rules.Query{Limit: 101}},
		{"a cursor that is none", "cursor", rules.Query{Cursor: "%"}},
		{"a cursor of something else", "cursor", cursor("a7")},
		{"a cursor without id", "cursor", cursor("1")},
		{"a cursor with id 0", "cursor", cursor("1.0")},
		{"a cursor before time", "cursor", cursor("-1.5")},
		{"a cursor after time", "cursor", cursor("9223372036854775807.5")},
	} {
		_, err := (&rules.Violations{Store: &file{}}).List(t.Context(), manager, tt.q)
		wantFault(t, tt.name, err, fault.CodeInvalid, tt.field)
	}
}

func TestGetGivesTheMessagesAround(t *testing.T) {
	for _, tt := range []struct {
		name        string
		kind        rules.Kind
		message     string
		conv        int64
		chat        chat
		first, last string // of the context
		n           int
	}{
		{"a word", rules.KindWord, "m50", 1, chat{n: 100}, "m45", "m55", 11},
		{"a word at the start", rules.KindWord, "m2", 1, chat{n: 100}, "m1", "m11", 11},
		{"a deletion", rules.KindCustomerDeletedEmployee, "m100", 1, chat{n: 100}, "m91", "m100", 10},
		{"a deletion after which they went on", rules.KindEmployeeDeletedCustomer, "m50", 1, chat{n: 100}, "m41", "m50", 10},
		{"a deletion after a short chat", rules.KindEmployeeDeletedCustomer, "m2", 1, chat{n: 2}, "m1", "m2", 2},
		{"a deletion without a chat", rules.KindEmployeeDeletedCustomer, "", 0, chat{n: 2}, "", "", 0},
		{"a message that is gone", rules.KindWord, "m1", 1, chat{err: fault.NotFound("message")}, "", "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := rules.Violation{ID: 3, Kind: tt.kind, MessageID: tt.message, ConvID: tt.conv}
			s := &rules.Violations{Store: &file{all: []rules.Violation{v}}, Messages: &tt.chat}
			d, err := s.Get(t.Context(), manager, 3)
			if err != nil {
				t.Fatal(err)
			}
			if len(d.Context) != tt.n || d.Context == nil {
				t.Fatalf("%d messages, want %d", len(d.Context), tt.n)
			}
			if tt.n > 0 && (d.Context[0].ID != tt.first || d.Context[tt.n-1].ID != tt.last) {
				t.Errorf("%s to %s, want %s to %s", d.Context[0].ID, d.Context[tt.n-1].ID, tt.first, tt.last)
			}
			if diff := cmp.Diff(v, d.Violation); diff != "" {
				t.Errorf("violation (-want +got):\n%s", diff)
			}
		})
	}
	down := errors.New("down")
	s := &rules.Violations{Store: &file{all: []rules.Violation{{ID: 3, ConvID: 1, MessageID: "m1"}}}, Messages: &chat{err: down}}
	if _, err := s.Get(t.Context(), manager, 3); !errors.Is(err, down) {
		t.Errorf("Get while messages cannot be read: %v", err)
	}
	_, err := s.Get(t.Context(), manager, 4)
	wantFault(t, "one that is not there", err, fault.CodeNotFound, "")
	_, err = s.Find(t.Context(), access.Viewer{}, 3)
	wantFault(t, "find by nobody", err, fault.CodeNotFound, "")
}

func TestUpdateOfAViolation(t *testing.T) {
	f := &file{}
	s := &rules.Violations{Store: f, Now: func() time.Time { return noon.In(time.FixedZone("CST", 8*3600)) }}
	note := strings.Repeat("注", 500)
	from := audit.Origin{Actor: "mei"}
	if _, err := s.Update(t.Context(), manager, 3, rules.StateHandled, note, from); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]rules.Change{{State: rules.StateHandled, Note: note, By: "mei", At: noon}}, f.changes); diff != "" {
		t.Errorf("change (-want +got):\n%s", diff)
	}
	want := []audit.Entry{{Actor: "mei", Action: audit.ViolationUpdated, Object: "violation:3", Detail: map[string]any{"state": "handled"}}}
	if diff := cmp.Diff(want, f.entries); diff != "" {
		t.Errorf("log, which has no notes (-want +got):\n%s", diff)
	}
	for _, tt := range []struct {
		name  string
		state rules.State
		note  string
		field string
	}{
		{"no state", "", "", "state"},
		{"an unknown state", "closed", "", "state"},
		{"a long note", rules.StateOpen, note + "!", "note"},
		{"a note that is no text", rules.StateOpen, "a\x00", "note"},
		{"a note that is not UTF-8", rules.StateOpen, "\xff", "note"},
	} {
		_, err := s.Update(t.Context(), manager, 3, tt.state, tt.note, from)
		wantFault(t, tt.name, err, fault.CodeInvalid, tt.field)
	}
	if len(f.changes) != 1 {
		t.Errorf("%d changes, want 1", len(f.changes))
	}
}
