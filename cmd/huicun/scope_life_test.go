package main

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/rules"
)

// newViewer opens an account for somebody of the directory.
func (g *grower) newViewer() {
	e := pickOne(g, keepOnly(g.realm.employees, func(e *refEmployee) bool {
		return !e.unlisted && !slices.ContainsFunc(g.realm.viewers, func(v *refViewer) bool { return v.person == e.person })
	}))
	if e == nil {
		return
	}
	v := &refViewer{person: e.person, userid: e.userid, deletionAlerts: true}
	g.grant(v)
	made := changeAs[struct{ ID string }](g.scopeSite, g.admin, http.MethodPost, "/viewers", v.input())
	v.id = mustNumber(g.t, made.ID)
	g.realm.viewers = append(g.realm.viewers, v)
	g.changed()
}

// grant gives v other rights.
func (g *grower) grant(v *refViewer) {
	v.departments = mapEach(pickSome(g, g.realm.departments, 2), func(d *refDepartment) int64 { return d.id })
	v.employees = mapEach(pickSome(g, g.realm.employees, 3), func(e *refEmployee) string { return e.person })
	if g.chance(85) && !slices.Contains(v.employees, publicEmployee) {
		v.employees = append(v.employees, publicEmployee)
	}
}

func (v *refViewer) input() map[string]any {
	role := "viewer"
	if v.admin {
		role = "admin"
	}
	return map[string]any{
		"userid": v.userid, "role": role, "disabled": v.disabled, "employees": append([]string{}, v.employees...),
		"departments": mapEach(v.departments, func(id int64) string { return strconv.FormatInt(id, 10) }),
	}
}

// regrant changes what an account may see, or its role, or disables it.
func (g *grower) regrant(v *refViewer) {
	if v == g.admin {
		return
	}
	was := v.disabled
	g.grant(v)
	v.disabled = g.chance(15)
	v.admin = g.chance(10)
	changeAs[struct{ ID string }](g.scopeSite, g.admin, http.MethodPut, fmt.Sprintf("/viewers/%d", v.id), v.input())
	if v.disabled != was {
		v.session = refSession{}
	}
	g.changed()
}

