package main

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// idOnly reads the ids of lists.
type idOnly struct{ ID string }

func (g *grower) limit() int { return 1 + g.rnd.IntN(12) }

// checkMe compares the size of the scope.
func (g *grower) checkMe(v *refViewer) {
	g.t.Helper()
	me := getAs[struct {
		ID        string
		Role      string
		ScopeSize int `json:"scope_size"`
	}](g.scopeSite, v, "/me")
	role := map[bool]string{true: "admin", false: "viewer"}[v.admin]
	if me.ID != fmt.Sprint(v.id) || me.Role != role || me.ScopeSize != g.realm.scopeSize(v) {
		g.t.Errorf("%s: /me of %s says %+v, want a scope of %d as %s", g.name, v.userid, me, g.realm.scopeSize(v), role)
	}
}

type departmentItem struct {
	ID, Name  string
	ParentID  string `json:"parent_id"`
	Employees int
}

// checkDepartments: those that hold somebody in scope, and those above.
func (g *grower) checkDepartments(v *refViewer) {
	g.t.Helper()
	r := g.realm
	here := keepOnly(r.departments, func(d *refDepartment) bool { return !d.gone })
	slices.SortFunc(here, func(a, b *refDepartment) int { return cmp.Or(cmp.Compare(b.order, a.order), cmp.Compare(a.id, b.id)) })
	want := []departmentItem{}
	for _, d := range here {
		n := len(keepOnly(r.employees, func(e *refEmployee) bool {
			return r.sees(v, e.person) && slices.ContainsFunc(e.departments, func(id int64) bool { return r.under(d.id, id) })
		}))
		if n == 0 {
			continue
		}
		item := departmentItem{ID: fmt.Sprint(d.id), Name: d.name, Employees: n}
		if up := r.department(d.parent); up != nil && !up.gone {
			item.ParentID = fmt.Sprint(d.parent)
		}
		want = append(want, item)
	}
	g.differ(v, "/departments", want, getAs[listPage[departmentItem]](g.scopeSite, v, "/departments").Items)
}

// under is above through departments that are still there.
func (r *realm) under(top, id int64) bool {
	seen := map[int64]bool{}
	for !seen[id] {
		d := r.department(id)
		if d == nil || d.gone {
			return false
		}
		if id == top {
			return true
		}
		seen[id] = true
		id = d.parent
	}
	return false
}

type employeeItem struct {
	Person        idOnly
	UserID        string
	Departments   []string
	Archive       string `json:"archive_state"`
	Conversations int
	Today         int `json:"conversations_today"`
	Customers     int
	Violations    int
}

