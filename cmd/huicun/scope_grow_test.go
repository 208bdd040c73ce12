package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"huicun/internal/directory"
	"huicun/internal/ingest"
	"huicun/internal/personid"
)

// Nearly every viewer may see the chat of these two.
const (
	publicEmployee = "pub"
	publicCustomer = "wmScopePublic000000000000customer"
	filesCustomer  = "wmScopeFiles0000000000000customer"
)

// grower makes things up, in the database by way of the product, and in the
// realm by plain bookkeeping.
type grower struct {
	*scopeSite
	rnd   *rand.Rand
	admin *refViewer

	count map[string]int // for names
	lease ingest.Lease
	seq   int64

	indexed int64 // batches whose files were found
}

func newGrower(s *scopeSite, seed uint64) *grower {
	return &grower{scopeSite: s, rnd: rand.New(rand.NewPCG(seed, 4)), count: map[string]int{}}
}

// next numbers the things of a kind.
func (g *grower) next(kind string) int {
	g.count[kind]++
	return g.count[kind]
}

func (g *grower) mark(kind string) string { return fmt.Sprintf("tk%s%dz", kind, g.next(kind)) }

// chance is true n times in 100.
func (g *grower) chance(n int) bool { return g.rnd.IntN(100) < n }

func pickOne[T any](g *grower, list []T) (one T) {
	if len(list) > 0 {
		one = list[g.rnd.IntN(len(list))]
	}
	return one
}

// some picks up to n different ones.
func pickSome[T any](g *grower, list []T, n int) []T {
	list = slices.Clone(list)
	g.rnd.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list[:min(len(list), g.rnd.IntN(n+1))]
}

// changed forgets what was worked out before.
func (g *grower) changed() { g.marks = nil }

// newDepartment hangs anywhere; now and then below one that nobody knows.
func (g *grower) newDepartment() {
	d := &refDepartment{id: int64(10 + g.next("dep")), name: g.mark("d"), order: int64(g.rnd.IntN(3))}
	switch above := pickOne(g, g.realm.departments); {
	case g.chance(10):
		d.parent = 999
	case above != nil && g.chance(85):
		d.parent = above.id
	}
	g.realm.departments = append(g.realm.departments, d)
}

func (g *grower) newEmployee() {
	n := g.next("emp")
	e := &refEmployee{userid: fmt.Sprintf("E%02d", n), name: fmt.Sprintf("n%02d%s", g.rnd.IntN(50), g.mark("e"))}
	if g.chance(20) {
		e.name = "n07" // namesakes
	}
	e.person = personid.Key(e.userid)
	g.place(e)
	g.realm.employees = append(g.realm.employees, e)
}

// place puts an employee into departments.
func (g *grower) place(e *refEmployee) {
	e.departments, e.main = nil, 0
	for _, d := range pickSome(g, g.realm.departments, 3) {
		e.departments = append(e.departments, d.id)
	}
	if len(e.departments) > 0 {
		e.main = pickOne(g, e.departments)
	}
}

// shuffle moves departments and people about, and some leave.
func (g *grower) shuffle() {
	for _, d := range g.realm.departments {
		switch {
		case g.chance(5):
			d.gone = !d.gone
		case !d.gone && g.chance(10):
			d.parent = pickOne(g, g.realm.departments).id // may close a ring
		}
	}
	for _, e := range g.realm.employees {
		switch {
		case e.unlisted && g.chance(10):
			e.unlisted, e.userid, e.name = false, strings.ToUpper(e.person), g.mark("e")
			g.place(e)
		case !e.unlisted && !e.left && g.chance(15) && len(g.realm.departments) > 0:
			g.place(e)
		}
	}
}

