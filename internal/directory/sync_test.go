package directory

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"huicun/internal/fault"
)

func TestSyncOfAWholeCompany(t *testing.T) {
	source, store := company(), &fakeStore{}
	got := mustSync(t, newService(source, store))
	want := Report{
		StartedAt: testTime, FinishedAt: testTime,
		Sections:    []Section{{Name: SectionOrg}, {Name: SectionCustomers}, {Name: SectionGroups}},
		Departments: 2, Employees: 3, Permitted: 1, Customers: 2, Follows: 3, Groups: 1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Report (-want +got):\n%s", diff)
	}
	if !got.Complete() {
		t.Error("not complete")
	}
	if diff := cmp.Diff(&got, store.finished); diff != "" {
		t.Errorf("recorded report (-want +got):\n%s", diff)
	}
	wantOrg := &Org{
		At:            testTime,
		Departments:   []Department{{ID: 1, Name: "星河"}, {ID: 2, ParentID: 1, Name: "销售"}},
		Employees:     []Employee{employee("Lin", 2), employee("Su", 2), employee("Zhou", 1)},
		Permitted:     []string{"LIN"},
		PermittedRead: true,
	}
	if diff := cmp.Diff(wantOrg, store.org); diff != "" {
		t.Errorf("Org (-want +got):\n%s", diff)
	}
	wantBook := &Book{
		At: testTime,
		Customers: []Customer{
			{Person: "c1", ExternalUserID: "c1", Name: "c1"},
			{Person: "c2", ExternalUserID: "c2", Name: "c2"},
		},
		Follows: []Follow{
			{Employee: "lin", Customer: "c1", Tags: []string{"高"}},
			{Employee: "su", Customer: "c1", Tags: []string{}},
			{Employee: "su", Customer: "c2", Tags: []string{}},
		},
		Read: []string{"lin", "su"},
	}
	if diff := cmp.Diff(wantBook, store.book); diff != "" {
		t.Errorf("Book (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Group{{RoomID: "g1", Name: "业主群", External: true}}, store.groups); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
}

func TestSyncAppliesOnlyWhatWasReadToItsEnd(t *testing.T) {
	for _, tt := range []struct {
		name, fails       string
		org, book, groups bool // applied
		incomplete        []string
	}{
		{name: "departments", fails: "departments", book: true, groups: true, incomplete: []string{SectionOrg}},
		{name: "members of one department", fails: "members 2", book: true, groups: true, incomplete: []string{SectionOrg}},
		{name: "who has customers", fails: "follow", org: true, incomplete: []string{SectionCustomers, SectionGroups}},
		{name: "customers of one employee", fails: "customersOf Su", org: true, groups: true, incomplete: []string{SectionCustomers}},
		{name: "list of groups", fails: "groupIDs", org: true, book: true, incomplete: []string{SectionGroups}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			source, store := company(), &fakeStore{}
			source.fail[tt.fails] = errDown
			report, err := newService(source, store).Sync(t.Context())
			if !fault.Is(err, fault.CodeUnavailable) && len(tt.incomplete) == 1 {
				t.Errorf("error %v, want the source's", err)
			}
			if err == nil || report.Complete() {
				t.Errorf("error %v, complete %v", err, report.Complete())
			}
			if got := store.org != nil; got != tt.org {
				t.Errorf("org applied: %v, want %v", got, tt.org)
			}
			if got := store.book != nil; got != tt.book {
				t.Errorf("book applied: %v, want %v", got, tt.book)
			}
			if got := store.groups != nil; got != tt.groups {
				t.Errorf("groups applied: %v, want %v", got, tt.groups)
			}
			var incomplete []string
			for _, s := range store.finished.Sections {
				if s.Error != "" {
					incomplete = append(incomplete, s.Name)
				}
			}
			if diff := cmp.Diff(tt.incomplete, incomplete); diff != "" {
				t.Errorf("incomplete sections (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOneBadObjectFailsNothing(t *testing.T) {
	for _, tt := range []struct {
		name    string
		change  func(*fakeSource, *fakeStore)
		problem Problem
	}{
		{"a department that is gone", func(f *fakeSource, _ *fakeStore) { f.fail["members 2"] = errNotFound }, Problem{Kind: "department", ID: "2"}},
		{"an employee whom WeCom refuses", func(f *fakeSource, _ *fakeStore) { f.fail["customersOf Su"] = errRefused }, Problem{Kind: "employee", ID: "Su"}},
		{"an unreadable customer", func(f *fakeSource, _ *fakeStore) { f.badIn = "Su" }, Problem{Kind: "customer", Message: "1 unreadable entries"}},
		{"an unreadable member", func(f *fakeSource, _ *fakeStore) { f.members[1] = Batch[Employee]{Bad: 2} }, Problem{Kind: "department", ID: "1", Message: "2 unreadable entries"}},
		{"a group that is refused", func(f *fakeSource, _ *fakeStore) { f.fail["group g1"] = errRefused }, Problem{Kind: "group", ID: "g1"}},
		{"a group that cannot be reached", func(f *fakeSource, _ *fakeStore) { f.fail["group g1"] = errDown }, Problem{Kind: "group", ID: "g1"}},
		{"a customer of the archive", func(f *fakeSource, s *fakeStore) {
			s.unknownCustomers = []string{"c3"}
			f.fail["customer c3"] = errDown
		}, Problem{Kind: "customer", ID: "c3"}},
		{"who is archived", func(f *fakeSource, _ *fakeStore) { f.fail["permitted"] = errDown }, Problem{Kind: "permitted"}},
		{"tags", func(f *fakeSource, _ *fakeStore) { f.fail["tags"] = errDown }, Problem{Kind: "tags"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			source, store := company(), &fakeStore{}
			tt.change(source, store)
			report := mustSync(t, newService(source, store))
			if !report.Complete() || report.ProblemCount != 1 {
				t.Errorf("complete %v, %d problems", report.Complete(), report.ProblemCount)
			}
			ignore := cmpopts.IgnoreFields(Problem{}, "Message")
			if tt.problem.Message != "" {
				ignore = cmp.Options{}
			}
			if diff := cmp.Diff([]Problem{tt.problem}, report.Problems, ignore); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if store.org == nil || store.book == nil {
				t.Error("the rest was not applied")
			}
		})
	}
}

func TestEmployeesWhoWereNotReadLoseNoCustomers(t *testing.T) {
	source, store := company(), &fakeStore{}
	source.follow = []string{"Lin", "Su", "He", "Qi"}
	source.skipped = []string{"He"}             // no licence
	source.fail["customersOf Qi"] = errNotFound // out of sight
	mustSync(t, newService(source, store))
	if diff := cmp.Diff([]string{"lin", "su"}, store.book.Read); diff != "" {
		t.Errorf("Read (-want +got):\n%s", diff)
	}
	source.badIn = "Su"
	mustSync(t, newService(source, store))
	if contains(store.book.Read, "su") {
		t.Errorf("Read %v has an employee whose list was not read whole", store.book.Read)
	}
}

func contains(list []string, s string) bool {
	for _, item := range list {
		if item == s {
			return true
		}
	}
	return false
}

func TestTagsStayWhenTheirNamesCannotBeRead(t *testing.T) {
	source, store := company(), &fakeStore{}
	source.fail["tags"] = errDown
	mustSync(t, newService(source, store))
	if got := store.book.Follows[0].Tags; got != nil {
		t.Errorf("tags %v, want nil: leave them as they are", got)
	}
	if got := store.book.Follows[1].Tags; got == nil {
		t.Error("a relation without tags keeps old ones")
	}
}

func TestArchivedEmployeesOutOfSight(t *testing.T) {
	source, store := company(), &fakeStore{}
	source.permitted = []string{"Lin", "He", "Qi"}
	source.others = map[string]Employee{"He": employee("He", 9)}
	report := mustSync(t, newService(source, store))
	qi := employee("Qi")
	qi.IDOnly = true
	want := []Employee{employee("He", 9), employee("Lin", 2), qi, employee("Su", 2), employee("Zhou", 1)}
	if diff := cmp.Diff(want, store.org.Employees, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("Employees (-want +got):\n%s", diff)
	}
	if report.ProblemCount != 0 {
		t.Errorf("problems %v", report.Problems)
	}
}

func TestMemberOfTwoDepartments(t *testing.T) {
	source, store := company(), &fakeStore{}
	lin := employee("Lin", 2)
	lin.Departments[0].Leader = true
	source.members[1] = Batch[Employee]{Items: []Employee{employee("lin")}} // same person, spelt otherwise, department list withheld
	source.members[2] = Batch[Employee]{Items: []Employee{lin}}
	mustSync(t, newService(source, store))
	got := store.org.Employees[0].Departments
	if diff := cmp.Diff([]Membership{{DepartmentID: 1}, {DepartmentID: 2, Leader: true}}, got); diff != "" {
		t.Errorf("Departments (-want +got):\n%s", diff)
	}
}

func TestUnknownIDsOfTheArchive(t *testing.T) {
	source := company()
	source.strangers = map[string][]Relation{"c3": {relation("Zhou", "c3")}}
	source.rooms["g2"] = Group{RoomID: "g2", Name: "内部"}
	source.others = map[string]Employee{"qi": employee("Qi", 9)}
	store := &fakeStore{
		unknownCustomers: []string{"c2", "c3", "c4"}, unknownRooms: []string{"g1", "g2", "g3"},
		unknownEmployees: []string{"lin", "qi", "wu"},
	}
	s := newService(source, store)
	for range 2 {
		report := mustSync(t, s)
		if report.Employees != 4 || report.Customers != 3 || report.Groups != 2 || report.ProblemCount != 0 {
			t.Errorf("report %+v", report)
		}
	}
	for key, want := range map[string]int{"employee lin": 0, "employee qi": 2, "employee wu": 1, "customer c2": 0, "customer c3": 2, "customer c4": 1, "group g1": 2, "group g2": 2, "group g3": 1} {
		if got := source.called(key); got != want {
			t.Errorf("%s was read %d times, want %d", key, got, want)
		}
	}
	if contains(store.book.Read, "zhou") {
		t.Error("an employee of whom one customer was read counts as read")
	}
	later := testTime.Add(forgetAfter)
	s.Now = func() time.Time { return later }
	mustSync(t, s)
	if got := source.called("group g3"); got != 2 {
		t.Errorf("g3 was read %d times after a day, want 2", got)
	}
}

func TestSectionsEndWhenTooMuchFails(t *testing.T) {
	source, store := company(), &fakeStore{}
	for i := range 50 {
		id := fmt.Sprintf("g%02d", i)
		store.unknownRooms = append(store.unknownRooms, id)
		if i%2 == 0 {
			source.fail["group "+id] = errDown
		} else {
			source.rooms[id] = Group{RoomID: id}
		}
	}
	report, err := newService(source, store).Sync(t.Context())
	if !errors.Is(err, errDown) {
		t.Errorf("error %v, want the source's", err)
	}
	if report.Complete() || report.Groups == 0 || report.Groups > 30 {
		t.Errorf("complete %v, %d groups: want those read before the end", report.Complete(), report.Groups)
	}
}

func TestSyncHeedsItsContext(t *testing.T) {
	source, store := company(), &fakeStore{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	report, err := newService(source, store).Sync(ctx)
	if !errors.Is(err, context.Canceled) || report.Complete() {
		t.Errorf("error %v, complete %v", err, report.Complete())
	}
	if store.finished == nil || len(source.calls) != 0 {
		t.Errorf("recorded %v, calls %v", store.finished, source.calls)
	}
}

func TestOneSyncAtATime(t *testing.T) {
	source, store := company(), &fakeStore{}
	s := newService(source, store)
	inside, release := make(chan struct{}), make(chan struct{})
	slow := &slowSource{fakeSource: source, inside: inside, release: release}
	s.Source = slow
	done := make(chan error, 1)
	go func() {
		_, err := s.Sync(t.Context())
		done <- err
	}()
	<-inside
	if _, err := s.Sync(t.Context()); !fault.Is(err, fault.CodeConflict) {
		t.Errorf("second Sync: %v, want conflict", err)
	}
	close(release)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// slowSource waits in Departments.
type slowSource struct {
	*fakeSource
	inside, release chan struct{}
}

func (s *slowSource) Departments(ctx context.Context) ([]Department, error) {
	close(s.inside)
	<-s.release
	return s.fakeSource.Departments(ctx)
}

func TestProblemsAreBounded(t *testing.T) {
	source, store := company(), &fakeStore{}
	for i := range 150 {
		id := fmt.Sprintf("x%03d", i)
		source.follow = append(source.follow, id)
		source.fail["customersOf "+id] = errRefused
	}
	report := mustSync(t, newService(source, store))
	if report.ProblemCount != 150 || len(report.Problems) != maxProblems {
		t.Errorf("%d problems, %d kept", report.ProblemCount, len(report.Problems))
	}
	if report.Customers != 2 {
		t.Errorf("%d customers, want 2", report.Customers)
	}
}

func TestNoDepartmentsIsNoCompany(t *testing.T) {
	source, store := company(), &fakeStore{}
	source.departments = nil
	_, err := newService(source, store).Sync(t.Context())
	if err == nil || !strings.Contains(err.Error(), "no departments") || store.org != nil {
		t.Errorf("error %v, org %v", err, store.org)
	}
}
