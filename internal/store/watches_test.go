package store_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"huicun/internal/access"
	"huicun/internal/archive"
	"huicun/internal/fault"
	"huicun/internal/rules"
	"huicun/internal/search"
	"huicun/internal/store"
)

func (d *desk) searches() *search.Service {
	return &search.Service{Store: d.DB, Archive: &archive.Service{Store: d.DB}}
}

// watch saves a search of a viewer and makes it a rule.
func (d *desk) watch(t *testing.T, v access.Viewer, r search.Request) (search.Saved, []string) {
	t.Helper()
	svc := d.searches()
	saved, err := svc.CreateSaved(t.Context(), v, search.SavedInput{Name: "再说", Request: r}, from(v.Person))
	if err != nil {
		t.Fatal(err)
	}
	saved, leftOut, err := svc.CreateRule(t.Context(), v, saved.ID, from(v.Person))
	if err != nil {
		t.Fatal(err)
	}
	return saved, leftOut
}

func (d *desk) evidence(t *testing.T, v access.Viewer) []string {
	t.Helper()
	got, _ := d.pages(t, &rules.Violations{Store: d.DB}, v, rules.Query{}, 100)
	return got
}

// A search of a viewer becomes a rule that looks at what they may see, and of
// which nobody else gets to know anything.
func TestAWatchTellsItsMakerAlone(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	mei, svc := d.manager(t, "Mei", 2), d.manager(t, "Svc", 5)
	also := d.manager(t, "East", 2) // sees what mei sees
	saved, leftOut := d.watch(t, mei.Viewer, search.Request{Text: "返点 －私", MsgTypes: []string{"text"}, Order: search.Oldest})
	if diff := cmp.Diff([]string{"q", "type"}, leftOut); diff != "" || saved.RuleID == 0 {
		t.Errorf("rule %d left out (-want +got):\n%s", saved.RuleID, diff)
	}
	d.say(t, line{"Shop", buyer, "", "返點1"}, line{buyer, "Shop", "", "返点2"}, line{"Svc", buyer, "", "返点3"}, line{"Svc", "Shop", "R1", "返点4"})
	d.scan(t)
	d.scan(t)
	d.wantRows(t, "violations", []string{"shop|返點1|shop", buyer + "|返点2|shop", "svc|返点4|shop"}, sqlTestViolations)
	d.wantRows(t, "alerts", []string{"mei|Mei|pending", "mei|Mei|pending", "mei|Mei|pending"}, sqlTestAlerts)
	for _, tt := range []struct {
		v    access.Viewer
		want []string
	}{
		{mei.Viewer, []string{"返点4", "返点2", "返點1"}}, {svc.Viewer, nil}, {also.Viewer, nil}, {d.admin(t), nil},
	} {
		if diff := cmp.Diff(tt.want, d.evidence(t, tt.v), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("violations of %s (-want +got):\n%s", tt.v.Person, diff)
		}
		marks, err := d.FindMarks(t.Context(), tt.v.Scope(), d.rows(t, `SELECT id::text FROM messages`))
		if err != nil || len(marks) != len(tt.want) {
			t.Errorf("%d messages are marked for %s, %v; want %d", len(marks), tt.v.Person, err, len(tt.want))
		}
		for id, of := range marks {
			if len(of) != 1 || !of[0].Private {
				t.Errorf("message %s is marked for %s with %+v, want one reminder", id, tt.v.Person, of)
			}
		}
		convs, err := d.FindConversationRows(t.Context(), tt.v.Scope(), d.convIDs(t))
		if err != nil || slices.ContainsFunc(convs, func(c archive.ConvRow) bool { return c.Violations > 0 }) {
			t.Errorf("conversations for %s: %+v, %v; want none with violations", tt.v.Person, convs, err)
		}
		live, err := d.FindLiveViolations(t.Context(), tt.v.Scope(), 0, 10)
		if err != nil || len(live) != len(tt.want) {
			t.Errorf("%d are told to %s as they come, %v; want %d", len(live), tt.v.Person, err, len(tt.want))
		}
	}
	admin := &rules.Service{Store: d.DB}
	if list, err := admin.List(t.Context(), d.admin(t)); err != nil || len(list) != 0 {
		t.Errorf("rules of admins: %v, %v", list, err)
	}
	if _, err := admin.Get(t.Context(), d.admin(t), saved.RuleID); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("an admin reads it: %v", err)
	}
	if err := admin.Delete(t.Context(), d.admin(t), saved.RuleID, from("boss")); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("an admin deletes it: %v", err)
	}
}

// What leaves the scope, and who is disabled, is out at once.
func TestAWatchFollowsTheScope(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	mei := d.manager(t, "Mei", 2)
	d.watch(t, mei.Viewer, search.Request{Text: "返点"})
	d.say(t, line{"Shop", buyer, "", "返点1"})
	d.scan(t)
	narrow := access.AccountInput{UserID: "Mei", Role: access.RoleViewer, Departments: []int64{5}}
	if _, err := d.update(t, mei.ID, narrow); err != nil {
		t.Fatal(err)
	}
	if got := d.evidence(t, mei.Viewer); len(got) != 0 {
		t.Errorf("out of scope: %v", got)
	}
	d.say(t, line{"Shop", buyer, "", "返点2"}, line{"Svc", buyer, "", "返点3"})
	d.scan(t)
	if diff := cmp.Diff([]string{"返点3"}, d.evidence(t, mei.Viewer)); diff != "" {
		t.Errorf("violations (-want +got):\n%s", diff)
	}
	narrow.Disabled = true
	if _, err := d.update(t, mei.ID, narrow); err != nil {
		t.Fatal(err)
	}
	d.say(t, line{"Svc", buyer, "", "返点4"})
	d.scan(t)
	d.wantRows(t, "violations", []string{"shop|返点1|shop", "svc|返点3|svc"}, sqlTestViolations)
}

