package server

import (
	"context"

	"huicun/internal/archive"
	"huicun/internal/fault"
	"huicun/internal/personid"
	"huicun/server/api"
)

// ListDepartments answers GET /departments.
func (s *Server) ListDepartments(ctx context.Context, _ api.ListDepartmentsRequestObject) (api.ListDepartmentsResponseObject, error) {
	ctx, r := caller(ctx)
	list, err := s.Archive.Departments(ctx, r.viewer)
	if err != nil {
		return nil, err
	}
	return api.ListDepartments200JSONResponse{Items: mapAll(list, newDepartment)}, nil
}

func newDepartment(d archive.Department) api.Department {
	out := api.Department{Id: text(d.ID), Name: named(d.Name), Employees: int(d.Employees)}
	if d.ParentID != 0 {
		out.ParentId = text(d.ParentID)
	}
	return out
}

// ListEmployees answers GET /employees.
func (s *Server) ListEmployees(ctx context.Context, req api.ListEmployeesRequestObject) (api.ListEmployeesResponseObject, error) {
	ctx, r := caller(ctx)
	p := req.Params
	q := archive.EmployeesQuery{Q: value(p.Q), State: string(value(p.State)), Cursor: value(p.Cursor), Limit: value(p.Limit)}
	if q.State == "" {
		q.State = "all"
	}
	if d := value(p.Department); d != "" {
		var err error
		if q.Department, err = number(d, "department"); err != nil {
			return nil, fault.Invalid("department", "no id of a department")
		}
	}
	page, err := s.Archive.Employees(ctx, r.viewer, q)
	if err != nil {
		return nil, err
	}
	return api.ListEmployees200JSONResponse{
		Items: mapAll(page.Items, newEmployee), Next: optional(page.Next), Total: int(page.Total),
	}, nil
}

// GetEmployee answers GET /employees/{id}.
func (s *Server) GetEmployee(ctx context.Context, req api.GetEmployeeRequestObject) (api.GetEmployeeResponseObject, error) {
	ctx, r := caller(ctx)
	e, err := s.Archive.Employee(ctx, r.viewer, personid.Key(req.EmployeeId))
	if err != nil {
		return nil, err
	}
	return api.GetEmployee200JSONResponse(newEmployee(e)), nil
}

func newEmployee(e archive.Employee) api.Employee {
	return api.Employee{
		Person: newPerson(e.Person), Userid: e.UserID, Position: named(e.Position), Departments: mapAll(e.Departments, named),
		ArchiveState: api.EmployeeArchiveState(e.ArchiveState), LeftAt: optionalTime(e.LeftAt),
		Conversations: int(e.Conversations), ConversationsToday: int(e.ConversationsToday),
		Customers: int(e.Customers), Violations: int(e.Violations),
	}
}
