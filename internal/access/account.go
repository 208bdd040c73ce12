package access

import (
	"context"
	"slices"
	"time"

	"huicun/internal/audit"
	"huicun/internal/fault"
	"huicun/internal/personid"
)

// maxGrants bounds the departments, and the employees, of one account.
const maxGrants = 1000

// Account is a viewer as admins see it.
type Account struct {
	Viewer
	Departments []int64   // granted, those below included
	Employees   []string  // granted one by one; persons
	ScopeSize   int64     // employees in scope
	LastSeenAt  time.Time // zero: never signed in
}

// AccountInput is what an admin may set.
type AccountInput struct {
	UserID      string
	Role        Role
	Disabled    bool
	Departments []int64
	Employees   []string // persons
}

// Person is the key of UserID.
func (in AccountInput) Person() string { return personid.Key(in.UserID) }

// Accounts gives all accounts.
func (s *Service) Accounts(ctx context.Context, v Viewer) ([]Account, error) {
	if err := v.adminOnly(); err != nil {
		return nil, err
	}
	return s.Store.ListAccounts(ctx)
}

// CreateAccount adds an account for a member of the directory.
func (s *Service) CreateAccount(ctx context.Context, v Viewer, in AccountInput, from audit.Origin) (Account, error) {
	in, err := s.checkInput(v, in)
	if err != nil {
		return Account{}, err
	}
	return s.Store.CreateAccount(ctx, in, from.Entry(audit.ViewerCreated, "", nil))
}

// UpdateAccount changes role, scope or state of an account; open sessions feel
// it at their next request.
func (s *Service) UpdateAccount(ctx context.Context, v Viewer, id int64, in AccountInput, from audit.Origin) (Account, error) {
	in, err := s.checkInput(v, in)
	if err != nil {
		return Account{}, err
	}
	return s.Store.UpdateAccount(ctx, id, in, s.now(), from.Entry(audit.ViewerUpdated, audit.Object("viewer", id), nil))
}

// checkInput refuses what cannot be and gives in without duplicates.
func (s *Service) checkInput(v Viewer, in AccountInput) (AccountInput, error) {
	if err := v.adminOnly(); err != nil {
		return in, err
	}
	switch {
	case in.UserID == "" || len(in.UserID) > 64 || personid.External(in.UserID):
		return in, fault.Invalid("userid", "the userid of a member")
	case in.Role != RoleAdmin && in.Role != RoleViewer:
		return in, fault.Invalid("role", "admin or viewer")
	case len(in.Departments) > maxGrants:
		return in, fault.Invalid("departments", "at most %d", maxGrants)
	case len(in.Employees) > maxGrants:
		return in, fault.Invalid("employees", "at most %d", maxGrants)
	}
	in.Departments = distinct(in.Departments)
	in.Employees = distinct(personid.Keys(in.Employees))
	return in, nil
}

func distinct[T int64 | string](list []T) []T {
	out := slices.Clone(list)
	slices.Sort(out)
	return slices.Compact(out)
}

// EnsureAdmins makes enabled admins of the members whom the configuration
// names. Those it no longer names stay admins, but can be disabled.
func (s *Service) EnsureAdmins(ctx context.Context, userids []string) error {
	for _, id := range userids {
		if id == "" || len(id) > 64 || personid.External(id) {
			return fault.Invalid("admins", "%q is not the userid of a member", id)
		}
	}
	return s.Store.EnsureAdmins(ctx, userids, audit.System().Entry(audit.ViewerUpdated, "", nil))
}

// UpdateMe changes the viewer's own settings.
func (s *Service) UpdateMe(ctx context.Context, v Viewer, deletionAlerts bool, from audit.Origin) (Viewer, error) {
	e := from.Entry(audit.MeUpdated, audit.Object("viewer", v.ID), map[string]any{"deletion_alerts": deletionAlerts})
	return s.Store.UpdateDeletionAlerts(ctx, v.ID, deletionAlerts, e)
}

// ScopeSize gives the number of employees that v may see.
func (s *Service) ScopeSize(ctx context.Context, v Viewer) (int64, error) {
	return s.Store.CountScope(ctx, v.Scope())
}
