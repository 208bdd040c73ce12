package store_test

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"huicun/internal/access"
	"huicun/internal/directory"
	"huicun/internal/fault"
)

func TestCreateAccount(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	got := s.create(t, access.AccountInput{
		UserID: "MEI", Role: access.RoleViewer, Departments: []int64{3, 5, 3}, Employees: []string{"Boss", "boss"},
	})
	want := access.Account{
		Viewer:      access.Viewer{Person: "mei", UserID: "Mei", Role: access.RoleViewer, DeletionAlerts: true},
		Departments: []int64{3, 5}, Employees: []string{"boss"}, ScopeSize: 5,
	}
	ignore := cmpopts.IgnoreFields(access.Viewer{}, "ID", "UpdatedAt")
	if diff := cmp.Diff(want, got, ignore); diff != "" {
		t.Errorf("account (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"boss", "east", "gone", "shop", "svc"}, s.scope(t, got.ID)); diff != "" {
		t.Errorf("scope (-want +got):\n%s", diff)
	}
}

func TestAccountsAreRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	mei := s.create(t, access.AccountInput{UserID: "Mei", Role: access.RoleViewer})
	viewer := access.RoleViewer
	for _, tt := range []struct {
		name        string
		by          string
		in          access.AccountInput
		code, field string
	}{
		{"by a viewer", "mei", access.AccountInput{UserID: "Shop", Role: viewer}, fault.CodeForbidden, ""},
		{"of nobody", "boss", access.AccountInput{Role: viewer}, fault.CodeInvalid, "userid"},
		{"of a stranger", "boss", access.AccountInput{UserID: "stranger", Role: viewer}, fault.CodeInvalid, "userid"},
		{"of a customer", "boss", access.AccountInput{UserID: "wmQx7kDAAAaB3nT0lE5yJ9cVrU2sHfGw", Role: viewer}, fault.CodeInvalid, "userid"},
		{"twice", "boss", access.AccountInput{UserID: "mEI", Role: viewer}, fault.CodeConflict, ""},
		{"with no role", "boss", access.AccountInput{UserID: "Shop"}, fault.CodeInvalid, "role"},
		{"with an unknown role", "boss", access.AccountInput{UserID: "Shop", Role: "root"}, fault.CodeInvalid, "role"},
		{"with an unknown department", "boss", access.AccountInput{UserID: "Shop", Role: viewer, Departments: []int64{2, 99}}, fault.CodeInvalid, "departments"},
		{"with an unknown employee", "boss", access.AccountInput{UserID: "Shop", Role: viewer, Employees: []string{"mei", "nobody\x00"}}, fault.CodeInvalid, "employees"},
	} {
		_, err := s.Service.CreateAccount(t.Context(), s.viewer(t, tt.by), tt.in, from(tt.by))
		checkFault(t, "create "+tt.name, err, tt.code, tt.field)
	}
	_, err := s.Service.UpdateAccount(t.Context(), s.viewer(t, "mei"), mei.ID, access.AccountInput{UserID: "Mei", Role: access.RoleAdmin}, from("mei"))
	checkFault(t, "a viewer makes herself an admin", err, fault.CodeForbidden, "")
	if _, err := s.Accounts(t.Context(), s.viewer(t, "mei")); !fault.Is(err, fault.CodeForbidden) {
		t.Errorf("a viewer lists accounts: %v", err)
	}
	_, err = s.update(t, mei.ID, access.AccountInput{UserID: "Shop", Role: viewer})
	checkFault(t, "an account changes hands", err, fault.CodeInvalid, "userid")
	_, err = s.update(t, 4711, access.AccountInput{UserID: "Shop", Role: viewer})
	checkFault(t, "no such account", err, fault.CodeNotFound, "")
}

func checkFault(t *testing.T, name string, err error, code, field string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error, want %s", name, code)
		return
	}
	f, ok := err.(*fault.Error) //nolint:errorlint // these come unwrapped
	if !ok || f.Code != code || f.Field != field {
		t.Errorf("%s: %v, want %s (%s)", name, err, code, field)
	}
}