func mustNumber(t *testing.T, s string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// newRule makes a rule that some viewers are told of.
func (g *grower) newRule() {
	r := &refRule{name: g.mark("q"), subscribers: pickSome(g, g.realm.viewers, 3)}
	made := changeAs[struct{ ID string }](g.scopeSite, g.admin, http.MethodPost, "/rules", r.input())
	r.id = mustNumber(g.t, made.ID)
	g.realm.rules = append(g.realm.rules, r)
}

func (r *refRule) input() map[string]any {
	return map[string]any{
		"name": r.name, "words": []string{"退款"}, "severity": "high", "direction": "both", "scope_all": true,
		"scope_departments": []string{}, "scope_employees": []string{}, "enabled": true,
		"subscribers": mapEach(r.subscribers, func(v *refViewer) string { return strconv.FormatInt(v.id, 10) }),
	}
}

// employeesOf are whose violation it is when a message is one: the sender's, or,
// when no employee said it, that of all employees of the chat.
func (r *realm) employeesOf(m *refMessage) []string {
	if r.kindOf(m.from) == "employee" {
		return []string{m.from}
	}
	return keepOnly(m.chat.members, func(p string) bool { return r.kindOf(p) == "employee" })
}

// violate finds one of a word or of a deletion.
func (g *grower) violate() {
	m := pickOne(g, g.realm.messages)
	if m == nil {
		return
	}
	x := &refViolation{key: fmt.Sprintf("scope:%d", g.next("viol")), kind: "word", rule: pickOne(g, g.realm.rules), at: m.at, state: "open", chat: m.chat, message: m}
	x.employees = g.realm.employeesOf(m)
	f := pickOne(g, g.realm.follows)
	switch {
	case x.rule == nil && f == nil:
		return
	case x.rule == nil || f != nil && g.chance(30):
		x.kind, x.rule, x.at, x.employees = "customer_deleted_employee", nil, g.moment(), []string{f.employee}
		x.message = nil
		x.chat = findOne(g.realm.chats, func(c *refChat) bool { return g.realm.followBetween(c) == f })
		if x.chat != nil {
			x.message = x.chat.last()
		}
	}
	g.storeViolation(x)
}

func (g *grower) storeViolation(x *refViolation) {
	g.t.Helper()
	v := rules.Violation{
		DedupeKey: x.key, Kind: rules.Kind(x.kind), Severity: rules.Mid, Words: []string{}, Spans: []rules.Span{},
		Employees: x.employees, OccurredAt: x.at, State: rules.StateOpen,
	}
	if x.rule != nil {
		v.RuleID, v.RuleVersion, v.RuleName, v.Words = x.rule.id, 1, x.rule.name, []string{"退款"}
	}
	if x.chat != nil {
		v.ConvID = x.chat.id
	}
	if x.message != nil {
		v.MessageID, v.Seq, v.Sender, v.MsgType, v.Evidence = x.message.id, x.message.seq, x.message.from, "text", x.message.text
	}
	if n, err := g.app.db.SaveViolations(g.t.Context(), []rules.Violation{v}); err != nil || n != 1 {
		g.t.Fatalf("%s: %d violations stored, %v", g.name, n, err)
	}
	if err := g.app.db.Get(&x.id, `SELECT id FROM violations WHERE dedupe_key = $1`, x.key); err != nil {
		g.t.Fatal(err)
	}
	g.realm.violations = append(g.realm.violations, x)
	g.changed()
	g.fileAlerts(x)
}

// fileAlerts checks who is told of a new violation: whoever subscribes and may
// see it, and nobody else.
func (g *grower) fileAlerts(x *refViolation) {
	g.t.Helper()
	var rows []struct {
		ID     int64
		Viewer int64 `db:"viewer_id"`
	}
	if err := g.app.db.Select(&rows, `SELECT id, viewer_id FROM alerts WHERE violation_id = $1 ORDER BY viewer_id`, x.id); err != nil {
		g.t.Fatal(err)
	}
	var got, want []int64
	for _, v := range g.realm.viewers {
		told := v.deletionAlerts
		if x.rule != nil {
			told = slices.Contains(x.rule.subscribers, v)
		}
		if told && g.realm.seesViolation(v, x) {
			want = append(want, v.id)
		}
	}
	slices.Sort(want)
	for _, row := range rows {
		got = append(got, row.Viewer)
		to := findOne(g.realm.viewers, func(v *refViewer) bool { return v.id == row.Viewer })
		g.realm.alerts = append(g.realm.alerts, &refAlert{id: row.ID, violation: x, viewer: to})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		g.t.Errorf("%s: who is told of violation %d (-want +got):\n%s", g.name, x.id, diff)
	}
}

// review has a viewer close or open a violation that they may see.
func (g *grower) review() {
	v := pickOne(g, keepOnly(g.realm.viewers, func(v *refViewer) bool { return !v.disabled }))
	x := pickOne(g, g.realm.newestViolations(v, func(*refViolation) bool { return true }))
	if x == nil {
		return
	}
	x.state = pickOne(g, []string{"open", "handled", "false_alarm"})
	x.handledBy = v.person
	changeAs[struct{ ID string }](g.scopeSite, v, http.MethodPatch, fmt.Sprintf("/violations/%d", x.id), map[string]any{"state": x.state, "note": "seen"})
	g.changed()
}

// settle changes a viewer's own settings.
func (g *grower) settle(v *refViewer) {
	v.deletionAlerts = g.chance(60)
	changeAs[struct{ ID string }](g.scopeSite, v, http.MethodPatch, "/me", map[string]any{"deletion_alerts": v.deletionAlerts})
}

// found makes a company of a random size.
func (g *grower) found() {
	g.t.Helper()
	for range 3 + g.rnd.IntN(8) {
		g.newDepartment()
	}
	boss := &refEmployee{person: "boss", userid: scopeAdmin, name: "boss"}
	g.place(boss)
	g.realm.employees = append(g.realm.employees, boss, &refEmployee{person: publicEmployee, userid: publicEmployee, name: publicEmployee})
	for range 4 + g.rnd.IntN(9) {
		g.newEmployee()
	}
	g.syncOrg()
	g.admin = &refViewer{person: "boss", userid: scopeAdmin, admin: true, deletionAlerts: true}
	g.admin.id = mustNumber(g.t, getAs[struct{ ID string }](g.scopeSite, g.admin, "/me").ID)
	g.realm.viewers = []*refViewer{g.admin}
	for range 2 + g.rnd.IntN(3) {
		g.newViewer()
	}
	for range 3 + g.rnd.IntN(6) {
		g.newCustomer()
		g.newFollow()
		g.newFollow()
	}
	g.newRule()
	g.newRule()
	g.say(30 + g.rnd.IntN(90))
	g.indexFiles()
	g.fetchFiles()
	for range 4 + g.rnd.IntN(12) {
		g.violate()
	}
}

// live is one step of the company's life.
func (g *grower) live() {
	g.t.Helper()
	leavers := pickSome(g, keepOnly(g.realm.employees, func(e *refEmployee) bool { return !e.unlisted && !e.left && e.person != g.admin.person }), 1)
	for _, e := range leavers {
		e.left = true
	}
	g.shuffle()
	if g.chance(50) {
		g.newDepartment()
	}
	if g.chance(50) {
		g.newEmployee()
	}
	g.syncOrg(leavers...)
	for _, v := range g.realm.viewers {
		if g.chance(40) {
			g.regrant(v)
		}
		if !v.disabled && g.chance(20) {
			g.settle(v)
		}
	}
	if g.chance(30) {
		g.newViewer()
	}
	g.newCustomer()
	g.newFollow()
	g.endFollow()
}

// happen is what comes in while streams are open.
func (g *grower) happen() {
	g.say(5 + g.rnd.IntN(25))
	for range 1 + g.rnd.IntN(6) {
		g.violate()
	}
	g.review()
	g.review()
}