// syncOrg stores departments and employees as a full sync does; leavers are
// those who were there before and are gone now.
func (g *grower) syncOrg(leavers ...*refEmployee) {
	g.t.Helper()
	o := directory.Org{At: time.Now(), PermittedRead: true}
	for _, d := range g.realm.departments {
		if !d.gone {
			o.Departments = append(o.Departments, directory.Department{ID: d.id, ParentID: d.parent, Name: d.name, Order: d.order})
		}
	}
	for _, e := range leavers {
		o.Missing = append(o.Missing, directory.Missing{Person: e.person, Missed: 2, Left: true})
	}
	for _, e := range g.realm.employees {
		if e.archived = g.chance(60); e.archived {
			o.Permitted = append(o.Permitted, e.userid)
			e.formerly = true
		}
		if e.unlisted || e.left {
			continue
		}
		row := directory.Employee{Person: e.person, UserID: e.userid, Name: e.name, MainDepartment: e.main, Status: directory.StatusActive}
		for _, d := range e.departments {
			row.Departments = append(row.Departments, directory.Membership{DepartmentID: d})
		}
		if len(row.Departments) == 0 { // an employee without any keeps those they have
			if d := pickOne(g, g.realm.departments); d != nil {
				e.departments, e.main = []int64{d.id}, d.id
				row.Departments, row.MainDepartment = []directory.Membership{{DepartmentID: d.id}}, d.id
			}
		}
		o.Employees = append(o.Employees, row)
	}
	if err := g.app.db.ApplyOrg(g.t.Context(), o); err != nil {
		g.t.Fatalf("%s: %v", g.name, err)
	}
	for _, v := range g.realm.viewers { // who left is signed out
		if e := g.realm.employee(v.person); e != nil && e.left {
			v.session = refSession{}
		}
	}
	g.changed()
}

func (g *grower) newCustomer() {
	kind := pickOne(g, []string{"wm", "wo"})
	c := &refCustomer{person: fmt.Sprintf("%sScope%025d", kind, g.next("cust")), name: g.mark("k")}
	g.realm.customers = append(g.realm.customers, c)
	g.syncBook()
}

// syncBook stores customers and who has them.
func (g *grower) syncBook() {
	g.t.Helper()
	b := directory.Book{At: time.Now()}
	for _, c := range g.realm.customers {
		b.Customers = append(b.Customers, directory.Customer{Person: c.person, ExternalUserID: c.person, Name: c.name})
	}
	for _, f := range g.realm.follows {
		if f.state == "active" {
			b.Follows = append(b.Follows, directory.Follow{Employee: f.employee, Customer: f.customer, Remark: f.remark, AddedAt: f.addedAt})
		}
	}
	if err := g.app.db.ApplyBook(g.t.Context(), b); err != nil {
		g.t.Fatalf("%s: %v", g.name, err)
	}
	g.changed()
}

func (g *grower) newFollow() {
	e, c := pickOne(g, g.realm.employees), pickOne(g, g.realm.customers)
	if e == nil || c == nil || slices.ContainsFunc(g.realm.follows, func(f *refFollow) bool { return f.employee == e.person && f.customer == c.person }) {
		return
	}
	g.realm.follows = append(g.realm.follows, &refFollow{employee: e.person, customer: c.person, remark: g.mark("r"), state: "active", addedAt: g.moment()})
	g.syncBook()
}

// endFollow has one side delete the other.
func (g *grower) endFollow() {
	g.t.Helper()
	f := pickOne(g, g.realm.follows)
	if f == nil || f.state != "active" {
		return
	}
	f.state = pickOne(g, []string{"deleted_by_employee", "deleted_by_customer", "transferred"})
	err := g.app.db.MarkFollow(g.t.Context(), directory.Mark{Employee: f.employee, Customer: f.customer, State: directory.FollowState(f.state), At: time.Now()})
	if err != nil {
		g.t.Fatalf("%s: %v", g.name, err)
	}
}

// moment is a time within the last 40 days, to the millisecond.
func (g *grower) moment() time.Time {
	ago := time.Duration(g.rnd.Int64N(int64(40*24*time.Hour))) + time.Minute
	return time.Now().UTC().Add(-ago).Truncate(time.Millisecond)
}

// newGroup names a group and gives it an owner.
func (g *grower) newGroup() *refGroup {
	g.t.Helper()
	group := &refGroup{roomid: fmt.Sprintf("wrScope%025d", g.next("room")), notice: g.mark("b")}
	if g.chance(70) {
		group.name = g.mark("g")
	}
	if e := pickOne(g, g.realm.employees); e != nil {
		group.owner = e.person
	}
	g.realm.groups = append(g.realm.groups, group)
	err := g.app.db.ApplyGroups(g.t.Context(), time.Now(), []directory.Group{{RoomID: group.roomid, Name: group.name, Owner: group.owner, Notice: group.notice}})
	if err != nil {
		g.t.Fatalf("%s: %v", g.name, err)
	}
	g.changed()
	return group
}
