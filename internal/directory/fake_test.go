package directory

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"huicun/internal/fault"
	"huicun/internal/personid"
)

// Errors as the API gives them.
var (
	errDown     = fault.Unavailable("WeCom cannot be reached", nil)
	errNotFound = fault.NotFound("object")
	errRefused  = &fault.Error{Code: "internal.wecom_refused", Message: "refused"}
)

// fakeSource is a WeCom in memory. fail gives errors by "call" or "call id".
type fakeSource struct {
	departments []Department
	members     map[int64]Batch[Employee]
	others      map[string]Employee // not in any department that is listed
	permitted   []string
	follow      []string
	tags        map[string]string
	customers   map[string][]Relation // by userid
	strangers   map[string][]Relation // by external id
	skipped     []string
	badIn       string              // a userid whose customer list has an unreadable entry
	groups      map[string][]string // by owner
	rooms       map[string]Group
	robots      map[string]Robot

	mu    sync.Mutex
	fail  map[string]error
	calls []string
}

func (f *fakeSource) call(name, id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := name
	if id != "" {
		key += " " + id
	}
	f.calls = append(f.calls, key)
	if err := f.fail[key]; err != nil {
		return err
	}
	return f.fail[name]
}

func (f *fakeSource) called(key string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, c := range f.calls {
		if c == key {
			n++
		}
	}
	return n
}

func (f *fakeSource) Departments(context.Context) ([]Department, error) {
	return f.departments, f.call("departments", "")
}

func (f *fakeSource) Members(_ context.Context, id int64) (Batch[Employee], error) {
	if err := f.call("members", string(rune('0'+id))); err != nil {
		return Batch[Employee]{}, err
	}
	return f.members[id], nil
}

func (f *fakeSource) Employee(_ context.Context, userid string) (Employee, error) {
	if err := f.call("employee", userid); err != nil {
		return Employee{}, err
	}
	if e, ok := f.others[userid]; ok {
		return e, nil
	}
	return Employee{}, errNotFound
}

func (f *fakeSource) PermittedUsers(context.Context) ([]string, error) {
	return f.permitted, f.call("permitted", "")
}

func (f *fakeSource) FollowUsers(context.Context) ([]string, error) {
	return f.follow, f.call("follow", "")
}

func (f *fakeSource) Tags(context.Context) (map[string]string, error) {
	return f.tags, f.call("tags", "")
}

func (f *fakeSource) CustomersOf(_ context.Context, userids []string) (Relations, error) {
	for _, id := range userids {
		if err := f.call("customersOf", id); err != nil {
			return Relations{}, err
		}
	}
	var out Relations
	for _, id := range userids {
		if slices.Contains(f.skipped, id) {
			out.Skipped = append(out.Skipped, id)
			continue
		}
		if id == f.badIn {
			out.Bad++
		}
		out.Items = append(out.Items, f.customers[id]...)
	}
	return out, nil
}

func (f *fakeSource) Customer(_ context.Context, id string) ([]Relation, error) {
	if err := f.call("customer", id); err != nil {
		return nil, err
	}
	if r, ok := f.strangers[id]; ok {
		return r, nil
	}
	return nil, errNotFound
}

func (f *fakeSource) GroupIDs(_ context.Context, owners []string) ([]string, error) {
	var out []string
	for _, id := range owners {
		if err := f.call("groupIDs", id); err != nil {
			return nil, err
		}
		out = append(out, f.groups[id]...)
	}
	return out, nil
}

func (f *fakeSource) Group(_ context.Context, id string) (Group, error) {
	if err := f.call("group", id); err != nil {
		return Group{}, err
	}
	if g, ok := f.rooms[id]; ok {
		return g, nil
	}
	return Group{}, errNotFound
}

func (f *fakeSource) Robot(_ context.Context, id string) (Robot, error) {
	if err := f.call("robot", id); err != nil {
		return Robot{}, err
	}
	if r, ok := f.robots[id]; ok {
		return r, nil
	}
	return Robot{}, errNotFound
}

// fakeStore keeps what was applied last.
type fakeStore struct {
	known            []Known
	unknownRooms     []string
	unknownCustomers []string
	unknownEmployees []string
	unknownRobots    []string
	err              error

	org      *Org
	single   []Employee
	book     *Book
	groups   []Group
	robots   []Robot
	finished *Report
	mark     *Mark
}