func TestTheLastAdminStays(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.create(t, access.AccountInput{UserID: "Mei", Role: access.RoleAdmin})
	if err := s.Service.EnsureAdmins(t.Context(), nil); err != nil { // boss may now be changed
		t.Fatal(err)
	}
	boss, mei := s.viewer(t, "boss"), s.viewer(t, "mei")
	if _, err := s.update(t, mei.ID, access.AccountInput{UserID: "Mei", Role: access.RoleViewer}); err != nil {
		t.Fatal(err)
	}
	_, err := s.update(t, boss.ID, access.AccountInput{UserID: "Boss", Role: access.RoleViewer})
	checkFault(t, "demote the last admin", err, "conflict.last_admin", "")
	_, err = s.update(t, boss.ID, access.AccountInput{UserID: "Boss", Role: access.RoleAdmin, Disabled: true})
	checkFault(t, "disable the last admin", err, "conflict.last_admin", "")
	if v := s.viewer(t, "boss"); !v.IsAdmin() || v.Disabled {
		t.Errorf("the last admin is %+v", v)
	}
}

func TestTwoAdminsWhoDemoteEachOther(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.create(t, access.AccountInput{UserID: "Mei", Role: access.RoleAdmin})
	if err := s.Service.EnsureAdmins(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	boss, mei := s.viewer(t, "boss"), s.viewer(t, "mei")
	var wg sync.WaitGroup
	for by, target := range map[access.Viewer]access.Viewer{boss: mei, mei: boss} {
		wg.Go(func() {
			in := access.AccountInput{UserID: target.UserID, Role: access.RoleViewer}
			_, _ = s.Service.UpdateAccount(t.Context(), by, target.ID, in, from(by.Person))
		})
	}
	wg.Wait()
	var admins int
	if err := s.DB.Get(&admins, `SELECT count(*) FROM viewers WHERE role = 'admin' AND NOT disabled`); err != nil || admins != 1 {
		t.Errorf("%d admins are left (%v), want 1", admins, err)
	}
}

func TestAdminsOfTheConfiguration(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	mei := s.create(t, access.AccountInput{UserID: "Mei", Role: access.RoleViewer, Disabled: true})
	if err := s.Service.EnsureAdmins(t.Context(), []string{"Boss", "mei", "newcomer"}); err != nil {
		t.Fatal(err)
	}
	if v := s.viewer(t, "mei"); !v.IsAdmin() || v.Disabled || !v.FromConfig || v.UserID != "Mei" {
		t.Errorf("mei is %+v, want an enabled admin of the configuration", v)
	}
	if v := s.viewer(t, "newcomer"); !v.IsAdmin() || v.UserID != "newcomer" {
		t.Errorf("newcomer is %+v", v)
	}
	_, err := s.update(t, mei.ID, access.AccountInput{UserID: "Mei", Role: access.RoleAdmin, Disabled: true})
	checkFault(t, "disable an admin of the configuration", err, "conflict.from_config", "")
	_, err = s.update(t, mei.ID, access.AccountInput{UserID: "Mei", Role: access.RoleViewer})
	checkFault(t, "demote an admin of the configuration", err, "conflict.from_config", "")

	before := len(s.actions(t))
	if err := s.Service.EnsureAdmins(t.Context(), []string{"Boss", "mei", "newcomer"}); err != nil {
		t.Fatal(err)
	}
	if after := len(s.actions(t)); after != before {
		t.Errorf("a second start writes %d log entries", after-before)
	}
	if err := s.Service.EnsureAdmins(t.Context(), []string{"Boss"}); err != nil {
		t.Fatal(err)
	}
	if v := s.viewer(t, "mei"); !v.IsAdmin() || v.FromConfig {
		t.Errorf("mei is %+v, want an admin whom the configuration does not name", v)
	}
	if err := s.Service.EnsureAdmins(t.Context(), []string{""}); !fault.Is(err, fault.CodeInvalid) {
		t.Errorf("an empty userid: %v", err)
	}
}

func TestScopes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	viewer := access.RoleViewer
	for _, tt := range []struct {
		name string
		in   access.AccountInput
		want []string
	}{
		{"none", access.AccountInput{Role: viewer}, nil},
		{"a department and all below, leavers too", access.AccountInput{Role: viewer, Departments: []int64{2}}, []string{"east", "gone", "mei", "shop"}},
		{"everybody", access.AccountInput{Role: viewer, Departments: []int64{1}}, []string{"boss", "east", "gone", "mei", "shop", "svc"}},
		{"a department and one below it", access.AccountInput{Role: viewer, Departments: []int64{2, 4}}, []string{"east", "gone", "mei", "shop"}},
		{"departments in a circle", access.AccountInput{Role: viewer, Departments: []int64{6}}, []string{"loop"}},
		{"single employees", access.AccountInput{Role: viewer, Departments: []int64{5}, Employees: []string{"east", "SVC"}}, []string{"east", "svc"}},
		{"an admin needs no rows", access.AccountInput{Role: access.RoleAdmin, Departments: []int64{1}}, nil},
		{"a disabled viewer sees nothing", access.AccountInput{Role: viewer, Disabled: true, Departments: []int64{1}}, nil},
	} {
		id := s.create(t, access.AccountInput{UserID: "Shop", Role: viewer, Employees: []string{"boss"}}).ID
		tt.in.UserID = "Shop"
		a, err := s.update(t, id, tt.in)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, s.scope(t, id)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
		size, err := s.ScopeSize(t.Context(), a.Viewer)
		if err != nil || size != a.ScopeSize {
			t.Errorf("%s: ScopeSize = %d, %v; the account says %d", tt.name, size, err, a.ScopeSize)
		}
		s.exec(t, `DELETE FROM viewers WHERE id = $1`, id)
	}
}