func TestAWatchOfAnAdminIsAnOrdinaryRule(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	mei := d.manager(t, "Mei", 2)
	boss := d.admin(t)
	saved, leftOut := d.watch(t, boss, search.Request{Text: "返点", Senders: []string{"Shop"}, Exact: true, Sensitive: true})
	if diff := cmp.Diff([]string{"exact", "sensitive"}, leftOut); diff != "" {
		t.Errorf("left out (-want +got):\n%s", diff)
	}
	list, err := (&rules.Service{Store: d.DB}).List(t.Context(), boss)
	if err != nil || len(list) != 1 || list[0].ID != saved.RuleID || list[0].ScopeAll || list[0].ScopeEmployees[0] != "shop" || list[0].SubscriberPersons[0] != "boss" {
		t.Fatalf("rules: %+v, %v", list, err)
	}
	d.say(t, line{"Shop", buyer, "", "返点1"}, line{"Svc", buyer, "", "返点2"})
	d.scan(t)
	for _, v := range []access.Viewer{boss, mei.Viewer} {
		if diff := cmp.Diff([]string{"返点1"}, d.evidence(t, v)); diff != "" {
			t.Errorf("violations of %s (-want +got):\n%s", v.Person, diff)
		}
	}
	d.wantRows(t, "alerts", []string{"boss|Boss|pending"}, sqlTestAlerts)
	if err := d.searches().DeleteSaved(t.Context(), boss, saved.ID, from("boss")); err != nil {
		t.Fatal(err)
	}
	if list, err := d.ListRules(t.Context()); err != nil || len(list) != 1 {
		t.Errorf("rules without the search: %v, %v; an ordinary rule stays", list, err)
	}
}

// Whoever watches for words does not get to know by that which messages are
// violations of others.
func TestAWatchDoesNotTellOfOtherViolations(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	mei, boss := d.manager(t, "Mei", 2).Viewer, d.admin(t)
	d.watch(t, mei, search.Request{Text: "返点"})
	d.watch(t, boss, search.Request{Text: "返点"})
	d.say(t, line{"Svc", "Shop", "R1", "返点 of somebody whom Mei does not see"}, line{"Shop", buyer, "", "返点"})
	d.scan(t)
	find := &store.Search{DB: d.DB}
	ids := d.rows(t, `SELECT id::text FROM messages ORDER BY seq`)
	for _, tt := range []struct {
		v    access.Viewer
		want map[string]bool
	}{{mei, map[string]bool{ids[1]: true}}, {boss, map[string]bool{ids[0]: true, ids[1]: true}}} {
		got, err := find.KeepSensitive(t.Context(), tt.v.Scope(), ids)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("sensitive for %s (-want +got):\n%s", tt.v.Person, diff)
		}
	}
	for _, tt := range []struct {
		v    access.Viewer
		want []bool // whether each mark of the second message is a reminder
	}{{mei, []bool{true, false}}, {boss, []bool{false}}} {
		marks, err := d.FindMarks(t.Context(), tt.v.Scope(), ids[1:])
		if err != nil {
			t.Fatal(err)
		}
		var got []bool
		for _, m := range marks[ids[1]] {
			got = append(got, m.Private)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("marks for %s (-want +got):\n%s", tt.v.Person, diff)
		}
	}
}

func (d *desk) convIDs(t *testing.T) []int64 {
	t.Helper()
	var ids []int64
	if err := d.SelectContext(t.Context(), &ids, `SELECT id FROM conversations`); err != nil {
		t.Fatal(err)
	}
	return ids
}

func TestWatchesEnd(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	mei := d.manager(t, "Mei", 2).Viewer
	svc := d.searches()
	saved, _ := d.watch(t, mei, search.Request{Text: "返点"})
	if again, _, err := svc.CreateRule(t.Context(), mei, saved.ID, from("mei")); err != nil || again.RuleID != saved.RuleID {
		t.Errorf("made twice: %d, %v; want %d", again.RuleID, err, saved.RuleID)
	}
	if err := svc.DeleteRule(t.Context(), d.admin(t), saved.ID, from("boss")); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("somebody else ends it: %v", err)
	}
	if err := svc.DeleteRule(t.Context(), mei, saved.ID, from("mei")); err != nil {
		t.Fatal(err)
	}
	if err := svc.DeleteRule(t.Context(), mei, saved.ID, from("mei")); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("ended twice: %v", err)
	}
	other, _ := d.watch(t, mei, search.Request{Text: "回扣"})
	if err := svc.DeleteSaved(t.Context(), mei, other.ID, from("mei")); err != nil {
		t.Fatal(err)
	}
	d.say(t, line{"Shop", buyer, "", "返点 回扣"})
	d.scan(t)
	d.wantRows(t, "violations", nil, sqlTestViolations)
}

func TestNoWatchWithoutWords(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	svc := d.searches()
	for text, code := range map[string]string{"": fault.CodeConflict, "-x": fault.CodeConflict, "!": fault.CodeInvalid} {
		saved, err := svc.CreateSaved(t.Context(), d.admin(t), search.SavedInput{Name: "n", Request: search.Request{Text: text, Revoked: true}}, from("boss"))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := svc.CreateRule(t.Context(), d.admin(t), saved.ID, from("boss")); !fault.Is(err, code) {
			t.Errorf("%q: %v, want %s", text, err, code)
		}
	}
}
