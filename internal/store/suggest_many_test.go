package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"huicun/internal/access"
	"huicun/internal/search"
)

// Among many names, those of a viewer's own people come as when all names are
// looked at one by one: in the order of their keys, those that begin so first.
func TestSuggestionsAmongManyNames(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	mei := s.create(t, access.AccountInput{UserID: "Mei", Role: access.RoleViewer, Employees: []string{"mei"}}).Viewer
	customer := func(n int) string { return fmt.Sprintf("wmMany%026d", n) }
	type key struct {
		text          string
		inside, noted bool // noted by somebody else
		owner         int
	}
	var keys []key
	add := func(n int, k key) {
		s.exec(t, `INSERT INTO name_keys (kind, inside, key, form, source, owner, noted_by, name) VALUES (2, $1, $2, 0, CASE WHEN $3 THEN 2 ELSE 0 END, $4, CASE WHEN $3 THEN 'svc' ELSE '' END, 'n')`,
			k.inside, k.text, k.noted, customer(n))
		keys = append(keys, k)
	}
	const customers = 420
	own := func(n int) bool { return n%20 == 0 }
	for n := range customers {
		s.exec(t, `INSERT INTO customers (person, external_userid, name) VALUES ($1, $1, '')`, customer(n))
		s.exec(t, `INSERT INTO follows (employee, customer) VALUES ($1, $2)`, map[bool]string{true: "mei", false: "svc"}[own(n)], customer(n))
		add(n, key{text: fmt.Sprintf("za%04d", (n*37)%1000), inside: n%3 > 0, owner: n})               // few begin so: 7
		add(n, key{text: fmt.Sprintf("ya%04d", (n*37)%1000), owner: n})                                // 21
		add(n, key{text: fmt.Sprintf("xb%04d", (n*37)%1000), owner: n})                                // behind
		add(n, key{text: fmt.Sprintf("xa%04d", (n*53)%1000), owner: n, noted: true})                   // what others noted
		add(n, key{text: fmt.Sprintf("xa%04d", (n*59)%1000), owner: n, noted: true})                   // and more of it than is looked at
		add(n, key{text: fmt.Sprintf("xa%04d", (n*61)%1000), owner: n, noted: true, inside: true})     // within the name
		add(n, key{text: fmt.Sprintf("xa%04d", (n*67)%1000), owner: n, noted: true, inside: n%2 == 0}) // either
	}
	for _, typed := range []string{"z", "y", "x", "xa", "xb", "za00", "q"} {
		for _, limit := range []int{1, 10, 30} {
			var want []string
			for _, inside := range []bool{false, true} {
				hits := slices.DeleteFunc(slices.Clone(keys), func(k key) bool {
					return k.inside != inside || k.noted || !own(k.owner) || len(k.text) < len(typed) || k.text[:len(typed)] != typed
				})
				slices.SortFunc(hits, func(a, b key) int { return strings.Compare(a.text+customer(a.owner), b.text+customer(b.owner)) })
				for _, k := range hits {
					if o := customer(k.owner); !slices.Contains(want, o) {
						want = append(want, o)
					}
				}
			}
			want = want[:min(limit, len(want))]
			found, err := s.FindNames(t.Context(), mei.Scope(), typed, limit)
			if err != nil {
				t.Fatal(err)
			}
			got := ownersOf(found)
			if diff := cmp.Diff(want, got[:min(limit, len(got))]); diff != "" {
				t.Errorf("%d of %q (-want +got):\n%s", limit, typed, diff)
			}
		}
	}
}

// ownersOf gives each owner once.
func ownersOf(found []search.Match) (owners []string) {
	for _, m := range found {
		if !slices.Contains(owners, m.Owner) {
			owners = append(owners, m.Owner)
		}
	}
	return owners
}
