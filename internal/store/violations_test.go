package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/access"
	"huicun/internal/fault"
	"huicun/internal/rules"
)

func TestViolationsWithinScope(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	mei, svc := d.manager(t, "Mei", 2), d.manager(t, "Svc", 5)
	d.rule(t, nil)
	d.say(t, line{"Shop", buyer, "", "回扣1"}, line{"Svc", buyer, "", "回扣2"}, line{"East", buyer, "", "回扣3"},
		line{"Shop", buyer, "", "回扣4"}, line{"Svc", "Shop", "R1", "回扣5"})
	d.scan(t)
	d.receive(t, "app", relation("del_follow_user", "Shop", buyer, "", 9))
	d.work(t)
	service := &rules.Violations{Store: d.DB, Now: func() time.Time { return d.now }}
	for _, tt := range []struct {
		name string
		v    access.Viewer
		q    rules.Query
		want []string
		open int64
	}{
		{"all of an admin, newest first", d.admin(t), rules.Query{}, []string{"", "回扣5", "回扣4", "回扣3", "回扣2", "回扣1"}, 6},
		{"a department and those below", mei.Viewer, rules.Query{}, []string{"", "回扣4", "回扣3", "回扣1"}, 4},
		{"words", mei.Viewer, rules.Query{Tab: rules.TabWords}, []string{"回扣4", "回扣3", "回扣1"}, 3},
		{"behaviours", mei.Viewer, rules.Query{Tab: rules.TabBehaviours}, []string{""}, 1},
		{"behaviours of others", svc.Viewer, rules.Query{Tab: rules.TabBehaviours}, nil, 0},
		{"one conversation", mei.Viewer, rules.Query{ConvID: d.conv(t, 1)}, []string{"", "回扣4", "回扣1"}, 3},
		{"one conversation of others", svc.Viewer, rules.Query{ConvID: d.conv(t, 1)}, nil, 0},
		{"handled ones", mei.Viewer, rules.Query{State: rules.StateHandled}, nil, 4},
		{"of the group", svc.Viewer, rules.Query{}, []string{"回扣5", "回扣2"}, 2},
		{"nobody", access.Viewer{}, rules.Query{}, nil, 0},
	} {
		for _, limit := range []int{0, 1, 2, 100} {
			got, open := d.pages(t, service, tt.v, tt.q, limit)
			if diff := cmp.Diff(tt.want, got); diff != "" || open != tt.open {
				t.Errorf("%s, %d a page: %d open, want %d (-want +got):\n%s", tt.name, limit, open, tt.open, diff)
			}
		}
	}
}

// conv gives the conversation of a message.
func (d *desk) conv(t *testing.T, seq int64) int64 {
	t.Helper()
	var id int64
	if err := d.DB.Get(&id, `SELECT conv_id FROM messages WHERE seq = $1`, seq); err != nil {
		t.Fatal(err)
	}
	return id
}

// pages reads a whole list, page by page.
func (d *desk) pages(t *testing.T, s *rules.Violations, v access.Viewer, q rules.Query, limit int) (texts []string, open int64) {
	t.Helper()
	for q.Limit = limit; ; {
		page, err := s.List(t.Context(), v, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range page.Items {
			texts = append(texts, item.Evidence)
		}
		if page.Next == "" {
			return texts, page.Open
		}
		q.Cursor = page.Next
	}
}

func TestUpdateViolation(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	mei, svc := d.manager(t, "Mei", 2), d.manager(t, "Svc", 5)
	d.rule(t, nil)
	d.say(t, line{"Shop", buyer, "", "回扣"})
	d.scan(t)
	s := &rules.Violations{Store: d.DB, Now: func() time.Time { return d.now }}
	_, err := s.Update(t.Context(), svc.Viewer, 1, rules.StateHandled, "不是我的", from("svc"))
	checkFault(t, "out of scope", err, fault.CodeNotFound, "")
	_, err = s.Find(t.Context(), svc.Viewer, 1)
	checkFault(t, "find out of scope", err, fault.CodeNotFound, "")
	_, err = s.Get(t.Context(), svc.Viewer, 1)
	checkFault(t, "get out of scope", err, fault.CodeNotFound, "")

	handled, err := s.Update(t.Context(), mei.Viewer, 1, rules.StateFalseAlarm, "玩笑", from("mei"))
	if err != nil {
		t.Fatal(err)
	}
	if handled.State != rules.StateFalseAlarm || handled.Note != "玩笑" || handled.HandledBy != "mei" || !handled.HandledAt.Equal(d.now) {
		t.Errorf("handled = %+v", handled)
	}
	open, err := s.Update(t.Context(), mei.Viewer, 1, rules.StateOpen, "", from("mei"))
	if err != nil {
		t.Fatal(err)
	}
	if open.State != rules.StateOpen || open.HandledBy != "" || !open.HandledAt.IsZero() || open.Note != "" {
		t.Errorf("opened again = %+v", open)
	}
	d.wantRows(t, "log", []string{`mei violation:1 {"state": "false_alarm"}`, `mei violation:1 {"state": "open"}`},
		`SELECT actor || ' ' || object || ' ' || detail FROM audit_entries WHERE action = 'violation.updated' ORDER BY id`)
}