func TestGrantsThatTheDirectoryLostMayStay(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	in := access.AccountInput{UserID: "Mei", Role: access.RoleViewer, Departments: []int64{5}}
	a := s.create(t, in)
	s.exec(t, `DELETE FROM departments WHERE id = 5`)
	in.Departments = []int64{2, 5}
	if _, err := s.update(t, a.ID, in); err != nil {
		t.Errorf("a grant that was there before: %v", err)
	}
	other := access.AccountInput{UserID: "Shop", Role: access.RoleViewer, Departments: []int64{5}}
	_, err := s.Service.CreateAccount(t.Context(), s.admin(t), other, from("boss"))
	checkFault(t, "a new grant of it", err, fault.CodeInvalid, "departments")
}

// A sync and an admin who change the same scope at once: whoever comes last
// must see what the other did.
func TestScopesChangedAtOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a := s.create(t, access.AccountInput{UserID: "Shop", Role: access.RoleViewer, Departments: []int64{2}})
	for i := range int64(20) {
		in := access.AccountInput{UserID: "Shop", Role: access.RoleViewer, Departments: []int64{2 + 3*(i%2)}} // Sales or Service
		org := directory.Org{
			At: s.now.Add(time.Duration(i) * time.Minute),
			Departments: []directory.Department{
				{ID: 1}, {ID: 2, ParentID: 1}, {ID: 3, ParentID: 2}, {ID: 4, ParentID: 3}, {ID: 5, ParentID: 1}, {ID: 6, ParentID: 7}, {ID: 7, ParentID: 6},
			},
			Employees: []directory.Employee{{
				Person: "svc", UserID: "Svc", Name: "Svc", Status: directory.StatusActive,
				Departments: []directory.Membership{{DepartmentID: 5 - 2*(i/2%2)}}, // Service or East
			}},
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := s.update(t, a.ID, in); err != nil {
				t.Error(err)
			}
		})
		wg.Go(func() {
			if err := s.ApplyOrg(t.Context(), org); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
		got := s.scope(t, a.ID)
		if err := s.ApplyOrg(t.Context(), org); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(s.scope(t, a.ID), got); diff != "" {
			t.Fatalf("round %d (-right +after both):\n%s", i, diff)
		}
	}
}
