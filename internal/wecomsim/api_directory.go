package wecomsim

import (
	"slices"
	"strconv"
)

// departmentsFor gives the departments that the id parameter asks for, larger
// order first.
func (s *Sim) departmentsFor(c *call) ([]department, *apiError) {
	all := slices.Clone(s.directory.departments)
	if text := c.query("id"); text != "" {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, badParam("id")
		}
		in := s.directory.below(id)
		if in == nil {
			return nil, errDeptNotFound
		}
		all = slices.DeleteFunc(all, func(d department) bool { return !in[d.id] })
	}
	return all, nil
}

func (s *Sim) departmentSimpleList(c *call) (answer, *apiError) {
	all, err := s.departmentsFor(c)
	if err != nil {
		return nil, err
	}
	out := make([]object, len(all))
	for i, d := range all {
		out[i] = d.raw.only("id", "parentid", "order")
	}
	return answer{"department_id": out}, nil
}

func (s *Sim) departmentList(c *call) (answer, *apiError) {
	all, err := s.departmentsFor(c)
	if err != nil {
		return nil, err
	}
	out := make([]object, len(all))
	for i, d := range all {
		out[i] = d.raw
	}
	return answer{"department": out}, nil
}

func (s *Sim) departmentGet(c *call) (answer, *apiError) {
	id, err := strconv.ParseInt(c.query("id"), 10, 64)
	if err != nil {
		return nil, badParam("id")
	}
	for _, d := range s.directory.departments {
		if d.id == id {
			return answer{"department": d.raw}, nil
		}
	}
	return nil, errDeptNotFound
}

// directMembers gives the members of exactly the department asked for.
func (s *Sim) directMembers(c *call) ([]*user, *apiError) {
	id, err := strconv.ParseInt(c.query("department_id"), 10, 64)
	if err != nil {
		return nil, badParam("department_id")
	}
	if s.directory.below(id) == nil {
		return nil, errDeptNotFound
	}
	return slices.DeleteFunc(s.directory.members(), func(u *user) bool { return !slices.Contains(u.depts, id) }), nil
}

func (s *Sim) userSimpleList(c *call) (answer, *apiError) {
	return s.userAnswer(c, func(u *user) object { return u.raw.only("userid", "name", "department", "open_userid") })
}

func (s *Sim) userList(c *call) (answer, *apiError) {
	return s.userAnswer(c, func(u *user) object { return u.raw })
}

func (s *Sim) userAnswer(c *call, show func(*user) object) (answer, *apiError) {
	users, err := s.directMembers(c)
	if err != nil {
		return nil, err
	}
	out := make([]object, len(users))
	for i, u := range users {
		out[i] = show(u)
	}
	return answer{"userlist": out}, nil
}

func (s *Sim) userGet(c *call) (answer, *apiError) {
	u, ok := s.directory.member(c.query("userid"))
	if !ok {
		return nil, errUserNotFound
	}
	a := answer{}
	for k, v := range u.raw {
		a[k] = v
	}
	return a, nil
}

// userListID gives (member, department) pairs, so a member comes several times.
func (s *Sim) userListID(c *call) (answer, *apiError) {
	var q struct {
		Cursor string `json:"cursor"`
		Limit  int    `json:"limit"`
	}
	if err := c.decode(&q); err != nil {
		return nil, err
	}
	type pair struct {
		UserID     string `json:"userid"`
		Department int64  `json:"department"`
	}
	all := []pair{}
	for _, u := range s.directory.members() {
		for _, d := range u.depts {
			all = append(all, pair{u.id, d})
		}
	}
	const most = 10000
	page, next, err := paginate(all, q.Cursor, q.Limit, most, most)
	if err != nil {
		return nil, err
	}
	return answer{"dept_user": page, "next_cursor": next}, nil
}
