package directory

import (
	"context"
	"fmt"
	"sort"
	"sync"

	"huicun/internal/fault"
	"huicun/internal/personid"
)

// syncsToLeave is how many complete syncs in a row must miss an employee: one
// alone may have fallen into a change of the app's visible range.
const syncsToLeave = 2

// org reads departments, employees and who is archived.
func (r *run) org(ctx context.Context) error {
	departments, err := r.Source.Departments(ctx)
	if err != nil {
		return err
	}
	if len(departments) == 0 {
		return fault.Unavailable("WeCom gave no departments: the app's visible range is empty", nil)
	}
	o := Org{At: r.started, Departments: uniqueDepartments(departments)}
	employees, whole, err := r.employees(ctx, o.Departments)
	if err != nil {
		return err
	}
	r.permitted(ctx, &o)
	if err := r.lookUp(ctx, employees, o.Permitted); err != nil {
		return err
	}
	if err := r.unknownEmployees(ctx, employees); err != nil {
		return err
	}
	if whole {
		if err := r.missing(ctx, &o, employees); err != nil {
			return err
		}
	}
	o.Employees = sorted(employees)
	if err := r.Store.ApplyOrg(ctx, o); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	r.count(o)
	return nil
}

func (r *run) count(o Org) {
	r.report.Departments = len(o.Departments)
	r.report.Employees = len(o.Employees)
	r.report.Permitted = len(o.Permitted)
	r.report.Missing = len(o.Missing)
	for _, m := range o.Missing {
		if m.Left {
			r.report.Left++
		}
	}
}

func uniqueDepartments(all []Department) []Department {
	seen := map[int64]bool{}
	var out []Department
	for _, d := range all {
		if d.ID > 0 && !seen[d.ID] {
			seen[d.ID] = true
			out = append(out, d)
		}
	}
	return out
}

// employees reads the members of every department. whole is false when some
// could not be read: then nobody counts as missing.
func (r *run) employees(ctx context.Context, departments []Department) (found map[string]Employee, whole bool, err error) {
	var mu sync.Mutex
	found, whole = map[string]Employee{}, true
	err = each(ctx, departments, func(ctx context.Context, d Department) error {
		members, err := r.Source.Members(ctx, d.ID)
		id := fmt.Sprint(d.ID)
		if err != nil {
			if !ofOneObject(err) {
				return err
			}
			r.problem("department", id, err.Error())
		}
		r.bad("department", id, members.Bad)
		mu.Lock()
		defer mu.Unlock()
		whole = whole && err == nil && members.Bad == 0
		for _, e := range members.Items {
			found[e.Person] = merged(found[e.Person], e, d.ID)
		}
		return nil
	})
	return found, whole, err
}

// merged adds what the member list of a department says about an employee.
func merged(before, e Employee, departmentID int64) Employee {
	if before.Person != "" {
		e.Departments = append(before.Departments, e.Departments...)
	}
	e.Departments = uniqueMemberships(append(e.Departments, Membership{DepartmentID: departmentID}))
	return e
}

// uniqueMemberships keeps one entry a department; leading it wins.
func uniqueMemberships(all []Membership) []Membership {
	leads := map[int64]bool{}
	for _, m := range all {
		leads[m.DepartmentID] = leads[m.DepartmentID] || m.Leader
	}
	out := make([]Membership, 0, len(leads))
	for id, leader := range leads {
		if id > 0 {
			out = append(out, Membership{DepartmentID: id, Leader: leader})
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].DepartmentID < out[j].DepartmentID })
	return out
}

// permitted reads who is archived; without it archive states stay as they are.
func (r *run) permitted(ctx context.Context, o *Org) {
	ids, err := r.Source.PermittedUsers(ctx)
	if err != nil {
		r.problem("permitted", "", err.Error())
		return
	}
	o.Permitted, o.PermittedRead = ids, true
}