func (f *fakeStore) StartSync(context.Context, time.Time) (int64, error) { return 7, f.err }

func (f *fakeStore) FinishSync(_ context.Context, _ int64, r Report) error {
	f.finished = &r
	return nil
}

func (f *fakeStore) KnownEmployees(context.Context) ([]Known, error) { return f.known, nil }

func (f *fakeStore) UnknownEmployees(_ context.Context, except []string, limit int) ([]string, error) {
	return remaining(f.unknownEmployees, except, limit), nil
}

func (f *fakeStore) UnknownRooms(_ context.Context, except []string, limit int) ([]string, error) {
	return remaining(f.unknownRooms, except, limit), nil
}

func (f *fakeStore) UnknownCustomers(_ context.Context, except []string, limit int) ([]string, error) {
	return remaining(f.unknownCustomers, except, limit), nil
}

func (f *fakeStore) UnknownRobots(_ context.Context, except []string, limit int) ([]string, error) {
	return remaining(f.unknownRobots, except, limit), nil
}

func (f *fakeStore) ApplyRobots(_ context.Context, _ time.Time, robots []Robot) error {
	f.robots = robots
	return nil
}

func remaining(ids, except []string, limit int) []string {
	var out []string
	for _, id := range ids {
		if !slices.Contains(except, id) && len(out) < limit {
			out = append(out, id)
		}
	}
	return out
}

func (f *fakeStore) ApplyOrg(_ context.Context, o Org) error {
	f.org = &o
	return nil
}

func (f *fakeStore) ApplyEmployees(_ context.Context, _ time.Time, employees []Employee) error {
	f.single = employees
	return nil
}

func (f *fakeStore) ApplyBook(_ context.Context, b Book) error {
	slices.Sort(b.Read)
	slices.SortFunc(b.Customers, func(a, c Customer) int { return compare(a.Person, c.Person) })
	slices.SortFunc(b.Follows, func(a, c Follow) int { return compare(a.Employee+a.Customer, c.Employee+c.Customer) })
	f.book = &b
	return nil
}

func (f *fakeStore) ApplyGroups(_ context.Context, _ time.Time, groups []Group) error {
	slices.SortFunc(groups, func(a, b Group) int { return compare(a.RoomID, b.RoomID) })
	f.groups = groups
	return nil
}

func (f *fakeStore) MarkFollow(_ context.Context, m Mark) error {
	f.mark = &m
	return nil
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

var testTime = time.Date(2026, 1, 1, 4, 0, 0, 0, time.UTC)

func newService(source Source, store Store) *Service {
	return &Service{Source: source, Store: store, Now: func() time.Time { return testTime }}
}

func employee(userid string, departments ...int64) Employee {
	e := Employee{Person: personid.Key(userid), UserID: userid, Name: userid, Status: StatusActive}
	for _, d := range departments {
		e.Departments = append(e.Departments, Membership{DepartmentID: d})
	}
	return e
}

func relation(userid, external string, tagIDs ...string) Relation {
	return Relation{
		Customer: Customer{Person: external, ExternalUserID: external, Name: external},
		Follow:   Follow{Employee: personid.Key(userid), Customer: external},
		TagIDs:   tagIDs,
	}
}

// company is a small corp: two departments, three employees, two customers.
func company() *fakeSource {
	return &fakeSource{
		departments: []Department{{ID: 1, Name: "星河"}, {ID: 2, ParentID: 1, Name: "销售"}, {ID: 2, Name: "again"}},
		members: map[int64]Batch[Employee]{
			1: {Items: []Employee{employee("Zhou", 1)}},
			2: {Items: []Employee{employee("Lin", 2), employee("Su", 2)}},
		},
		permitted: []string{"LIN"},
		follow:    []string{"Lin", "Su"},
		tags:      map[string]string{"t1": "高"},
		customers: map[string][]Relation{"Lin": {relation("Lin", "c1", "t1", "t9")}, "Su": {relation("Su", "c1"), relation("Su", "c2")}},
		groups:    map[string][]string{"Lin": {"g1"}},
		rooms:     map[string]Group{"g1": {RoomID: "g1", Name: "业主群", External: true}},
		fail:      map[string]error{},
	}
}

func mustSync(t *testing.T, s *Service) Report {
	t.Helper()
	r, err := s.Sync(t.Context())
	if err != nil {
		t.Fatalf("Sync: %v", err)
	}
	return r
}
