package server

import (
	"context"

	"huicun/internal/access"
	"huicun/internal/directory"
	"huicun/internal/fault"
	"huicun/server/api"
)

// ListViewers answers GET /viewers.
func (s *Server) ListViewers(ctx context.Context, _ api.ListViewersRequestObject) (api.ListViewersResponseObject, error) {
	ctx, r := caller(ctx)
	accounts, err := s.Access.Accounts(ctx, r.viewer)
	if err != nil {
		return nil, err
	}
	items, err := s.viewers(ctx, accounts)
	return api.ListViewers200JSONResponse{Items: items}, err
}

// CreateViewer answers POST /viewers.
func (s *Server) CreateViewer(ctx context.Context, req api.CreateViewerRequestObject) (api.CreateViewerResponseObject, error) {
	ctx, r := caller(ctx)
	in, err := accountInput(req.Body)
	if err != nil {
		return nil, err
	}
	a, err := s.Access.CreateAccount(ctx, r.viewer, in, r.origin())
	if err != nil {
		return nil, err
	}
	out, err := s.viewers(ctx, []access.Account{a})
	if err != nil {
		return nil, err
	}
	return api.CreateViewer201JSONResponse(out[0]), nil
}

// UpdateViewer answers PUT /viewers/{id}.
func (s *Server) UpdateViewer(ctx context.Context, req api.UpdateViewerRequestObject) (api.UpdateViewerResponseObject, error) {
	ctx, r := caller(ctx)
	if err := adminOnly(r.viewer); err != nil {
		return nil, err
	}
	id, err := number(req.ViewerId, "account")
	if err != nil {
		return nil, err
	}
	in, err := accountInput(req.Body)
	if err != nil {
		return nil, err
	}
	a, err := s.Access.UpdateAccount(ctx, r.viewer, id, in, r.origin())
	if err != nil {
		return nil, err
	}
	out, err := s.viewers(ctx, []access.Account{a})
	if err != nil {
		return nil, err
	}
	return api.UpdateViewer200JSONResponse(out[0]), nil
}

func accountInput(in *api.ViewerInput) (access.AccountInput, error) {
	departments, err := numbers("departments", in.Departments)
	if err != nil {
		return access.AccountInput{}, err
	}
	return access.AccountInput{
		UserID: in.Userid, Role: access.Role(in.Role), Disabled: in.Disabled,
		Departments: departments, Employees: in.Employees,
	}, nil
}

// numbers reads the ids of a field of a body.
func numbers(field string, ids []string) ([]int64, error) {
	out := make([]int64, len(ids))
	for i, id := range ids {
		n, err := number(id, field)
		if err != nil {
			return nil, fault.Invalid(field, "ids are positive numbers")
		}
		out[i] = n
	}
	return out, nil
}

// viewers maps accounts, with the names of all persons looked up at once.
func (s *Server) viewers(ctx context.Context, accounts []access.Account) ([]api.Viewer, error) {
	var ids []string
	for _, a := range accounts {
		ids = append(append(ids, a.Person), a.Employees...)
	}
	found, err := s.persons(ctx, ids)
	if err != nil {
		return nil, err
	}
	return mapAll(accounts, func(a access.Account) api.Viewer { return newViewer(a, found) }), nil
}

// persons looks up many at once; none needs no asking.
func (s *Server) persons(ctx context.Context, ids []string) (map[string]directory.Person, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return s.Archive.Persons(ctx, ids)
}

func newViewer(a access.Account, found map[string]directory.Person) api.Viewer {
	return api.Viewer{
		Id: text(a.ID), Person: newPerson(personIn(found, a.Person)), Userid: a.UserID, Role: api.Role(a.Role),
		Disabled: a.Disabled, FromConfig: a.FromConfig, Departments: mapAll(a.Departments, text),
		Employees: newPersons(found, a.Employees), ScopeSize: int(a.ScopeSize), LastSeenAt: optionalTime(a.LastSeenAt),
	}
}