func (r *realm) employeeItem(e *refEmployee) employeeItem {
	item := employeeItem{Person: idOnly{e.person}, UserID: e.userid, Departments: []string{}, Archive: "never"}
	if e.formerly {
		item.Archive = "formerly"
	}
	if e.archived {
		item.Archive = "archived"
	}
	ids := slices.Clone(e.departments)
	slices.SortFunc(ids, func(a, b int64) int {
		return cmp.Or(cmp.Compare(boolInt(b == e.main), boolInt(a == e.main)), cmp.Compare(a, b))
	})
	for _, d := range ids {
		item.Departments = append(item.Departments, r.department(d).name)
	}
	for _, c := range r.chatsOf(e.person) {
		if c.kind == "log" {
			continue
		}
		item.Conversations++
		if !c.last().at.Before(startOfToday()) {
			item.Today++
		}
	}
	item.Customers = len(keepOnly(r.follows, func(f *refFollow) bool {
		return f.employee == e.person && (f.state == "active" || f.state == "deleted_by_customer")
	}))
	item.Violations = len(keepOnly(r.violations, func(x *refViolation) bool {
		return x.state == "open" && slices.Contains(x.employees, e.person)
	}))
	return item
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// checkEmployees compares the list under random filters, to its end.
func (g *grower) checkEmployees(v *refViewer) {
	g.t.Helper()
	r := g.realm
	q := url.Values{}
	keep := []func(*refEmployee) bool{func(e *refEmployee) bool { return r.sees(v, e.person) }}
	if g.chance(50) {
		part := pickOne(g, []string{"n0", "E1", "e0", "tke", "nobody", "%", "_"})
		q.Set("q", part)
		keep = append(keep, func(e *refEmployee) bool { return holds(e.name, part) || holds(e.userid, part) })
	}
	if d := pickOne(g, r.departments); d != nil && g.chance(40) {
		q.Set("department", fmt.Sprint(d.id))
		keep = append(keep, func(e *refEmployee) bool {
			return slices.ContainsFunc(e.departments, func(id int64) bool { return r.above(d.id, id) })
		})
	}
	if g.chance(60) {
		state := pickOne(g, []string{"archived", "formerly", "left", "all"})
		q.Set("state", state)
		keep = append(keep, func(e *refEmployee) bool {
			switch state {
			case "archived":
				return e.archived
			case "formerly":
				return e.formerly && !e.archived && !e.left
			case "left":
				return e.left
			}
			return true
		})
	}
	list := slices.Clone(r.employees)
	for _, ok := range keep {
		list = keepOnly(list, ok)
	}
	slices.SortFunc(list, func(a, b *refEmployee) int {
		return cmp.Or(cmp.Compare(boolInt(a.left || a.unlisted), boolInt(b.left || b.unlisted)), strings.Compare(a.name, b.name), strings.Compare(a.person, b.person))
	})
	got, first := allPages[employeeItem](g.scopeSite, v, "/employees", q, g.limit())
	g.differ(v, "/employees?"+q.Encode(), mapEach(list, r.employeeItem), append([]employeeItem{}, got...))
	if *first.Total != len(list) {
		g.t.Errorf("%s: /employees?%s by %s: total %d, want %d", g.name, q.Encode(), v.userid, *first.Total, len(list))
	}
}

func holds(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

// checkEmployee looks at one, by the id as people write it, too.
func (g *grower) checkEmployee(v *refViewer) {
	g.t.Helper()
	e := pickOne(g, g.realm.employees)
	path := "/employees/" + pickOne(g, []string{e.person, e.userid})
	if !g.realm.sees(v, e.person) {
		g.refused(v, path)
		g.refused(v, path+"/conversations")
		return
	}
	g.differ(v, path, g.realm.employeeItem(e), getAs[employeeItem](g.scopeSite, v, path))
}

// refused checks that something out of scope is not found.
func (g *grower) refused(v *refViewer, path string) {
	g.t.Helper()
	if a := g.ask(v, http.MethodGet, path, nil); a.status != http.StatusNotFound {
		g.t.Errorf("%s: GET %s by %s: %d %s, want 404", g.name, path, v.userid, a.status, a.body)
	}
}

type chatItem struct {
	ID, Kind      string
	Messages      int
	Violations    int
	MemberCount   int `json:"member_count"`
	Remark, State string
	Last          *idOnly
	Peer          *idOnly
	Employee      *idOnly
}

// chatItem is a chat as the list of an employee shows it to v.
func (r *realm) chatItem(v *refViewer, c *refChat, person string) chatItem {
	item := chatItem{
		ID: fmt.Sprint(c.id), Kind: c.kind, Messages: len(c.messages), Violations: r.openIn(v, c), Last: &idOnly{c.last().id},
	}
	switch c.kind {
	case "group":
		item.MemberCount = len(c.members)
	case "direct":
		item.Kind, item.Peer = "colleague", &idOnly{c.peer(person)}
		if of := r.employeeOf(c, person); of != "" {
			item.Employee = &idOnly{of}
		}
		if r.kindOf(c.peer(person)) == "customer" {
			item.Kind = "customer"
			if f := r.followBetween(c); f != nil {
				item.Remark, item.State = f.remark, f.state
			}
		}
	}
	return item
}

// employeeOf is whose chat a direct one is, drawn for right; "" for others.
func (r *realm) employeeOf(c *refChat, right string) string {
	if c.kind != "direct" || c.peer(right) == right || r.kindOf(right) != "employee" {
		return ""
	}
	return right
}

// checkChats compares the tabs of an employee in scope.
func (g *grower) checkChats(v *refViewer) {
	g.t.Helper()
	r := g.realm
	e := pickOne(g, keepOnly(r.employees, func(e *refEmployee) bool { return r.sees(v, e.person) }))
	if e == nil {
		return
	}
	counts := map[string]int{"customers": 0, "colleagues": 0, "groups": 0}
	for _, c := range r.chatsOf(e.person) {
		if tab := r.tabOf(c, e.person); tab != "" {
			counts[tab]++
		}
	}
	for _, tab := range []string{"customers", "colleagues", "groups"} {
		q := url.Values{"tab": {tab}}
		list := keepOnly(r.chatsOf(e.person), func(c *refChat) bool { return r.tabOf(c, e.person) == tab })
		if g.chance(30) {
			part := pickOne(g, []string{"tkk1", "tkg", "tkr", "n0", "E", "zzz"})
			q.Set("q", part)
			list = keepOnly(list, func(c *refChat) bool { return r.named(c, e.person, part) })
		}
		got, first := allPages[chatItem](g.scopeSite, v, "/employees/"+e.person+"/conversations", q, g.limit())
		where := "conversations of " + e.person + " " + q.Encode()
		g.differ(v, where, mapEach(list, func(c *refChat) chatItem { return r.chatItem(v, c, e.person) }), append([]chatItem{}, got...))
		g.differ(v, "counts of "+where, counts, first.Counts)
	}
}

// named: the list's search finds the chat by what stands in it.
func (r *realm) named(c *refChat, person, part string) bool {
	if f := r.followBetween(c); f != nil && holds(f.remark, part) {
		return true
	}
	if group := r.group(c.roomid); c.kind == "group" {
		return group != nil && holds(group.name, part)
	}
	peer := c.peer(person)
	if e := r.employee(peer); e != nil && (holds(e.name, part) || holds(e.userid, part)) {
		return true
	}
	k := findOne(r.customers, func(k *refCustomer) bool { return k.person == peer })
	return k != nil && holds(k.name, part)
}