// lookUp reads archived employees who are in no department that the app sees.
// One who is out of its sight is kept by the userid alone.
func (r *run) lookUp(ctx context.Context, found map[string]Employee, userids []string) error {
	lookups := 0
	for _, userid := range userids {
		person := personid.Key(userid)
		if _, ok := found[person]; ok {
			continue
		}
		found[person] = Employee{Person: person, UserID: userid, Name: userid, Status: StatusActive, IDOnly: true}
		if lookups++; lookups > maxLookups {
			continue
		}
		e, err := r.Source.Employee(ctx, userid)
		switch {
		case err == nil && e.Person == person:
			e.Departments = uniqueMemberships(e.Departments)
			found[person] = e
		case err != nil && !ofOneObject(err):
			return err
		}
	}
	return nil
}

// unknownEmployees reads those whom the archive knows by their ids only.
func (r *run) unknownEmployees(ctx context.Context, found map[string]Employee) error {
	ids, err := r.Store.UnknownEmployees(ctx, r.notWorthAsking(), maxLookups)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	var mu sync.Mutex
	var failed failures
	return each(ctx, r.unseen(ids, found), func(ctx context.Context, id string) error {
		e, err := r.Source.Employee(ctx, id)
		switch {
		case fault.Is(err, fault.CodeNotFound): // or out of the app's sight
			r.notKnown(id)
			return nil
		case err != nil:
			r.problem("employee", id, err.Error())
			if ofOneObject(err) {
				return nil
			}
			return failed.add(err)
		}
		mu.Lock()
		defer mu.Unlock()
		e.Departments = uniqueMemberships(e.Departments)
		found[e.Person] = e
		return nil
	})
}

// unseen leaves out the userids of employees who were found.
func (r *run) unseen(ids []string, found map[string]Employee) []string {
	var out []string
	for _, id := range ids {
		if _, ok := found[personid.Key(id)]; !ok {
			out = append(out, id)
		}
	}
	return out
}

// missing notices employees who were not seen, and adds those who turn out to
// be there after all to found.
func (r *run) missing(ctx context.Context, o *Org, found map[string]Employee) error {
	known, err := r.Store.KnownEmployees(ctx)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	absent := absentees(known, found, o.Departments)
	if tooMany(len(absent), known) {
		r.problem("employees", "", fmt.Sprintf("%d known employees were not seen: taken as a change of the app's visible range", len(absent)))
		return nil
	}
	for i, k := range absent {
		m := Missing{Person: k.Person, Missed: k.Missed + 1}
		if m.Missed >= syncsToLeave && i < maxLookups {
			e, err := r.Source.Employee(ctx, k.UserID)
			switch {
			case err == nil && e.Person == k.Person:
				e.Departments = uniqueMemberships(e.Departments)
				found[k.Person] = e
				continue
			case fault.Is(err, fault.CodeNotFound):
				m.Left = true
			case err != nil:
				r.problem("employee", k.UserID, err.Error())
			}
		}
		o.Missing = append(o.Missing, m)
	}
	return nil
}

// absentees gives the known employees who were not seen and whose absence
// means something: where all departments of an employee vanished with them,
// the app may just see less than before.
func absentees(known []Known, found map[string]Employee, visible []Department) []Known {
	seen := map[int64]bool{}
	for _, d := range visible {
		seen[d.ID] = true
	}
	var out []Known
	for _, k := range known {
		if _, ok := found[k.Person]; ok || k.Left {
			continue
		}
		if len(k.Departments) == 0 || anyOf(k.Departments, seen) {
			out = append(out, k)
		}
	}
	return out
}

func anyOf(ids []int64, set map[int64]bool) bool {
	for _, id := range ids {
		if set[id] {
			return true
		}
	}
	return false
}

// tooMany reports whether so many employees are absent at once that another
// cause is likelier than that all of them left: more than half, if that is
// more than a handful.
func tooMany(absent int, known []Known) bool {
	staff := 0
	for _, k := range known {
		if !k.Left {
			staff++
		}
	}
	const handful = 5
	return absent > handful && absent > staff/2
}

// sorted gives the employees in a fixed order.
func sorted(found map[string]Employee) []Employee {
	out := make([]Employee, 0, len(found))
	for _, e := range found {
		out = append(out, e)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Person < out[j].Person })
	return out
}
