package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"huicun/internal/fault"
	"huicun/internal/rules"
)

func TestRuleKeepsItsVersions(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	mei := d.manager(t, "Mei", 2)
	service := &rules.Service{Store: d.DB}
	first := d.rule(t, func(in *rules.Input) {
		in.Name, in.Words = " 私下交易 ", []string{"回扣", " 返点", "回扣"}
		in.ScopeAll, in.ScopeDepartments, in.ScopeEmployees = false, []int64{3, 2, 3}, []string{"SVC", "svc"}
	}, mei.ID, d.admin(t).ID, mei.ID)
	want := rules.Rule{
		Input: rules.Input{
			Name: "私下交易", Words: []string{"回扣", "返点"}, Severity: rules.High, Direction: rules.FromBoth,
			ScopeDepartments: []int64{3, 2}, ScopeEmployees: []string{"svc"}, Subscribers: []int64{d.admin(t).ID, mei.ID}, Enabled: true, Version: 1,
		},
		ID: first.ID, SubscriberPersons: []string{"boss", "mei"},
	}
	ignore := cmpopts.IgnoreTypes(time.Time{})
	if diff := cmp.Diff(want, first, ignore); diff != "" {
		t.Errorf("created (-want +got):\n%s", diff)
	}

	in := first.Input
	in.Words, in.ScopeAll, in.Subscribers, in.Enabled = []string{"返佣"}, true, []int64{mei.ID}, false
	second, err := service.Update(t.Context(), d.admin(t), first.ID, in, from("boss"))
	if err != nil {
		t.Fatal(err)
	}
	want.Input = in
	want.Version, want.ScopeDepartments, want.ScopeEmployees, want.SubscriberPersons = 2, []int64{}, []string{}, []string{"mei"}
	if diff := cmp.Diff(want, second, ignore); diff != "" {
		t.Errorf("updated (-want +got):\n%s", diff)
	}
	if got, err := service.Get(t.Context(), d.admin(t), first.ID); err != nil || !cmp.Equal(second, got) {
		t.Errorf("Get = %+v, %v", got, err)
	}

	_, err = service.Update(t.Context(), d.admin(t), first.ID, in, from("boss")) // edited from version 1
	checkFault(t, "an edit of an old version", err, fault.CodeConflict, "")
	if err := service.Delete(t.Context(), d.admin(t), first.ID, from("boss")); err != nil {
		t.Fatal(err)
	}
	d.wantRows(t, "versions", []string{
		`1|boss|["回扣", "返点"]|true|false`, `2|boss|["返佣"]|false|false`, `3|boss|["返佣"]|false|true`,
	}, `SELECT concat_ws('|', version, changed_by, snapshot->>'words', snapshot->>'enabled', snapshot->>'deleted') FROM rule_versions ORDER BY version`)
	d.wantRows(t, "log", []string{"boss rule.created rule:1", "boss rule.updated rule:1", "boss rule.deleted rule:1"},
		`SELECT actor || ' ' || action || ' ' || object FROM audit_entries WHERE action LIKE 'rule.%' ORDER BY id`)
	d.wantRows(t, "words in the log", nil, `SELECT CAST(detail AS text) FROM audit_entries WHERE CAST(detail AS text) LIKE '%返佣%'`)
}

func TestDeletedRulesAreNotThere(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	service := &rules.Service{Store: d.DB}
	gone, kept := d.rule(t, nil), d.rule(t, func(in *rules.Input) { in.Name = "二" })
	d.say(t, line{"Shop", buyer, "", "回扣"})
	d.scan(t)
	admin := d.admin(t)
	if err := service.Delete(t.Context(), admin, gone.ID, from("boss")); err != nil {
		t.Fatal(err)
	}
	_, err := service.Get(t.Context(), admin, gone.ID)
	checkFault(t, "get", err, fault.CodeNotFound, "")
	_, err = service.Update(t.Context(), admin, gone.ID, gone.Input, from("boss"))
	checkFault(t, "update", err, fault.CodeNotFound, "")
	checkFault(t, "delete again", service.Delete(t.Context(), admin, gone.ID, from("boss")), fault.CodeNotFound, "")
	all, err := service.List(t.Context(), admin)
	if err != nil || len(all) != 1 || all[0].ID != kept.ID || all[0].Hits != 1 {
		t.Errorf("List = %+v, %v; want the one kept, with one hit", all, err)
	}
	d.wantRows(t, "violations stay", []string{"二", "私下交易"}, `SELECT rule_name FROM violations ORDER BY rule_id DESC`)
}

func TestRulesThatNameWhatIsNotThere(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.rule(t, nil)
	for _, tt := range []struct {
		field  string
		change func(*rules.Input)
	}{
		{"scope_departments", func(in *rules.Input) { in.ScopeAll, in.ScopeDepartments = false, []int64{2, 99} }},
		{"scope_employees", func(in *rules.Input) { in.ScopeAll, in.ScopeEmployees = false, []string{"mei", "nobody"} }},
		{"subscribers", func(in *rules.Input) { in.Subscribers = []int64{99} }},
	} {
		in := r.Input
		tt.change(&in)
		_, err := (&rules.Service{Store: d.DB}).Create(t.Context(), d.admin(t), in, from("boss"))
		checkFault(t, "create", err, fault.CodeInvalid, tt.field)
		_, err = (&rules.Service{Store: d.DB}).Update(t.Context(), d.admin(t), r.ID, in, from("boss"))
		checkFault(t, "update", err, fault.CodeInvalid, tt.field)
	}
	d.wantRows(t, "rules and versions", []string{"1|1"}, `SELECT id || '|' || version FROM rules`)
	d.wantRows(t, "versions", []string{"1|1"}, `SELECT rule_id || '|' || version FROM rule_versions`)
}
