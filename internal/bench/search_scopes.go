package bench

import (
	"context"
	"fmt"
)

const scopeName = "scope of "

// viewersOf tells the viewers of the benchmark: some of each size, so that not
// all have busy employees, or none.
func (c *Corpus) viewersOf() []struct {
	name   string
	scopes []Scope
} {
	r := c.random(randomSearches + 1)
	draw := func(viewers, employees int) (list []Scope) {
		for range viewers {
			var s Scope
			for _, e := range r.Perm(c.opts.Employees)[:min(employees, c.opts.Employees)] {
				s.Employees = append(s.Employees, person(e))
			}
			list = append(list, s)
		}
		return list
	}
	var divisions []Scope
	for e := 0; e < c.opts.Employees && len(divisions) < 4; e += divisionSize {
		divisions = append(divisions, Scope{Departments: []int64{int64(divisionOf(e))}})
	}
	return []struct {
		name   string
		scopes []Scope
	}{
		{scopeName + "1", draw(8, 1)},
		{scopeName + "5", draw(8, 5)},
		{scopeName + "500", divisions},
		{scopeName + "5,000", []Scope{{Departments: []int64{rootDepartment}}}},
	}
}

// scopes makes viewers, as an admin does.
func (b *searchBench) scopes(ctx context.Context) ([]searchScope, error) {
	admin, err := b.OpenSession(ctx, Admin)
	if err != nil {
		return nil, err
	}
	if err := admin.learn(ctx); err != nil {
		return nil, err
	}
	var list []searchScope
	for _, size := range b.corpus.viewersOf() {
		for _, s := range size.scopes {
			v, err := b.AddViewer(ctx, admin, Userid(len(list)+1), s)
			if err != nil {
				return nil, err
			}
			var employees []string
			if err := b.DB.SelectContext(ctx, &employees, sqlScopeOf, v.ID); err != nil {
				return nil, err
			}
			if len(employees) == 0 {
				return nil, fmt.Errorf("%s sees nobody", size.name)
			}
			list = append(list, searchScope{size.name, v.Scope(), b.oracle.sightOf(employees)})
		}
	}
	return list, nil
}
